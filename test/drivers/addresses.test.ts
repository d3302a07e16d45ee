/** Both addresses of a socket, of IPv4 and IPv6; and the options of a TCP stream. */
import { afterEach, expect, test } from "vitest";
import { describeOn, needing } from "../setup/describe.ts";
import { closeScenes, openProgram, openStream } from "../setup/driver-program.ts";
import { worlds } from "../setup/world.ts";

afterEach(closeScenes);

describeOn(worlds, "point 14", (world) => {
  needing(world, "connect").each([
    ["127.0.0.1", "127.0.0.1"],
    ["::1", "[::1]"],
  ])("on %s each end knows both", async (host, shown) => {
    const program = await openProgram(world);
    const listener = (await program.call("listen", host, 0)) as number;
    const port = await program.portOf(listener);
    const accepting = program.call("accept", listener);
    const near = (await program.call("connect", host, port)) as number;
    const far = (await accepting) as number;
    const own = (await program.call("localAddress", near)) as string;
    expect(own).toMatch(/:\d+$/);
    expect(own.startsWith(`${shown}:`)).toBe(true);
    expect(await program.call("remoteAddress", near)).toBe(`${shown}:${port}`);
    expect(await program.call("remoteAddress", far)).toBe(own);
    expect(await program.call("localAddress", far)).toBe(`${shown}:${port}`);
    expect(await program.call("listenerAddress", listener)).toBe(`${shown}:${port}`);
    await program.call("closeStream", near);
    await program.call("closeListener", listener);
    expect(await program.call("localAddress", near)).toBe("");
    expect(await program.call("listenerAddress", listener)).toBe("");
  });

  needing(world, "connect")("a listener on all addresses is reached by both families", async () => {
    const program = await openProgram(world);
    const listener = (await program.call("listen", "::", 0)) as number;
    const port = await program.portOf(listener);
    expect(await program.call("listenerAddress", listener)).toBe(`[::]:${port}`);
    for (const host of ["127.0.0.1", "::1"]) {
      const accepting = program.call("accept", listener);
      const near = (await program.call("connect", host, port)) as number;
      await program.call("write", near, host);
      expect(await program.call("read", (await accepting) as number, 100)).toBe(host);
    }
  });

  needing(world, "option")("a stream has options, until it is closed", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    await program.call("setNoDelay", stream, 0);
    await program.call("setNoDelay", stream, 1);
    await program.call("setKeepAlive", stream, 1, 30);
    await program.call("setKeepAlive", stream, 0, 30);
    for (const seconds of [0, -1, 32_768]) {
      await expect(program.call("setKeepAlive", stream, 1, seconds)).rejects.toMatchObject({ code: "EINVAL" });
    }
    expect(await program.call("attempt", "setKeepAlive", stream, "32767")).toBe("true ");
    await program.call("write", stream, "as before");
    expect((await peer.read(9)).toString()).toBe("as before");
    await program.call("closeStream", stream);
    await expect(program.call("setNoDelay", stream, 1)).rejects.toMatchObject({
      code: "E_CLOSED",
      message: "cannot set an option of this stream: it is closed",
    });
    expect(await program.call("attempt", "setKeepAlive", stream, "30")).toBe("false E_CLOSED");
  });

  test("a driver that has no options says so", async () => {
    const program = await openProgram(world);
    const { stream } = await openStream(program);
    const result = world.lacks.has("option") ? "false ENOTSUP" : "true ";
    expect(await program.call("attempt", "setNoDelay", stream, "")).toBe(result);
    expect(await program.call("attempt", "setKeepAlive", stream, "30")).toBe(result);
  });
});

/** Listening and accepting: ports, and who gets which connection. */
import { afterEach, expect, test } from "vitest";
import { describeOn, needing } from "../setup/describe.ts";
import { closeScenes, openProgram, untilWaiting } from "../setup/driver-program.ts";
import { worlds } from "../setup/world.ts";

afterEach(closeScenes);

describeOn(worlds, "points 8, 9 and 10", (world) => {
  needing(world, "port")("port 0 is one that is free, and known afterwards", async () => {
    const program = await openProgram(world);
    const first = await program.listen();
    const second = await program.listen();
    expect(first.port).toBeGreaterThan(0);
    expect(second.port).toBeGreaterThan(0);
    expect(second.port).not.toBe(first.port);
  });

  needing(world, "port")("a port that is in use, by itself or by others: EADDRINUSE", async () => {
    const program = await openProgram(world);
    const { port } = await program.listen();
    const outside = await program.scene.listen();
    for (const taken of [port, outside.port]) {
      await expect(program.call("listen", "127.0.0.1", taken)).rejects.toMatchObject({
        code: "EADDRINUSE",
        message: `cannot listen on 127.0.0.1:${taken}: the address is in use already`,
      });
      expect(await program.call("attempt", "listen", taken, "127.0.0.1")).toBe("true EADDRINUSE");
    }
  });

  needing(world, "port")("a port that was closed is free again", async () => {
    const program = await openProgram(world);
    const { listener, port } = await program.listen();
    await program.call("closeListener", listener);
    const again = (await program.call("listen", "127.0.0.1", port)) as number;
    expect(await program.call("portOf", again)).toBe(port);
  });

  needing(world, "port").each([-1, 65_536, 2 ** 31 - 1])("port %d: EINVAL", async (port) => {
    const program = await openProgram(world);
    await expect(program.call("listen", "127.0.0.1", port)).rejects.toMatchObject({ code: "EINVAL" });
  });

  needing(world, "port")("an address that this machine does not have: EADDRNOTAVAIL", async () => {
    const program = await openProgram(world);
    await expect(program.call("listen", "203.0.113.1", 0)).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });

  test("several acceptors: first come, first served", async () => {
    const program = await openProgram(world);
    const { listener, port } = await program.listen();
    for (let i = 0; i < 5; i++) await program.begin("greet", listener, `number ${i}`);
    await untilWaiting(program, "accept", 5);
    for (let i = 0; i < 5; i++) {
      const peer = await program.scene.connect(port);
      expect((await peer.read(8)).toString()).toBe(`number ${i}`);
    }
  });

  test("connections wait for who accepts later, in their order", async () => {
    const program = await openProgram(world);
    const { listener, port } = await program.listen();
    const peers = [];
    for (let i = 0; i < 5; i++) peers.push(await program.scene.connect(port));
    await peers[0]?.write("early words");
    for (let i = 0; i < 5; i++) await program.end(await program.begin("greet", listener, `number ${i}`));
    for (const [i, peer] of peers.entries()) expect((await peer.read(8)).toString()).toBe(`number ${i}`);
    expect(await program.call("read", 0, 100)).toBe("early words");
  });

  test("closing: who accepts is told, who connects is refused, what was accepted stays", async () => {
    const program = await openProgram(world);
    const { listener, port } = await program.listen();
    const accepting = program.call("accept", listener);
    const peer = await program.scene.connect(port);
    const stream = (await accepting) as number;
    const jobs = [await program.begin("accept", listener), await program.begin("accept", listener)];
    await untilWaiting(program, "accept", 2);
    await program.call("closeListener", listener);
    for (const job of jobs) expect(await program.end(job)).toBe("E_CLOSED");
    await expect(program.scene.connect(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(program.call("accept", listener)).rejects.toMatchObject({ code: "E_CLOSED" });
    expect(await program.call("attempt", "accept", listener, "")).toBe("true E_CLOSED");
    await program.call("write", stream, "stays");
    expect((await peer.read(5)).toString()).toBe("stays");
  });

  test("closing drops the connections that nobody has accepted", async () => {
    const program = await openProgram(world);
    const { listener, port } = await program.listen();
    const peer = await program.scene.connect(port);
    await program.call("measure", 5);
    await program.call("closeListener", listener);
    const ended = await peer.read(1).then(
      ({ length }) => (length ? "data" : "end"),
      ({ code }: { code: string }) => code,
    );
    expect(ended).toMatch(/^(end|ECONNRESET)$/);
  });
});

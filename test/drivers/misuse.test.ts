/** What a program must not do with streams: told by a code, on the fiber that did it. */
import { afterEach, expect, test } from "vitest";
import { describeOn } from "../setup/describe.ts";
import { closeScenes, openProgram, openStream, stalled, untilWaiting, waiting } from "../setup/driver-program.ts";
import { patternBytes } from "../setup/pattern.ts";
import { worlds } from "../setup/world.ts";

afterEach(closeScenes);

describeOn(worlds, "point 8", (world) => {
  test("a second read: E_BUSY, and the first goes on", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const first = await program.begin("read", stream);
    await untilWaiting(program, "read", 1);
    await expect(program.call("read", stream, 10)).rejects.toMatchObject({
      code: "E_BUSY",
      message: expect.stringContaining("another fiber is doing that already; one at a time") as string,
    });
    expect(await program.call("attempt", "read", stream, "")).toBe("-1 E_BUSY");
    await peer.write("for the first");
    expect(await program.end(first)).toBe("for the first");
    await peer.write("next");
    expect(await program.call("read", stream, 10)).toBe("next");
  });

  test("a second write: E_BUSY, and the first goes on", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    await program.begin("sendForever", stream);
    await stalled(program);
    await expect(program.call("write", stream, "between")).rejects.toMatchObject({ code: "E_BUSY" });
    expect(await program.call("attempt", "write", stream, "between")).toBe("false E_BUSY");
    const wanted = 8 << 20;
    expect((await peer.read(wanted)).equals(patternBytes(0, wanted))).toBe(true);
  });

  test("one fiber may read while another writes", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    await program.begin("sendForever", stream);
    await stalled(program);
    const reading = program.call("read", stream, 10);
    await peer.write("crossing");
    expect(await reading).toBe("crossing");
    expect(await waiting(program, "write")).toBe(1);
  });

  test("an empty buffer: E_EMPTY_BUFFER, and the stream is as before", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    await peer.write("abc");
    await expect(program.call("read", stream, 0)).rejects.toMatchObject({
      code: "E_EMPTY_BUFFER",
      message: "cannot read into an empty array: give it room for at least one byte",
    });
    expect(await program.call("read", stream, 3)).toBe("abc");
  });

  test("an empty write is no error, and sends nothing", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    await program.call("write", stream, "");
    await program.call("write", stream, "x");
    await program.call("shutdown", stream);
    expect((await peer.read(10)).toString()).toBe("x");
  });
});

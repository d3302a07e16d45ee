/** `timeout` of a stream: how long one read or write waits, and what is left when it gives up. */
import { afterEach, expect, test } from "vitest";
import { describeOn, needing } from "../setup/describe.ts";
import { closeScenes, openProgram, openStream, stalled, waiting } from "../setup/driver-program.ts";
import { patternBytes } from "../setup/pattern.ts";
import { worlds } from "../setup/world.ts";

afterEach(closeScenes);

describeOn(worlds, "points 3 and 5", (world) => {
  test("of a read: ETIMEDOUT, not early, and nothing is lost", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    await program.call("limit", stream, 5);
    const begin = (await program.call("nowNs")) as number;
    await expect(program.call("read", stream, 10)).rejects.toMatchObject({
      code: "ETIMEDOUT",
      message: expect.stringMatching(`^cannot read from ${world.streamName}: timed out$`) as string,
    });
    const nanoseconds = ((await program.call("nowNs")) as number) - begin;
    expect(nanoseconds).toBeGreaterThanOrEqual(5e6);
    if (world.isSimulated) expect(nanoseconds).toBe(5e6);
    expect(await program.call("attempt", "read", stream, "")).toBe("-1 ETIMEDOUT");
    await program.call("limit", stream, Infinity);
    const reading = program.call("read", stream, 10);
    await peer.write("after all");
    expect(await reading).toBe("after all");
  });

  test.each([0, -5, -Infinity])("of %d: what is there is read, what is not is not waited for", async (milliseconds) => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const reading = program.call("read", stream, 1);
    await peer.write("ab");
    expect(await reading).toBe("a");
    await program.call("limit", stream, milliseconds);
    expect(await program.call("read", stream, 10)).toBe("b");
    await expect(program.call("read", stream, 10)).rejects.toMatchObject({ code: "ETIMEDOUT" });
  });

  test("a read that gets its bytes in time leaves no timer behind", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    await program.call("limit", stream, 60_000);
    const begin = (await program.call("nowNs")) as number;
    for (let i = 0; i < 5; i++) {
      const reading = program.call("read", stream, 10);
      await peer.write(`${i}`);
      expect(await reading).toBe(`${i}`);
    }
    await program.call("measure", 1);
    expect(((await program.call("nowNs")) as number) - begin).toBeLessThan(60e9);
  });

  test("of a write to a peer that does not read: ETIMEDOUT, then closed for writing, and it can still be read", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    await program.call("limit", stream, 50);
    expect(await program.end(await program.begin("sendForever", stream))).toBe("ETIMEDOUT");
    await expect(program.call("write", stream, "more")).rejects.toMatchObject({
      code: "EPIPE",
      message: expect.stringMatching(/^cannot write to .*: it is closed for writing: /) as string,
    });
    const written = (await program.call("writtenBytes")) as number;
    expect((await peer.read(written)).equals(patternBytes(0, written))).toBe(true);
    await peer.write("hello");
    expect(await program.call("read", stream, 10)).toBe("hello");
  });

  test("of an accept: ETIMEDOUT, not early, and the next connection is accepted", async () => {
    const program = await openProgram(world);
    const { listener, port } = await program.listen();
    await program.call("limitAccept", listener, 5);
    const begin = (await program.call("nowNs")) as number;
    await expect(program.call("accept", listener)).rejects.toMatchObject({
      code: "ETIMEDOUT",
      message: expect.stringMatching(/^cannot accept on port \d+: timed out$/) as string,
    });
    const nanoseconds = ((await program.call("nowNs")) as number) - begin;
    expect(nanoseconds).toBeGreaterThanOrEqual(5e6);
    if (world.isSimulated) expect(nanoseconds).toBe(5e6);
    expect(await program.call("attempt", "accept", listener, "")).toBe("true ETIMEDOUT");
    await program.call("limitAccept", listener, Infinity);
    const job = await program.begin("greet", listener, "after all");
    const peer = await program.scene.connect(port);
    expect((await peer.read(9)).toString()).toBe("after all");
    await program.end(job);
  });

  needing(world, "connect")("of connect and lookup: what comes in time is not affected", async () => {
    const program = await openProgram(world);
    const outside = await program.scene.listen();
    const stream = (await program.call("connectWithin", "127.0.0.1", outside.port, 60_000)) as number;
    expect(await program.call("remoteAddress", stream)).toBe(`127.0.0.1:${outside.port}`);
    expect(await program.call("lookupWithin", "localhost", 60_000)).toContain("127.0.0.1");
  });

  test("of one stream does not concern another", async () => {
    const program = await openProgram(world);
    const hasty = await openStream(program);
    const patient = await openStream(program);
    await program.call("limit", hasty.stream, 2);
    const job = await program.begin("read", patient.stream);
    await expect(program.call("read", hasty.stream, 10)).rejects.toMatchObject({ code: "ETIMEDOUT" });
    expect(await waiting(program, "read")).toBe(1);
    await patient.peer.write("in time");
    expect(await program.end(job)).toBe("in time");
  });

  test("a slow peer that reads now and then keeps the writer going", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    await program.call("limit", stream, 60_000);
    await program.begin("sendForever", stream);
    for (let i = 0, from = 0; i < 3; i++) {
      await stalled(program);
      const received = await peer.read(1 << 20);
      expect(received.equals(patternBytes(from, received.length))).toBe(true);
      from += received.length;
    }
    expect(await waiting(program, "write")).toBeLessThanOrEqual(1);
  });
});

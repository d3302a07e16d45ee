/** The end of a stream: what came first is read first, and each direction ends by itself. */
import { afterEach, expect, test } from "vitest";
import { describeOn, needing } from "../setup/describe.ts";
import { closeScenes, openProgram, openStream, stalled } from "../setup/driver-program.ts";
import { patternBytes } from "../setup/pattern.ts";
import { everyWorld } from "../setup/world.ts";

/** More than is ever sent. */
const i32Max = 2 ** 31 - 1;

afterEach(closeScenes);

describeOn(everyWorld, "points 6 and 9", (world) => {
  test("data first, then the end, again and again", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    await peer.write("last words");
    peer.end();
    expect(await program.call("read", stream, 4)).toBe("last");
    expect(await program.call("read", stream, 100)).toBe(" words");
    for (let i = 0; i < 3; i++) expect(await program.call("read", stream, 100)).toBe("");
  });

  test("an end without data", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const reading = program.call("read", stream, 100);
    peer.end();
    expect(await reading).toBe("");
  });

  test("after the peer's end the program can still write", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    peer.end();
    expect(await program.call("read", stream, 100)).toBe("");
    await program.call("write", stream, "so long");
    await program.call("shutdown", stream);
    expect((await peer.read(100)).toString()).toBe("so long");
  });

  test("after its own end the program can still read, and not write", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    await program.call("write", stream, "that is all");
    await program.call("shutdown", stream);
    expect((await peer.read(100)).toString()).toBe("that is all");
    expect((await peer.read(1)).length).toBe(0);
    await expect(program.call("write", stream, "more")).rejects.toMatchObject({ code: "EPIPE" });
    await peer.write("thanks");
    expect(await program.call("read", stream, 100)).toBe("thanks");
    peer.end();
    expect(await program.call("read", stream, 100)).toBe("");
  });

  test("what was written before close still goes out, however late it is read", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const job = await program.begin("sendForever", stream);
    await stalled(program);
    const written = (await program.call("writtenBytes")) as number;
    expect(written).toBeGreaterThan(0);
    await program.call("closeStream", stream);
    expect(await program.end(job)).toBe("E_CLOSED");
    const received = await peer.read(i32Max);
    expect(received.length).toBeGreaterThanOrEqual(written);
    expect(received.equals(patternBytes(0, received.length))).toBe(true);
  });

  needing(world, "address")("the address of the peer, while the stream is open", async () => {
    const program = await openProgram(world);
    const { stream } = await openStream(program);
    expect(await program.call("remoteAddress", stream)).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    await program.call("closeStream", stream);
    expect(await program.call("remoteAddress", stream)).toBe("");
  });
});

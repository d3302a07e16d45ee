/** The guest's memory while operations are under way: it grows, is collected and used again, and nothing is written where it must not. */
import { afterEach, expect, test } from "vitest";
import { Opcode } from "../../host/abi.ts";
import { describeOn, needing } from "../setup/describe.ts";
import { closeBenches, openBench, openConnection } from "../setup/driver-bench.ts";
import { closeScenes, openProgram, openStream, stalled, untilWaiting } from "../setup/driver-program.ts";
import { patternBytes } from "../setup/pattern.ts";
import { worlds } from "../setup/world.ts";

afterEach(async () => {
  await closeScenes();
  await closeBenches();
});

describeOn(worlds, "points 1 and 2", (world) => {
  test("it grows during a read: the bytes arrive where they belong", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const job = await program.begin("read", stream);
    await untilWaiting(program, "read", 1);
    const before = (await program.call("memoryPages")) as number;
    expect(await program.call("growMemory", 4 << 20)).toBeGreaterThan(0);
    expect((await program.call("memoryPages")) as number).toBeGreaterThan(before);
    await peer.write("in the right place");
    expect(await program.end(job)).toBe("in the right place");
    expect(await program.call("changedBytes")).toBe(0);
  });

  test("it grows during a write: the peer reads what was written", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const job = await program.begin("sendForever", stream);
    await stalled(program);
    expect(await program.call("growMemory", 8 << 20)).toBeGreaterThan(0);
    expect((await peer.read(8 << 20)).equals(patternBytes(0, 8 << 20))).toBe(true);
    await program.call("cancel", job);
  });

  test("a collection while a read owns its array, which nothing else holds", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const reading = program.call("readAndDrop", stream, 1000);
    await untilWaiting(program, "read", 1);
    await program.collect();
    // Were the array collected, these would lie in its place.
    await program.call("fillHeap", 2000, 1000);
    await program.collect();
    await peer.write(new Uint8Array(1000).fill(0x21));
    const count = (await reading) as number;
    expect(count).toBeGreaterThan(0);
    expect(await program.call("changedBytes")).toBe(0);
  });

  test("the array of a cancelled read may be used again: what comes later is not written to it", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    for (let i = 0; i < 10; i++) {
      const job = await program.begin("read", stream);
      await untilWaiting(program, "read", 1);
      await program.call("cancel", job);
      expect(await program.end(job)).toBe("E_CANCELLED");
    }
    await program.collect();
    await program.call("fillHeap", 2000, 100);
    await peer.write("!".repeat(100));
    let received = "";
    while (received.length < 100) received += (await program.call("read", stream, 100)) as string;
    expect(received).toBe("!".repeat(100));
    expect(await program.call("changedBytes")).toBe(0);
  });

  test("the array of a cancelled write is used again at once: the peer sees no foreign byte", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const length = 16 << 20;
    const job = await program.begin("writeAndReuse", stream, `${length}`);
    await untilWaiting(program, "write", 1);
    await program.call("cancelAndReuse", job);
    expect(await program.end(job)).toBe("E_CANCELLED");
    await program.call("closeStream", stream);
    const pattern = patternBytes(0, length);
    let received = 0;
    try {
      for (let chunk; (chunk = await peer.read(10_000)).length; received += chunk.length)
        expect(chunk.equals(pattern.subarray(received, received + chunk.length))).toBe(true);
    } catch (error) {
      expect(error).toMatchObject({ code: "ECONNRESET" });
    }
    expect(received).toBeLessThanOrEqual(length);
  });

  test("the bytes of a write may be used again as soon as it was submitted", async () => {
    const { bench, scene } = await openBench(world);
    const { handle, peer } = await openConnection(bench, scene);
    const length = 1 << 20;
    const bytes = Uint8Array.from(patternBytes(0, length));
    const writing = await bench.inTurn(() => {
      const attempt = bench.submit({ opcode: Opcode.WRITE, handle, bytes });
      bench.overwrite(attempt);
      return attempt;
    });
    expect((await peer.read(length)).equals(patternBytes(0, length))).toBe(true);
    expect(await bench.taken(writing)).toBe(length);
  });

  needing(world, "driver")("the bytes of a read are written when it is taken, not when they come", async () => {
    const { bench, scene } = await openBench(world);
    const { handle, peer } = await openConnection(bench, scene);
    const reading = await bench.begin({ opcode: Opcode.READ, handle, bytes: new Uint8Array(5) });
    await peer.write("bytes");
    await bench.completed(reading);
    expect(reading.bytes).toEqual(new Uint8Array(5));
    expect(await bench.taken(reading)).toBe(5);
    expect(reading.text).toBe("bytes");
  });
});

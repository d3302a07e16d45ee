/** Reading into no bytes: it ends when a read would not wait, tells how many bytes are there, and takes none. */
import { afterEach, expect, test } from "vitest";
import { Opcode } from "../../host/abi.ts";
import { Errno } from "../../host/errno.ts";
import { describeOn } from "../setup/describe.ts";
import { closeBenches, openBench, openConnection } from "../setup/driver-bench.ts";
import { everyWorld } from "../setup/world.ts";

const { READ } = Opcode;

const ask = (handle: number) => ({ opcode: READ, handle, bytes: new Uint8Array(0) });
const read = (handle: number, room: number) => ({ opcode: READ, handle, bytes: new Uint8Array(room) });

afterEach(closeBenches);

describeOn(everyWorld, "points 3, 6 and 8", (world) => {
  test("it waits for the first bytes, and tells their number as often as it is asked", async () => {
    const { bench, scene } = await openBench(world);
    const { handle, peer } = await openConnection(bench, scene);
    const asking = await bench.begin(ask(handle));
    expect(asking.result).toBeUndefined();
    await peer.write("hello");
    expect(await bench.taken(asking)).toBe(5);
    expect(await bench.run(ask(handle))).toBe(5);
    const reading = await bench.begin(read(handle, 2));
    expect(await bench.taken(reading)).toBe(2);
    expect(reading.text).toBe("he");
    expect(await bench.run(ask(handle))).toBe(3);
    expect(await bench.run(read(handle, 10))).toBe(3);
    expect((await bench.begin(ask(handle))).result).toBeUndefined();
  });

  test.each([
    ["end", 0],
    ["reset", -Errno.ECONNRESET],
  ] as const)("it tells of the %s, again and again", async (how, expected) => {
    const { bench, scene } = await openBench(world);
    const { handle, peer } = await openConnection(bench, scene);
    const asking = await bench.begin(ask(handle));
    peer[how]();
    expect(await bench.taken(asking)).toBe(expected);
    expect(await bench.run(ask(handle))).toBe(expected);
    expect(await bench.run(read(handle, 10))).toBe(expected);
  });

  test("it is a read: one at a time, and it can be cancelled", async () => {
    const { bench, scene } = await openBench(world);
    const { handle, peer } = await openConnection(bench, scene);
    const asking = await bench.begin(ask(handle));
    expect((await bench.begin(read(handle, 10))).result).toBe(-Errno.EBUSY);
    await bench.inTurn(() => bench.cancel(asking));
    const reading = await bench.begin(read(handle, 10));
    expect((await bench.begin(ask(handle))).result).toBe(-Errno.EBUSY);
    await peer.write("hello");
    expect(await bench.taken(reading)).toBe(5);
  });

  test("of the standard input: bytes, then the end", async () => {
    const { bench } = await openBench(world, { stdin: "abc" });
    expect(await bench.run(ask(0))).toBe(3);
    const reading = await bench.begin(read(0, 10));
    expect(await bench.taken(reading)).toBe(3);
    expect(reading.text).toBe("abc");
    for (let i = 0; i < 2; i++) expect(await bench.run(ask(0))).toBe(0);
    for (let i = 0; i < 2; i++) expect(await bench.run(read(0, 10))).toBe(0);
  });

  test("of the standard input that nobody types into", async () => {
    const { bench } = await openBench(world);
    const asking = await bench.begin(ask(0));
    expect((await bench.begin(read(0, 10))).result).toBe(-Errno.EBUSY);
    await bench.inTurn(() => bench.cancel(asking));
    expect((await bench.begin(read(0, 10))).result).toBeUndefined();
  });
});

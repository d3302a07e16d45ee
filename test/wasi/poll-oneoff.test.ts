/** The semantics of poll_oneoff: case by case in a simulated world, and by random calls against models. */
import { describe, expect, test } from "vitest";
import { ERRNO_BADF, ERRNO_FAULT, ERRNO_INVAL, ERRNO_NOTSUP } from "../../host/wasi/errno.ts";
import type { Event } from "../../host/wasi/layout.ts";
import { isHere } from "../setup/real-drivers.ts";
import * as images from "../workloads/wasi-images.ts";
import { listsInSimulatedWorld } from "../workloads/wasi-lists.ts";
import { runInSuite } from "../workloads/workload.ts";
import { LARGEST, REALTIME_OFFSET, World } from "./poll-oneoff-world.ts";

const event = (userdata: bigint, type: number, rest: Partial<Event> = {}): Event => ({
  userdata,
  type,
  errno: 0,
  nbytes: 0,
  flags: 0,
  ...rest,
});

describe("clocks", () => {
  test("only the nearest is due, and equal ones together", () => {
    const world = new World();
    const answer = world.poll([
      { userdata: 1n, timeoutNs: 500n },
      { userdata: 2n, timeoutNs: 400n },
      { userdata: 3n, timeoutNs: 400n, id: 0 },
      { userdata: 4n, timeoutNs: world.nowNs + 400n, flags: 1 },
    ]);
    expect(answer).toEqual([event(2n, 0), event(3n, 0), event(4n, 0)]);
    expect(world.nowNs).toBe(1_400n);
  });

  test("a wait that ends too early is repeated for the rest", () => {
    const world = new World();
    world.interrupted = new Set([1]);
    world.whenWaiting = () => (world.nowNs += world.waits.length === 1 ? 30n : 0n);
    expect(world.poll([{ userdata: 1n, timeoutNs: 100n }])).toEqual([event(1n, 0)]);
    expect(world.waits).toEqual([100, 70]);
    expect(world.nowNs).toBe(1_100n);
  });

  test("a past time is due without any wait", () => {
    const world = new World();
    expect(world.poll([{ userdata: 1n, timeoutNs: 5n, flags: 1 }])).toEqual([event(1n, 0)]);
    expect(world.poll([{ userdata: 2n, timeoutNs: 5n, flags: 1, id: 0 }])).toEqual([event(2n, 0)]);
    expect(world.waits).toEqual([]);
  });

  test("an absolute time on the wall clock follows it when it is set; a relative one does not", () => {
    const world = new World();
    world.whenWaiting = () => (world.offset = REALTIME_OFFSET + 3_600_000_000_000n);
    const inAnHour = world.nowNs + REALTIME_OFFSET + 3_600_000_000_000n;
    expect(world.poll([{ userdata: 1n, timeoutNs: inAnHour, flags: 1, id: 0 }])).toEqual([event(1n, 0)]);
    expect(world.nowNs).toBe(1_000_001_000n); // it was looked at once a second
    world.whenWaiting = () => (world.offset += 3_600_000_000_000n);
    expect(world.poll([{ userdata: 2n, timeoutNs: 2_000_000_000n, id: 0 }])).toEqual([event(2n, 0)]);
    expect(world.nowNs).toBe(3_000_001_000n);
  });

  test("the largest timeout waits on", () => {
    const world = new World();
    world.add(0, 5_000_000n);
    const answer = world.poll([
      { userdata: 1n, timeoutNs: LARGEST },
      { userdata: 2n, timeoutNs: LARGEST, flags: 1 },
      { userdata: 3n, tag: 1, id: 0 },
    ]);
    expect(answer).toEqual([event(3n, 1)]);
    expect(world.nowNs).toBe(5_000_000n);
  });

  test("CPU time cannot be waited for, which is that subscription's event", () => {
    const world = new World();
    const cpu = [2, 3].map((id) => ({ userdata: BigInt(id), id, timeoutNs: 10n }));
    const errno = ERRNO_NOTSUP;
    expect(world.poll([...cpu, { timeoutNs: 10n }])).toEqual([event(2n, 0, { errno }), event(3n, 0, { errno })]);
  });
});

describe("descriptors", () => {
  test("what is ready comes before a clock that is not due, in the order of the subscriptions", () => {
    const world = new World();
    world.add(5, 200n + world.nowNs, { nbytes: 7, isHungUp: true });
    const answer = world.poll([
      { userdata: 1n, timeoutNs: 300n },
      { userdata: 2n, tag: 2, id: 5 },
      { userdata: 3n, tag: 1, id: 5 },
    ]);
    expect(answer).toEqual([event(2n, 2, { nbytes: 7, flags: 1 }), event(3n, 1, { nbytes: 7, flags: 1 })]);
  });

  test("are looked at even when a clock is due at once", () => {
    const world = new World();
    world.add(5, 0n, { nbytes: 2 ** 33 });
    world.add(6, LARGEST);
    const answer = world.poll([{ userdata: 1n }, { userdata: 2n, tag: 1, id: 5 }, { userdata: 3n, tag: 1, id: 6 }]);
    expect(answer).toEqual([event(1n, 0), event(2n, 1, { nbytes: 2 ** 33 })]);
    expect(world.waits).toEqual([0]);
  });

  test("that are not open, or fail, are events with an errno", () => {
    const world = new World();
    world.add(5, 0n, { errno: ERRNO_BADF, nbytes: 9, isHungUp: true });
    const answer = world.poll([
      { userdata: LARGEST, tag: 1, id: 2 ** 32 - 1 },
      { userdata: 2n, tag: 2, id: 99 },
      { userdata: 3n, tag: 1, id: 5 },
      { userdata: 4n, timeoutNs: 9n },
    ]);
    const errno = ERRNO_BADF;
    expect(answer).toEqual([event(LARGEST, 1, { errno }), event(2n, 2, { errno }), event(3n, 1, { errno })]);
  });
});

describe("memory", () => {
  test("events may lie where the subscriptions do", () => {
    const world = new World();
    const answer = world.poll([{ userdata: 1n }, { userdata: 2n }, { userdata: 3n }], 0);
    expect(answer).toEqual([event(1n, 0), event(2n, 0), event(3n, 0)]);
  });

  test("that has grown is used as it is now", () => {
    const world = new World();
    world.wasm.grow(1);
    world.put([{ userdata: 1n }], 70_000);
    expect(world.call(70_000, 80_000, 1, 131_068)).toEqual([event(1n, 0)]);
  });

  test.each([
    ["no memory at all", 65_536, 0, 1, 0],
    ["subscriptions that end behind it", 65_536 - 47, 0, 1, 0],
    ["events that end behind it", 0, 65_536 - 31, 1, 0],
    ["a count that ends behind it", 0, 0, 1, 65_533],
    ["the last address", 2 ** 32 - 1, 2 ** 32 - 1, 1, 2 ** 32 - 1],
    ["more subscriptions than there is memory", 0, 0, 2 ** 32 - 1, 0],
  ])("%s is EFAULT, and nothing is written", (_, ...call: [number, number, number, number]) => {
    const world = new World();
    expect(world.call(...call)).toBe(ERRNO_FAULT);
    expect(new Uint8Array(world.wasm.buffer).every((byte) => byte === 0)).toBe(true);
  });

  test("a list that is wrong writes nothing, and waits for nothing", () => {
    const world = new World();
    for (const wrong of [{ tag: 3 }, { tag: 255 }, { id: 4 }, { id: 2 ** 32 - 1 }, { flags: 2 }]) {
      expect(world.poll([{ timeoutNs: 10n }, wrong])).toBe(ERRNO_INVAL);
    }
    expect(world.poll([])).toBe(ERRNO_INVAL);
    expect(world.waits).toEqual([]);
    expect(new Uint8Array(world.wasm.buffer, 16_384).every((byte) => byte === 0)).toBe(true);
  });
});

describe("random", () => {
  test(listsInSimulatedWorld.name, () => runInSuite(listsInSimulatedWorld));

  test.skipIf(!isHere("poll")).each(Object.values(images))("by random lists, on poll: $name", (workload) =>
    runInSuite(workload),
  );
});

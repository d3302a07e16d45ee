/** The semantics of poll_oneoff by themselves: clocks and descriptors are simulated, so every order and every failure can be had. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Descriptor } from "../../host/wasi/descriptors.ts";
import { ERRNO_BADF, ERRNO_FAULT, ERRNO_INVAL, ERRNO_NOTSUP, WasiError } from "../../host/wasi/errno.ts";
import { type Event, ProgramMemory } from "../../host/wasi/layout.ts";
import { pollOneoff } from "../../host/wasi/poll-oneoff.ts";
import type { Interest, Waiter } from "../../host/wasi/waiter.ts";

const REALTIME_OFFSET = 1_700_000_000_000_000_000n;
const LARGEST = 2n ** 64n - 1n;

/** A simulated world: time passes only while something is waited for. */
class World implements Waiter {
  nowNs = 1_000n;
  /** The wall clock minus the monotonic one. */
  offset = REALTIME_OFFSET;
  /** How long each wait was asked to be. */
  readonly waits: number[] = [];
  /** Descriptor → when it is ready, what it is then. */
  readonly schedule = new Map<Descriptor, { atNs: bigint; nbytes: number; isHungUp: boolean; errno: number }>();
  readonly open = new Map<number, Descriptor>();
  /** The waits by number that return at once, with nothing. */
  interrupted = new Set<number>();
  whenWaiting: () => void = () => {};

  readonly descriptors = this.open;
  readonly memory = new ProgramMemory();
  readonly wasm = new WebAssembly.Memory({ initial: 1 });
  readonly waiter = this;
  readonly clocks = {
    now: (clock: number) => (clock === 0 ? this.nowNs + this.offset : this.nowNs),
    resolution: () => 1n,
  };

  constructor() {
    this.memory.bind(this.wasm);
  }

  /** A descriptor that is ready at this time. */
  add(fd: number, atNs: bigint, rest: { nbytes?: number; isHungUp?: boolean; errno?: number } = {}): void {
    const descriptor: Descriptor = { systemFd: fd, flags: 0, probe: () => {}, close: () => {} };
    this.open.set(fd, descriptor);
    this.schedule.set(descriptor, { atNs, nbytes: 0, isHungUp: false, errno: 0, ...rest });
  }

  wait(interests: readonly Interest[], timeoutNs: number): void {
    this.waits.push(timeoutNs);
    this.whenWaiting();
    if (timeoutNs > 0 && this.interrupted.has(this.waits.length)) return;
    const times = interests.flatMap(({ descriptor }) => this.schedule.get(descriptor)?.atNs ?? []);
    if (timeoutNs !== Infinity) times.push(this.nowNs + BigInt(timeoutNs));
    const until = times.reduce((least, time) => (time < least ? time : least));
    if (until > this.nowNs) this.nowNs = until;
    for (const interest of interests) {
      const planned = this.schedule.get(interest.descriptor);
      if (!planned || planned.atNs > this.nowNs) continue;
      interest.isReady = true;
      interest.errno = planned.errno;
      interest.nbytes = planned.nbytes;
      interest.isHungUp = planned.isHungUp;
    }
  }

  put(subscriptions: Partial<Subscribed>[], pointer: number): void {
    subscriptions.forEach(({ userdata = 0n, tag = 0, id = 1, timeoutNs = 0n, flags = 0 }, i) => {
      const view = new DataView(this.wasm.buffer, pointer + i * 48, 48);
      view.setBigUint64(0, userdata, true);
      view.setUint8(8, tag);
      view.setUint32(16, id, true);
      view.setBigUint64(24, timeoutNs, true);
      view.setUint16(40, flags, true);
    });
  }

  /** @returns the errno, or the events */
  poll(subscriptions: Partial<Subscribed>[], events = 16_384): number | Event[] {
    this.put(subscriptions, 0);
    return this.call(0, events, subscriptions.length, 65_000);
  }

  call(pointer: number, events: number, count: number, countPointer: number): number | Event[] {
    try {
      pollOneoff(this, pointer, events, count, countPointer);
    } catch (error) {
      if (error instanceof WasiError) return error.errno;
      throw error;
    }
    const written = this.memory.readU32(countPointer);
    return Array.from({ length: written }, (_, i) => this.memory.readEvent(events + i * 32));
  }
}

interface Subscribed {
  userdata: bigint;
  tag: number;
  id: number;
  timeoutNs: bigint;
  flags: number;
}

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

/** When each subscription is done, in nanoseconds of the monotonic clock, or the errno of the whole call. */
function model(world: World, subscriptions: Subscribed[], addresses: number[]): number | (bigint | null)[] {
  const [pointer = 0, events = 0, countPointer = 0] = addresses;
  const size = world.wasm.buffer.byteLength;
  const count = subscriptions.length;
  if (count === 0) return ERRNO_INVAL;
  if (pointer + count * 48 > size || events + count * 32 > size || countPointer + 4 > size) return ERRNO_FAULT;
  if (subscriptions.some(({ tag, id, flags }) => tag > 2 || (tag === 0 && (id > 3 || flags > 1)))) return ERRNO_INVAL;
  return subscriptions.map(({ tag, id, timeoutNs, flags }) => {
    if (tag !== 0) {
      const descriptor = world.open.get(id);
      return descriptor ? (world.schedule.get(descriptor)?.atNs ?? null) : 0n;
    }
    if (id > 1) return 0n;
    if (!flags) return world.nowNs + timeoutNs;
    return id === 0 ? timeoutNs - world.offset : timeoutNs;
  });
}

const nanoseconds = fc.oneof(fc.bigInt(0n, 3_000n), fc.bigInt(0n, 5_000_000_000n), fc.constant(LARGEST));
const often = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: rare });

const subscriptions = fc.array(
  fc.record({
    userdata: fc.bigInt(0n, LARGEST),
    tag: often(fc.constantFrom(0, 1, 2), fc.integer({ min: 3, max: 255 })),
    id: often(fc.integer({ min: 0, max: 3 }), fc.nat()),
    timeoutNs: fc.oneof(
      nanoseconds,
      nanoseconds.map((value) => (value + REALTIME_OFFSET) % (LARGEST + 1n)),
    ),
    flags: often(fc.constantFrom(0, 1), fc.integer({ min: 2, max: 65_535 })),
  }),
  { maxLength: 8 },
);
const address = often(fc.constantFrom(0, 1024), fc.integer({ min: 65_000, max: 2 ** 32 - 1 }));
const schedule = fc.array(fc.oneof(fc.constant(0n), fc.bigInt(0n, 6_000n)), { minLength: 4, maxLength: 4 });
const interrupted = fc.uniqueArray(fc.integer({ min: 1, max: 3 }));

test("10,000 random calls answer as the model does", () => {
  fc.assert(
    fc.property(
      subscriptions,
      address,
      address.map((value) => value + 16_384),
      schedule,
      interrupted,
      (list, pointer, events, times, early) => {
        const world = new World();
        times.forEach((atNs, fd) => world.add(fd, atNs));
        world.interrupted = new Set(early);
        const countPointer = 65_000;
        if (pointer + list.length * 48 <= 65_536) world.put(list, pointer);
        // Who waits longer does so in pieces, of which there would be too many here.
        const expected = model(world, list, [pointer, events, countPointer]);
        if (typeof expected !== "number" && expected.every((time) => time === null || time > 2n ** 40n)) return;
        const startNs = world.nowNs;
        const answer = world.call(pointer, events, list.length, countPointer);
        if (typeof expected === "number") {
          expect(answer).toBe(expected);
          return;
        }
        const done = list.filter((_, i) => (expected[i] ?? LARGEST) <= world.nowNs);
        expect((answer as Event[]).map(({ userdata, type }) => [userdata, type])).toEqual(
          done.map(({ userdata, tag }) => [userdata, tag]),
        );
        // Not later than the first that is done: simulated time has no delay.
        const first = expected.map((time) => time ?? LARGEST).reduce((least, time) => (time < least ? time : least));
        expect(world.nowNs).toBe(first > startNs ? first : startNs);
      },
    ),
    { numRuns: 10_000 },
  );
});

/** poll_oneoff in a simulated world, whose time has no delay: random lists of subscriptions, of which a model says when each is done. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { ERRNO_FAULT, ERRNO_INVAL } from "../../host/wasi/errno.ts";
import type { Event } from "../../host/wasi/layout.ts";
import { LARGEST, REALTIME_OFFSET, type Subscribed, World } from "../wasi/poll-oneoff-world.ts";
import type { Workload } from "./workload.ts";

const COUNT_POINTER = 65_000;
const MEMORY_SIZE = 65_536;

/** When each subscription is done, in nanoseconds of the monotonic clock, or the errno of the whole call. */
function model(world: World, subscriptions: Subscribed[], pointer: number, events: number): number | bigint[] {
  const count = subscriptions.length;
  if (count === 0) return ERRNO_INVAL;
  if (pointer + count * 48 > MEMORY_SIZE || events + count * 32 > MEMORY_SIZE) return ERRNO_FAULT;
  if (subscriptions.some(({ tag, id, flags }) => tag > 2 || (tag === 0 && (id > 3 || flags > 1)))) return ERRNO_INVAL;
  return subscriptions.map(({ tag, id, timeoutNs, flags }) => {
    if (tag !== 0) {
      const descriptor = world.open.get(id);
      return descriptor ? (world.schedule.get(descriptor)?.atNs ?? LARGEST) : 0n;
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

const call = fc.record({
  list: subscriptions,
  pointer: address,
  events: address.map((value) => value + 16_384),
  /** When each descriptor is ready. */
  times: fc.array(fc.oneof(fc.constant(0n), fc.bigInt(0n, 6_000n)), { minLength: 4, maxLength: 4 }),
  /** The waits that return at once, with nothing. */
  interrupted: fc.uniqueArray(fc.integer({ min: 1, max: 3 })),
});

function check({ list, pointer, events, times, interrupted }: typeof call extends fc.Arbitrary<infer T> ? T : never) {
  const world = new World();
  times.forEach((atNs, fd) => world.add(fd, atNs));
  world.interrupted = new Set(interrupted);
  if (pointer + list.length * 48 <= MEMORY_SIZE) world.put(list, pointer);
  const expected = model(world, list, pointer, events);
  // Who waits longer does so in pieces, of which there would be too many here.
  if (typeof expected !== "number" && expected.every((time) => time > 2n ** 40n)) return;
  const startNs = world.nowNs;
  const answer = world.call(pointer, events, list.length, COUNT_POINTER);
  if (typeof expected === "number") {
    assert.equal(answer, expected);
    return;
  }
  const done = list.filter((_, i) => (expected[i] as bigint) <= world.nowNs);
  const said = (answer as Event[]).map(({ userdata, type }) => `${userdata} ${type}`);
  assert.deepEqual(
    said,
    done.map(({ userdata, tag }) => `${userdata} ${tag}`),
  );
  const first = expected.reduce((least, time) => (time < least ? time : least));
  assert.equal(world.nowNs, first > startNs ? first : startNs);
}

export const listsInSimulatedWorld: Workload = {
  name: "poll_oneoff: lists in a simulated world",
  unit: "lists",
  suite: 10_000,
  soak: 1_000_000,
  async run(count, seed) {
    fc.assert(fc.property(call, check), { numRuns: count, seed });
  },
};

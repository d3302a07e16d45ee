// A million fibers: the time and memory of each step.
// (For the speed that it has when optimized: --target release.)
import { fail, go, monotonicNow, print, yieldNow } from "as-fibers/assembly";

/** Fibers are switched in the order of their start, and each checks that: whose turn it is. */
let turn = 0;
let count = 0;
let rounds = 0;
let steps: i64 = 0;
let ended = 0;

function walk(place: i32): void {
  for (let round = 0; round < rounds; round++) {
    if (turn != place) fail(`it is the turn of fiber ${turn}, but fiber ${place} runs`, "E_ORDER");
    turn = place + 1 < count ? place + 1 : 0;
    steps++;
    yieldNow();
  }
  ended++;
}

/** What was measured; times in nanoseconds. */
class Measurement {
  startTime: i64 = 0;
  switchTime: i64 = 0;
  switches: i64 = 0;
  endTime: i64 = 0;
  /** What all fibers together took while they waited for their turn. */
  bytes: i64 = 0;
}

/** Runs so many fibers, each of which yields so many times. The fiber that calls it takes turns with them. */
export function measure(fibers: i32, yields: i32): Measurement {
  const measured = new Measurement();
  count = fibers;
  rounds = yields;
  // New blocks lie behind all others, so the distance of two tells what was allocated between them.
  const before = heap.alloc(4096);

  let begin = monotonicNow();
  for (let place = 0; place < fibers; place++) go(walk, place);
  measured.startTime = monotonicNow() - begin;

  yieldNow(); // now all have begun, and each waits for its second turn
  measured.bytes = <i64>(heap.alloc(4096) - before);

  begin = monotonicNow();
  for (let round = 1; round < yields; round++) yieldNow();
  measured.switchTime = monotonicNow() - begin;
  measured.switches = <i64>(yields - 1) * (<i64>fibers + 1);

  begin = monotonicNow();
  yieldNow(); // now all have returned
  measured.endTime = monotonicNow() - begin;

  const expected = <i64>fibers * yields;
  if (steps != expected || ended != fibers) {
    fail(`${steps} steps instead of ${expected}, and ${ended} fibers have ended instead of ${fibers}`, "E_COUNT");
  }
  return measured;
}

export function main(fibers: i32 = 1_000_000, yields: i32 = 10): void {
  const measured = measure(fibers, yields);
  print(`${fibers} fibers started: ${measured.startTime / fibers} ns each`);
  print(`${measured.switches} switches: ${measured.switchTime / measured.switches} ns each`);
  print(`${fibers} fibers waiting: ${measured.bytes / fibers} bytes each`);
  print(`${fibers} fibers ended: ${measured.endTime / fibers} ns each`);
}

// A million fibers: the time and memory of each step.
// (For the speed that it has when optimized: --target release.)
import { fail, Fiber, go, monotonicNow, print, yieldNow } from "as-fibers/assembly";

/** What was measured. Times are in nanoseconds. */
class Measurement {
  startTime: i64 = 0;
  switchTime: i64 = 0;
  switches: i64 = 0;
  endTime: i64 = 0;
  /** What all fibers together took while they waited for their turn. */
  bytes: i64 = 0;
}

let measured = new Measurement();
let count = 0;
let rounds = 0;
let begin: i64 = 0;
let firstBlock: usize = 0;

/** Fibers are switched in the order of their start, and each checks that: whose turn it is. */
let turn = 0;
let steps: i64 = 0;
let ended = 0;

function walk(place: i32): void {
  for (let round = 0; round < rounds; round++) {
    if (turn != place) fail(`it is the turn of fiber ${turn}, but fiber ${place} runs`, "E_ORDER");
    turn = place + 1 < count ? place + 1 : 0;
    if (place == 0) takeTime(round);
    steps++;
    yieldNow();
  }
  if (place == 0) begin = monotonicNow();
  ended++;
}

/** Called by the first fiber when a round begins: then all others wait. */
function takeTime(round: i32): void {
  if (round == 1) {
    // New blocks lie behind all others, so the distance of two tells what was allocated between them.
    measured.bytes = <i64>(heap.alloc(4096) - firstBlock);
    begin = monotonicNow();
  } else if (round == rounds - 1) {
    measured.switchTime = monotonicNow() - begin;
    measured.switches = <i64>(rounds - 2) * count;
  }
}

/** Runs so many fibers, each of which yields so many times, at least 3. */
export function measure(fibers: i32, yields: i32): Measurement {
  count = fibers;
  rounds = yields;
  firstBlock = heap.alloc(4096);
  begin = monotonicNow();
  let last: Fiber | null = null;
  for (let place = 0; place < fibers; place++) last = go(walk, place);
  measured.startTime = monotonicNow() - begin;
  if (last) last.join(); // it was started last, so it ends last
  measured.endTime = monotonicNow() - begin;
  const expected = <i64>fibers * yields;
  if (steps != expected || ended != fibers) {
    fail(`${steps} steps instead of ${expected}, and ${ended} fibers have ended instead of ${fibers}`, "E_COUNT");
  }
  return measured;
}

export function main(fibers: i32 = 1_000_000, yields: i32 = 12): void {
  measure(fibers, yields);
  print(`${fibers} fibers started: ${measured.startTime / fibers} ns each`);
  print(`${measured.switches} switches: ${measured.switchTime / measured.switches} ns each`);
  print(`${fibers} fibers waiting: ${measured.bytes / fibers} bytes each`);
  print(`${fibers} fibers ended: ${measured.endTime / fibers} ns each`);
}

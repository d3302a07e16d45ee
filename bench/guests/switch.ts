/** Fibers that yield in turn, each holding two live i32. */
import { go, monotonicNow, yieldNow } from "as-fibers/assembly";

let begin: i64 = 0;
let end: i64 = 0;
let yields: i32 = 0;

/** The clock runs from the moment when every fiber stands at its first yield until the first of them has made the rest. */
function spin(left: i32): void {
  let made = 0;
  yieldNow();
  if (!begin) begin = monotonicNow();
  while (left-- > 0) {
    made++;
    yieldNow();
  }
  if (!end) end = monotonicNow();
  yields += made;
}

/** Nanoseconds per switch of `count` fibers that make `rounds` yields each; -1 when one did not make them all. */
export function switching(count: i32, rounds: i32): f64 {
  begin = 0;
  end = 0;
  yields = 0;
  let last = go(spin, rounds);
  for (let i = 1; i < count; i++) last = go(spin, rounds);
  last.join();
  if (yields != count * rounds) return -1;
  return <f64>(end - begin) / <f64>count / <f64>rounds;
}

let fibers: i32 = 0;
let ticket: i32 = 0;
let misplacements: i32 = 0;

function takeTickets(index: i32): void {
  for (let round = 0; round < ORDERED_ROUNDS; round++) {
    if (ticket++ != round * fibers + index) misplacements++;
    yieldNow();
  }
}

const ORDERED_ROUNDS: i32 = 3;

/** Lets `count` fibers run in turn, three times. @returns how often one ran out of turn, or -1 when some did not run at all */
export function misplaced(count: i32): i32 {
  fibers = count;
  ticket = 0;
  misplacements = 0;
  let last = go(takeTickets, 0);
  for (let i = 1; i < count; i++) last = go(takeTickets, i);
  last.join();
  return ticket == count * ORDERED_ROUNDS ? misplacements : -1;
}

/** How fibers end that others end: cancelled one by one, in scopes, in races. And many that wait, for a dump. */
import { defer, Event, Fiber, go, monotonicNow, race, Scope, State, yieldNow } from "as-fibers/assembly";

const never: Event = new Event();
let cleaned: i32 = 0;
let waited: i32 = 0;

function clean(_: i32): void {
  cleaned++;
}

function waitForever(value: i32): i32 {
  waited++;
  never.wait();
  return value;
}

function oweAndWait(value: i32): void {
  defer(clean, value);
  waitForever(value);
}

/** Fibers that wait, each of which owes a cleanup. */
function startWaiting(count: i32): Fiber[] {
  cleaned = 0;
  waited = 0;
  const fibers = new Array<Fiber>(count);
  for (let i = 0; i < count; i++) fibers[i] = go(oweAndWait, i);
  yieldNow();
  return fibers;
}

function countCancelled(fibers: Fiber[]): i32 {
  let cancelled = 0;
  for (let i = 0; i < fibers.length; i++) cancelled += <i32>(fibers[i].state == State.CANCELLED);
  return cancelled;
}

/** Nanoseconds per fiber that waits and owes a cleanup, from `cancel` until all have cleaned up and ended; or of `cancel` alone. */
// @ts-ignore: decorator
@inline
function timeCancelling(count: i32, untilEnd: bool): f64 {
  const fibers = startWaiting(count);
  if (waited != count || cleaned) return -1;
  const begin = monotonicNow();
  for (let i = 0; i < count; i++) fibers[i].cancel();
  const asked = monotonicNow();
  fibers[count - 1].tryJoin();
  const end = monotonicNow();
  if (cleaned != count || countCancelled(fibers) != count) return -1;
  return <f64>((untilEnd ? end : asked) - begin) / <f64>count;
}

export function cancelling(count: i32): f64 {
  return timeCancelling(count, true);
}

export function asking(count: i32): f64 {
  return timeCancelling(count, false);
}

let ran: i32 = 0;

function runOnce(_: i32): void {
  ran++;
}

/** Nanoseconds per scope of so many fibers, from its making until `wait` has returned. */
export function scoping(size: i32, count: i32): f64 {
  ran = 0;
  let left = 0;
  const begin = monotonicNow();
  for (let i = 0; i < count; i++) {
    const scope = new Scope();
    for (let k = 0; k < size; k++) scope.go(runOnce, k);
    scope.wait();
    left += scope.size;
  }
  const end = monotonicNow();
  return ran == size * count && left == 0 ? <f64>(end - begin) / <f64>count : -1;
}

/** The first one returns; the other one waits for what does not come. */
function compete(value: i32): i32 {
  return value == 1 ? value : waitForever(value);
}

/** Nanoseconds per race of two, whose loser waits, is cancelled and has ended. */
export function racing(count: i32): f64 {
  waited = 0;
  let sum = 0;
  const runners: i32[] = [2, 1];
  const begin = monotonicNow();
  for (let i = 0; i < count; i++) sum += race<i32, i32>(compete, runners);
  const end = monotonicNow();
  return sum == count && waited == count ? <f64>(end - begin) / <f64>count : -1;
}

function waitElsewhere(value: i32): void {
  defer(clean, value);
  waited++;
  never.wait();
}

/** Starts fibers for a dump: no two that were started one after the other wait at the same place. @returns how many wait */
export function stand(count: i32): i32 {
  cleaned = 0;
  waited = 0;
  for (let i = 0; i < count; i += 2) {
    go(oweAndWait, i);
    go(waitElsewhere, i + 1);
  }
  yieldNow();
  return waited;
}

/** Ends those of `stand`. @returns how many have cleaned up */
export function leave(): i32 {
  never.set();
  yieldNow();
  yieldNow();
  never.reset();
  return cleaned;
}

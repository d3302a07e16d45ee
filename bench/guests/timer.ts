/** Timers that are started and cancelled while many others run. */
import { Fiber, go, monotonicNow, sleep, State, yieldNow } from "as-fibers/assembly";
import { startTimer, stopTimer } from "as-fibers/assembly/timers";

const HOUR: f64 = 3_600_000;

let started: i32 = 0;

function sleepAbout(index: i32): void {
  started++;
  sleep(HOUR + spread(index));
}

/** Milliseconds from 0 to an hour, in no order. */
// @ts-ignore: decorator
@inline
function spread(index: i32): f64 {
  return (<f64>(<u32>(index * 0x9e3779b1)) / 4294967296.0) * HOUR;
}

/** Starts `count` fibers that sleep for one to two hours. @returns how many sleep */
export function fallAsleep(count: i32): i32 {
  started = 0;
  for (let i = 0; i < count; i++) go(sleepAbout, i);
  yieldNow();
  return started;
}

/** Nanoseconds per start and stop of a timer by itself, as every wait with a deadline makes them. */
export function startAndStop(count: i32): f64 {
  const fiber = changetype<usize>(Fiber.current());
  const begin = monotonicNow();
  for (let i = 0; i < count; i++) {
    startTimer(fiber, <f64>begin + (HOUR + spread(i)) * 1e6);
    stopTimer(fiber);
  }
  return <f64>(monotonicNow() - begin) / <f64>count;
}

/** Nanoseconds per fiber that is started, falls asleep, is cancelled and joined; -1 when one was not cancelled. */
export function cancelAsleep(count: i32): f64 {
  let cancelled = 0;
  const begin = monotonicNow();
  for (let i = 0; i < count; i++) {
    const fiber = go(sleepAbout, i);
    yieldNow();
    fiber.cancel();
    if (!fiber.tryJoin() && fiber.state == State.CANCELLED) cancelled++;
  }
  const end = monotonicNow();
  return cancelled == count ? <f64>(end - begin) / <f64>count : -1;
}

/**
 * A moment that fibers and cases of a `Select` wait for, and that can be moved or called off: what `Timer` and `Ticker` share.
 *
 * Each waiter has its own deadline in the heap of timers, so that nothing is there while nobody waits. A fiber that was woken because the
 * moment has come is told by `TIMED_OUT`, whoever has noticed it first.
 */
import { now } from "./abi";
import { current, requireFiber } from "./context";
import { Flag, indexOf, Reason, record } from "./record";
import { beginPark, wake } from "./scheduler";
import { caseAt, claim, rearmCase } from "./select-case";
import { reserveTimer, startTimer, stopTimer } from "./timers";
import { pushWaiter, removeWaiter, shiftWaiter } from "./wait-queue";

/** The first fields of `Timer` and `Ticker`. */
@unmanaged
export class AlarmRecord {
  /** The wait queue. */
  waiters: usize;
  /** It was called off. */
  isStopped: bool;
  /** Nanoseconds of the driver's clock. */
  deadline: f64;
}

// @ts-ignore: decorator
@inline
export function alarmRecord(alarm: usize): AlarmRecord {
  return changetype<AlarmRecord>(alarm);
}

/** Whether its moment has come. */
export function isDue(alarm: usize): bool {
  const a = alarmRecord(alarm);
  return !a.isStopped && a.deadline <= now();
}

/** Parks the running fiber until the moment has come, or is called off. True: suspend now. */
export function awaitAlarm(alarm: usize, reason: Reason): bool {
  const fiber = requireFiber();
  const deadline = alarmRecord(alarm).deadline;
  reserveTimer();
  startTimer(fiber, deadline);
  record(fiber).value = reinterpret<u64>(deadline);
  pushWaiter(alarm, fiber);
  return beginPark(reason, alarm, indexOf(changetype<usize>(leaveAlarm)));
}

function leaveAlarm(fiber: usize): void {
  removeWaiter(record(fiber).object, fiber);
  stopTimer(fiber);
}

/** Whether the running fiber was woken because the moment has come. */
export function hasRung(): bool {
  const f = record(current());
  const isRung = (f.flags & Flag.TIMED_OUT) != 0;
  f.flags &= ~Flag.TIMED_OUT;
  return isRung;
}

/** The moment that the running fiber has waited for. */
// @ts-ignore: decorator
@inline
export function awaitedMoment(): f64 {
  return reinterpret<f64>(record(current()).value);
}

/** Moves the moment, for those who wait as well. When it had come, and the scheduler has not seen it yet, they are woken first. */
export function moveAlarm(alarm: usize, deadline: f64): void {
  ringWhenDue(alarm);
  const a = alarmRecord(alarm);
  a.isStopped = false;
  a.deadline = deadline;
  const first = a.waiters;
  if (!first) return;
  let waiter = first;
  do {
    rearm(waiter, deadline);
    waiter = record(waiter).next;
  } while (waiter != first);
  ringWhenDue(alarm);
}

/** No room is needed: a waiter has a place in the heap, and gives it up first. */
function rearm(waiter: usize, deadline: f64): void {
  if (record(waiter).flags & Flag.CASE) {
    rearmCase(waiter, deadline);
    return;
  }
  stopTimer(waiter);
  startTimer(waiter, deadline);
  record(waiter).value = reinterpret<u64>(deadline);
}

/** Calls it off: wakes all who wait, unless it had come. */
export function stopAlarm(alarm: usize): void {
  ringWhenDue(alarm);
  alarmRecord(alarm).isStopped = true;
  wakeWaiters(alarm, 0);
}

function ringWhenDue(alarm: usize): void {
  if (alarmRecord(alarm).waiters && isDue(alarm)) wakeWaiters(alarm, Flag.TIMED_OUT);
}

function wakeWaiters(alarm: usize, flag: u16): void {
  while (alarmRecord(alarm).waiters) {
    const fiber = claim(shiftWaiter(alarm));
    stopTimer(fiber);
    record(fiber).flags |= flag;
    wake(fiber);
  }
}

// --- for cases of a `Select` ---

/** Whether a case need not wait: the moment has come, or will not. */
export function isOver(at: usize): bool {
  const alarm = caseAt(at).object;
  return alarmRecord(alarm).isStopped || isDue(alarm);
}

/** When a case is ready by itself. */
export function armAlarm(at: usize, _time: f64): f64 {
  return alarmRecord(caseAt(at).object).deadline;
}

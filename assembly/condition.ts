/**
 * `Condition`: waiting, as the owner of a mutex, until something that the mutex protects has changed.
 *
 * - `wait` gives the mutex away and takes it again before it returns, fails or is cancelled: whatever runs after it, cleanups included,
 *   owns the mutex.
 * - A signal wakes the fiber that has waited longest at that moment. One that comes later cannot take it away.
 * - From the moment a fiber leaves the condition until it has the mutex, it is shielded from cancellation. One that was signalled before it
 *   was cancelled goes on, so that no signal is lost, and is cancelled at its next wait.
 */
import { now } from "./abi";
import { current, requireFiber, suspend } from "./context";
import { beginFail } from "./failure";
import { beginLock, handOff, Mutex, refuseNotOwner } from "./mutex";
import { ownerOf } from "./ownership";
import { Flag, indexOf, Reason, record, State } from "./record";
import { wake } from "./scheduler";
import { Site } from "./site";
import { NANOSECONDS_PER_MILLISECOND, reserveTimer, startTimer, stopTimer } from "./timers";
import { shiftWaiter } from "./wait-queue";
import { beginWaitLeaving, leaveQueue } from "./waiting";

/** In `value` of a fiber that has left the condition: no signal was for it. Else the queue is still there, which is never 0. */
const NO_SIGNAL: u64 = 0;

/** Lets fibers wait for a change of what a mutex protects. */
export class Condition {
  private waiters: usize = 0;
  private site: Site;

  constructor(site: Site = 0) {
    this.site = site;
  }

  /**
   * Unlocks the mutex, waits for a signal, and locks the mutex again. What the fiber waits for may have changed back meanwhile: look
   * again, in a loop.
   * @param timeout milliseconds after which it goes on without a signal
   * @returns false when the time was over before a signal came
   * @throws E_NOT_OWNER when the running fiber does not own the mutex; E_INVALID_DURATION
   */
  wait(mutex: Mutex, timeout: f64 = Infinity): bool {
    const wasShielded = isShielded();
    if (beginCondition(changetype<usize>(this), changetype<usize>(mutex), timeout)) suspend();
    const isSignalled = wasSignalled();
    if (beginLock(changetype<usize>(mutex))) suspend();
    if (endCondition(wasShielded, isSignalled)) suspend();
    return isSignalled;
  }

  /** Wakes the fiber that has waited longest, if any waits. */
  signal(): void {
    wakeShielded(changetype<usize>(this));
  }

  /** Wakes all fibers that wait now, in the order in which they came. */
  broadcast(): void {
    // Only those: whoever is woken runs later, so nobody can come back meanwhile.
    while (wakeShielded(changetype<usize>(this))) {}
  }
}

function isShielded(): bool {
  return (record(requireFiber()).flags & Flag.SHIELDED) != 0;
}

function beginCondition(condition: usize, mutex: usize, timeout: f64): bool {
  const fiber = current();
  if (ownerOf(mutex) != fiber) return refuseNotOwner(mutex, "wait");
  if (!(timeout >= 0)) return failTimeout(timeout);
  if (timeout != Infinity) {
    reserveTimer();
    startTimer(fiber, now() + timeout * NANOSECONDS_PER_MILLISECOND);
  }
  handOff(mutex);
  return beginWaitLeaving(condition, Reason.CONDITION, condition, 0, indexOf(changetype<usize>(leaveCondition)));
}

function failTimeout(timeout: f64): bool {
  return beginFail(`cannot wait for ${timeout} milliseconds: it takes 0 or more`, "E_INVALID_DURATION", null);
}

function leaveCondition(fiber: usize): void {
  leaveQueue(fiber);
  record(fiber).value = NO_SIGNAL;
  record(fiber).flags |= Flag.SHIELDED;
}

function wasSignalled(): bool {
  const f = record(current());
  f.flags &= ~Flag.TIMED_OUT;
  return f.value != NO_SIGNAL;
}

/** The fiber owns the mutex again. True: it was cancelled before a signal came, and suspends for good. */
function endCondition(wasShielded: bool, isSignalled: bool): bool {
  const f = record(current());
  if (wasShielded) return false;
  f.flags &= ~Flag.SHIELDED;
  if (isSignalled || !(f.flags & Flag.CANCEL_PENDING)) return false;
  f.state = <i8>State.CANCELLED;
  return true;
}

function wakeShielded(condition: usize): bool {
  const fiber = shiftWaiter(condition);
  if (!fiber) return false;
  stopTimer(fiber);
  record(fiber).flags |= Flag.SHIELDED;
  wake(fiber);
  return true;
}

/** Time, as the driver tells it: `sleep` and the monotonic clock. */
import { now } from "./abi";
import { requireFiber, suspend } from "./context";
import { beginFail } from "./failure";
import { indexOf, Reason } from "./record";
import { beginPark, leaveTimer } from "./scheduler";
import { NANOSECONDS_PER_MILLISECOND, startTimer } from "./timers";

/** The driver's monotonic clock in nanoseconds, since a moment of its own: only differences mean something. */
export function monotonicNow(): i64 {
  return <i64>now();
}

/**
 * Waits for at least that long: never less, not even by a nanosecond. Fractions count. 0 lets all ready fibers run first; infinite
 * sleeps until the fiber is cancelled.
 * @throws E_INVALID_DURATION when it is negative or not a number; E_NOT_IN_FIBER outside of a fiber
 */
export function sleep(milliseconds: f64): void {
  if (beginSleep(milliseconds)) suspend();
}

function beginSleep(milliseconds: f64): bool {
  const fiber = requireFiber();
  if (!(milliseconds >= 0)) return failDuration(milliseconds);
  startTimer(fiber, now() + milliseconds * NANOSECONDS_PER_MILLISECOND);
  return beginPark(Reason.SLEEP, 0, indexOf(changetype<usize>(leaveTimer)));
}

function failDuration(milliseconds: f64): bool {
  return beginFail(`cannot sleep for ${milliseconds} milliseconds: it takes 0 or more`, "E_INVALID_DURATION", null);
}

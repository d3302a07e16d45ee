/** `timeout`: something that ends in time, or is cancelled. */
import { defer } from "./cleanup";
import { requireFiber } from "./context";
import { fail } from "./failure";
import { awaitEnd, Fiber, go } from "./fiber";
import { record, State } from "./record";
import { Select } from "./select";
import { Site } from "./site";

/**
 * Runs `fn(arg)` in a fiber of its own, and waits until that has ended. When the time is over before, cancels it, and waits until its
 * cleanups have run. When the caller is cancelled, so is that fiber. A lock that the caller owns, it does not own.
 * @param milliseconds 0 or more; at the end of the time itself it is too late, also for what has a value by then and goes on with it
 * @returns whether it has ended in time
 * @throws E_INVALID_DURATION; what `fn` fails with, as `join` does
 */
export function timeout<A>(milliseconds: f64, fn: (arg: A) => void, arg: A, site: Site = 0): bool {
  checkDuration(milliseconds);
  return awaitWithin(go<A>(fn, arg, "timeout", site), milliseconds);
}

function checkDuration(milliseconds: f64): void {
  requireFiber();
  if (milliseconds >= 0) return;
  fail(`cannot end something within ${milliseconds} milliseconds: it takes 0 or more`, "E_INVALID_DURATION");
}

function awaitWithin(fiber: Fiber, milliseconds: f64): bool {
  const isInTime = endWithin(fiber, milliseconds, milliseconds);
  // When it was cancelled for its time, that is no failure of the caller; when it has failed meanwhile, it is.
  if (isInTime || record(changetype<usize>(fiber)).state == State.FAILED) fiber.join();
  return isInTime;
}

/**
 * Waits until the fiber has ended; when the time is over before, cancels it and waits until its cleanups have run. When the caller ends
 * meanwhile, it is cancelled and waited for as well.
 * @param given the whole time that it was given, for the message
 * @returns whether it has ended in time
 */
export function endWithin(fiber: Fiber, milliseconds: f64, given: f64): bool {
  const cleanup = defer<Fiber>(cancelAndAwait, fiber);
  const isInTime = hasEndedWithin(fiber, milliseconds);
  if (!isInTime) {
    fiber.cancel(`the time of ${given} milliseconds is over`);
    awaitEnd(changetype<usize>(fiber));
  }
  cleanup.forget();
  return isInTime;
}

/** A select of its own, which nobody needs while the fiber is cancelled. */
function hasEndedWithin(fiber: Fiber, milliseconds: f64): bool {
  const select = new Select(true);
  const ended = select.join(fiber);
  select.timeout(milliseconds);
  return select.wait() == ended;
}

/** The caller has ended: what its fiber fails with now is nobody's, and reported. */
function cancelAndAwait(fiber: Fiber): void {
  fiber.cancel("the fiber that waited for it has ended");
  awaitEnd(changetype<usize>(fiber));
}

/** `shield`: what must not be interrupted, though it waits. */
import { current, requireFiber, suspend } from "./context";
import { Flag, record, State } from "./record";

/**
 * Runs `fn(arg)`. A cancellation of the fiber that comes meanwhile strikes when that has returned. Cancelling oneself strikes at once.
 * @throws E_NOT_IN_FIBER outside of a fiber
 */
export function shield<A>(fn: (arg: A) => void, arg: A): void {
  const wasShielded = beginShield();
  fn(arg);
  if (endShield(wasShielded)) suspend();
}

/** Whether the fiber was shielded before. */
export function beginShield(): bool {
  const f = record(requireFiber());
  const wasShielded = (f.flags & Flag.SHIELDED) != 0;
  f.flags |= Flag.SHIELDED;
  return wasShielded;
}

/** True: it was cancelled meanwhile, and suspends for good. */
export function endShield(wasShielded: bool): bool {
  if (wasShielded) return false;
  const f = record(current());
  f.flags &= ~Flag.SHIELDED;
  if (!(f.flags & Flag.CANCEL_PENDING)) return false;
  f.state = <i8>State.CANCELLED;
  return true;
}

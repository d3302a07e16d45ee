/**
 * `Once`: something that is done once, by the first fiber that needs it.
 *
 * - It is done when the function has returned, not before: until then the others wait.
 * - When the fiber that runs it fails or is cancelled, the one that has waited longest runs it.
 */
import { defer } from "./cleanup";
import { current, requireFiber, suspend } from "./context";
import { beginFail } from "./failure";
import { disown, Holding, HoldingRecord, own, ownerOf, reserveOwnership } from "./ownership";
import { indexOf, Reason } from "./record";
import { Site } from "./site";
import { shiftWaiter } from "./wait-queue";
import { beginWait, grant, wakeAll } from "./waiting";

/** The fields, without the class. */
@unmanaged
class OnceRecord extends HoldingRecord {
  isDone: bool;
  waiters: usize;
}

/** Lets the first fiber that comes do something, and all others wait until it is done. */
export class Once extends Holding {
  private isOver: bool = false;
  private waiters: usize = 0;
  private site: Site;

  constructor(site: Site = 0) {
    super();
    this.site = site;
    this.abandon = indexOf(changetype<usize>(passOn));
  }

  /**
   * Runs `fn()`, unless that was done; waits while another fiber does it. After it, what `fn` does is done.
   * @throws E_RELOCK when `fn` itself calls it: it would wait for itself forever
   */
  do(fn: () => void): void {
    if (this.isOver) return;
    if (beginOnce(changetype<usize>(this))) suspend();
    if (ownerOf(changetype<usize>(this)) != current()) return;
    const cleanup = defer<Once>((once: Once): void => passOn(changetype<usize>(once)), this);
    fn();
    cleanup.forget();
    endOnce(changetype<usize>(this));
  }

  /** Whether it was done. */
  get isDone(): bool {
    return this.isOver;
  }
}

/** The running fiber becomes the one that does it, or waits. True: suspend. */
function beginOnce(once: usize): bool {
  const fiber = requireFiber();
  reserveOwnership(fiber);
  const owner = ownerOf(once);
  if (!owner) {
    own(once, fiber);
    return false;
  }
  if (owner == fiber) return beginFail(INSIDE, "E_RELOCK", null);
  return beginWait(once + offsetof<OnceRecord>("waiters"), Reason.ONCE, once);
}

function endOnce(once: usize): void {
  disown(once);
  changetype<OnceRecord>(once).isDone = true;
  wakeAll(once + offsetof<OnceRecord>("waiters"));
}

/** The fiber that did it has failed or was cancelled: the next one does it. */
function passOn(once: usize): void {
  disown(once);
  const fiber = shiftWaiter(once + offsetof<OnceRecord>("waiters"));
  if (!fiber) return;
  own(once, fiber);
  grant(fiber);
}

const INSIDE =
  "cannot do this once: this fiber is doing it already, and would wait for itself forever; do not call do inside its function";

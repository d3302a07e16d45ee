/**
 * `Mutex`: one fiber at a time.
 *
 * - Strictly first in, first out: `unlock` hands the lock to the fiber that has waited longest, and nobody overtakes it.
 * - It has an owner: only that fiber may unlock it, and only a fiber that does not own it may lock it.
 * - A fiber that ends as its owner leaves it released and marked as abandoned.
 */
import { defer } from "./cleanup";
import { current, requireFiber, suspend } from "./context";
import { beginFail, fail } from "./failure";
import { disown, Holding, HoldingRecord, own, ownerOf, reserveOwnership } from "./ownership";
import { indexOf, Reason, record } from "./record";
import { caseAt, claim, setCase } from "./select-case";
import { Site } from "./site";
import { unlink } from "./wait-queue";
import { grant, leaveQueue, parkInQueue } from "./waiting";

/** The fields, without the class. */
@unmanaged
class MutexRecord extends HoldingRecord {
  isAbandoned: bool;
  waiters: usize;
}

/** Lets one fiber at a time do something that must not be interrupted by others while it waits. */
export class Mutex extends Holding {
  private abandoned: bool = false;
  private waiters: usize = 0;
  private site: Site;

  constructor(site: Site = 0) {
    super();
    this.site = site;
    this.abandon = indexOf(changetype<usize>(abandonMutex));
  }

  /**
   * Waits until nobody owns it, and then owns it.
   * @throws E_RELOCK when the running fiber owns it already: it would wait forever
   */
  lock(): void {
    if (beginLock(changetype<usize>(this))) suspend();
  }

  /** Locks it without waiting. False: somebody owns it. @throws E_RELOCK when that is the running fiber */
  tryLock(): bool {
    const fiber = requireFiber();
    if (this.owner) {
      if (this.owner == fiber) failRelock();
      return false;
    }
    takeLock(changetype<usize>(this), fiber);
    return true;
  }

  /** Gives it to the fiber that has waited longest, or to nobody. @throws E_NOT_OWNER when the running fiber does not own it */
  unlock(): void {
    if (beginUnlock(changetype<usize>(this))) suspend();
  }

  /**
   * Waits as `lock` does, runs `fn(arg)` as its owner, and unlocks it when that has ended, by return, failure or cancellation.
   * @throws E_RELOCK
   */
  with<A>(fn: (arg: A) => void, arg: A): void {
    this.lock();
    const cleanup = defer<Mutex>((mutex: Mutex): void => mutex.unlock(), this);
    fn(arg);
    cleanup.run();
  }

  /** Whether somebody owns it. */
  get isLocked(): bool {
    return this.owner != 0;
  }

  /** Whether an owner has ended without unlocking it: what it protects may be half done. Stays so until `clearAbandoned`. */
  get isAbandoned(): bool {
    return this.abandoned;
  }

  /** What it protects is in order again. */
  clearAbandoned(): void {
    this.abandoned = false;
  }
}

// @ts-ignore: decorator
@inline
function takeLock(mutex: usize, fiber: usize): void {
  reserveOwnership(fiber);
  own(mutex, fiber);
}

/** The first half of `lock`: true: suspend. */
export function beginLock(mutex: usize): bool {
  const fiber = requireFiber();
  reserveOwnership(fiber);
  const owner = ownerOf(mutex);
  if (!owner) {
    own(mutex, fiber);
    return false;
  }
  if (owner == fiber) return refuseRelock();
  // In the caller itself: a hand-off is as hot as a switch.
  const leave = indexOf(changetype<usize>(leaveQueue));
  return parkInQueue(fiber, mutex + offsetof<MutexRecord>("waiters"), Reason.LOCK, mutex, 0, leave);
}

/** In halves although it does not wait: so that all of it is not instrumented for the case that it fails. True: suspend. */
function beginUnlock(mutex: usize): bool {
  const owner = ownerOf(mutex);
  if (!owner || owner != current()) return refuseNotOwner(mutex, "unlock");
  handOff(mutex);
  return false;
}

/** Takes it from its owner, and gives it to the fiber that has waited longest. */
// @ts-ignore: decorator
@inline
export function handOff(mutex: usize): void {
  disown(mutex);
  if (changetype<MutexRecord>(mutex).waiters) handToFirst(mutex);
}

// @ts-ignore: decorator
@inline
function handToFirst(mutex: usize): void {
  const waiter = changetype<MutexRecord>(mutex).waiters;
  unlink(mutex + offsetof<MutexRecord>("waiters"), waiter);
  const fiber = claim(waiter);
  own(mutex, fiber);
  grant(fiber);
}

function abandonMutex(mutex: usize): void {
  changetype<MutexRecord>(mutex).isAbandoned = true;
  handOff(mutex);
}

// --- a case of a `Select` ---

/** Makes a case of locking. */
export function selectLock(at: usize, mutex: usize): usize {
  const isReady = indexOf(changetype<usize>(canLock));
  const run = indexOf(changetype<usize>(lockAtOnce));
  return setCase(at, Reason.LOCK, mutex, mutex + offsetof<MutexRecord>("waiters"), isReady, run, 0);
}

/** Asked before each wait, and so the place to reserve what it may be granted. Ready for the owner as well, who then fails. */
function canLock(at: usize): bool {
  const fiber = current();
  if (fiber) reserveOwnership(fiber);
  const owner = ownerOf(caseAt(at).object);
  return !owner || owner == fiber;
}

function lockAtOnce(at: usize): bool {
  return beginLock(caseAt(at).object);
}

// --- misuse ---

const RELOCK =
  "cannot lock: this fiber owns the mutex already, and would wait for itself forever; unlock it first, or leave locking to the caller";

/** Apart from the verbs, so that these hold no reference, and need not move the shadow stack. */
function refuseRelock(): bool {
  return beginFail(RELOCK, "E_RELOCK", null);
}

/** Fails the running fiber, which does not own the mutex. True: suspend. */
export function refuseNotOwner(mutex: usize, verb: string): bool {
  return beginFail(notOwner(mutex, verb), "E_NOT_OWNER", null);
}

function failRelock(): void {
  fail(RELOCK, "E_RELOCK");
}

function notOwner(mutex: usize, verb: string): string {
  const owner = ownerOf(mutex);
  const who = owner ? `fiber ${record(owner).id} owns it` : "nobody owns it";
  return `cannot ${verb}: the mutex does not belong to this fiber, ${who}; only the fiber that has locked it can ${verb}`;
}

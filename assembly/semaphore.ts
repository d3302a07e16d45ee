/**
 * `Semaphore`: a number of permits, each for one fiber at a time.
 *
 * - Strictly first in, first out: a request that does not fit makes those behind it wait, smaller ones too. So a large one is not starved.
 * - Permits are handed over: who is woken has them, and nobody overtakes it.
 * - Permits have no owner: any fiber may release, and a fiber that ends gives nothing back by itself. See `with`.
 */
import { defer } from "./cleanup";
import { suspend } from "./context";
import { beginFail, failWith } from "./failure";
import { indexOf, Reason, record } from "./record";
import { caseAt, claim, setCase } from "./select-case";
import { Site } from "./site";
import { shiftWaiter } from "./wait-queue";
import { amountOf, beginWaitLeaving, grant, leaveQueue } from "./waiting";

/** The fields, without the class. */
@unmanaged
class SemaphoreRecord {
  waiters: usize;
  permits: i32;
}

/** Lets so many fibers at a time do something, or shares out so many of something. */
export class Semaphore {
  private waiters: usize = 0;
  private permits: i32;
  private site: Site;

  /** @param permits how many there are at first @throws E_INVALID_COUNT when it is negative */
  constructor(permits: i32, site: Site = 0) {
    this.site = site;
    if (permits < 0) failPermits(permits);
    this.permits = permits;
  }

  /** Takes so many permits; waits until there are as many, and all who came before have theirs. @throws E_INVALID_COUNT below 1 */
  acquire(count: i32 = 1): void {
    if (beginAcquire(changetype<usize>(this), count)) suspend();
  }

  /** Takes them without waiting. False: there are too few, or somebody waits. @throws E_INVALID_COUNT below 1 */
  tryAcquire(count: i32 = 1): bool {
    requireCount("acquire", count);
    return take(changetype<SemaphoreRecord>(this), count);
  }

  /**
   * Gives so many permits: to those that wait, first in, first out, as far as they go.
   * @throws E_INVALID_COUNT below 1, and when there would be more than 2,147,483,647
   */
  release(count: i32 = 1): void {
    requireCount("release", count);
    if (count > i32.MAX_VALUE - this.permits) failOverflow(count, this.permits);
    this.permits += count;
    serve(changetype<usize>(this));
  }

  /**
   * Waits for so many permits as `acquire` does, runs `fn(arg)`, and releases them when that has ended, by return, failure or cancellation.
   * @throws E_INVALID_COUNT below 1
   */
  with<A>(fn: (arg: A) => void, arg: A, count: i32 = 1): void {
    // All that can trap comes before they are taken.
    const held = new Held(this);
    const cleanup = defer<Held>((permits: Held): void => permits.release(), held);
    this.acquire(count);
    held.count = count;
    fn(arg);
    cleanup.run();
  }

  /** How many there are. While somebody waits, nobody else can have them. */
  get available(): i32 {
    return this.permits;
  }
}

/** The permits that a call of `with` has taken. */
class Held {
  count: i32 = 0;

  constructor(private semaphore: Semaphore) {}

  release(): void {
    if (this.count) this.semaphore.release(this.count);
  }
}

// @ts-ignore: decorator
@inline
function semaphoreRecord(semaphore: usize): SemaphoreRecord {
  return changetype<SemaphoreRecord>(semaphore);
}

/** False: there are too few, or somebody waits. */
// @ts-ignore: decorator
@inline
function take(s: SemaphoreRecord, count: i32): bool {
  if (!canTake(s, count)) return false;
  s.permits -= count;
  return true;
}

// @ts-ignore: decorator
@inline
function canTake(s: SemaphoreRecord, count: i32): bool {
  return !s.waiters && s.permits >= count;
}

/** The first half of `acquire`: true: suspend. */
function beginAcquire(semaphore: usize, count: i32): bool {
  if (count < 1) return beginFail(invalidCount("acquire", count), "E_INVALID_COUNT", null);
  if (take(semaphoreRecord(semaphore), count)) return false;
  const leave = indexOf(changetype<usize>(leaveAcquire));
  return beginWaitLeaving(semaphore, Reason.ACQUIRE, semaphore, count, leave);
}

function leaveAcquire(fiber: usize): void {
  leaveQueue(fiber);
  serve(record(fiber).object);
}

/** Gives what there is to those that wait. */
function serve(semaphore: usize): void {
  const s = semaphoreRecord(semaphore);
  while (s.waiters) {
    const count = <i32>amountOf(s.waiters);
    if (count > s.permits) return;
    // Before `claim`, by which the other cases of a select leave their queues: that may lead here again.
    s.permits -= count;
    grant(claim(shiftWaiter(semaphore)));
  }
}

// --- a case of a `Select` ---

/** Makes a case of acquiring so many permits. */
export function selectAcquire(at: usize, semaphore: usize, count: i32): usize {
  requireCount("acquire", count);
  const c = caseAt(at);
  c.value = count;
  c.leave = indexOf(changetype<usize>(leaveAcquireCase));
  const isReady = indexOf(changetype<usize>(canAcquire));
  const run = indexOf(changetype<usize>(acquireAtOnce));
  return setCase(at, Reason.ACQUIRE, semaphore, semaphore, isReady, run, 0);
}

function canAcquire(at: usize): bool {
  return canTake(semaphoreRecord(caseAt(at).object), <i32>amountOf(at));
}

function acquireAtOnce(at: usize): bool {
  semaphoreRecord(caseAt(at).object).permits -= <i32>amountOf(at);
  return false;
}

function leaveAcquireCase(at: usize): void {
  serve(caseAt(at).object);
}

// --- misuse ---

function requireCount(verb: string, count: i32): void {
  if (count < 1) failWith(invalidCount(verb, count), "E_INVALID_COUNT", null);
}

function invalidCount(verb: string, count: i32): string {
  return `cannot ${verb} ${count} permits of a semaphore: it takes 1 or more`;
}

function failPermits(permits: i32): void {
  failWith(`a semaphore cannot have ${permits} permits: it takes 0 or more`, "E_INVALID_COUNT", null);
}

function failOverflow(count: i32, permits: i32): void {
  const message = `cannot release ${count} permits of a semaphore: it has ${permits}, and the most is ${i32.MAX_VALUE}; release what was acquired`;
  failWith(message, "E_INVALID_COUNT", null);
}

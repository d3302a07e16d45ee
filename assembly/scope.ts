/**
 * `Scope`: fibers that end before it does.
 *
 * - It belongs to the fiber that has made it, and ends only when all its fibers have ended. When that fiber ends without `wait`, they are
 *   cancelled and waited for first.
 * - The first of them that fails cancels the others, and is the scope's failure. One that is cancelled is none.
 * - Scopes nest: cancelling one cancels the fibers that own others, and so those.
 */
import { now } from "./abi";
import { Cleanup, defer } from "./cleanup";
import { current, requireFiber, suspend } from "./context";
import { fail, Failure, leaveError } from "./failure";
import { Fiber, go, prepareGo, prepareRun } from "./fiber";
import { outcomeOf, record, State } from "./record";
import { cancelFiber } from "./scheduler";
import {
  beginContestEnd,
  beginScopeEnd,
  beginScopeResult,
  cancelScope,
  Contest,
  initializeScope,
  reserveFiber,
  takeIn,
  visitScope,
} from "./scope-core";
import { Site } from "./site";
import { prepareSpawn, Task } from "./task";
import { sleep } from "./time";
import { NANOSECONDS_PER_MILLISECOND } from "./timers";

/** Owns the fibers that are started in it. */
export class Scope {
  // As in scope-core.ts.
  private onEnd: u16 = 0;
  private wasCancelled: bool = false;
  private closed: bool = false;
  private fibers: usize = 0;
  private count: u32 = 0;
  private live: u32 = 0;
  private pending: u32 = 0;
  private limit: u32 = 0;
  private failures: u32 = 0;
  private waiting: usize = 0;
  private waiters: usize = 0;
  private failed: usize = 0;
  private reason: usize = 0;
  private owner: usize = 0;
  private lenient: bool = false;
  private contest: u8 = 0;
  private adopting: bool = false;
  private first: usize = 0;

  private cleanup: Cleanup | null = null;
  private watch: Fiber | null = null;
  private until: f64 = Infinity;
  private timedOut: bool = false;
  private site: Site;

  /**
   * @param limit how many of its fibers run at once; 0: all. The others begin in their order, when one ends
   * @throws E_INVALID_COUNT when it is negative; E_NOT_IN_FIBER outside of a fiber
   */
  constructor(limit: i32 = 0, site: Site = 0) {
    this.site = site;
    initializeScope(changetype<usize>(this), limit);
    this.cleanup = defer<Scope>((scope: Scope): void => scope.leave(), this);
  }

  /** Starts a fiber in it; see `go`. @throws E_SCOPE_CLOSED */
  go<A>(fn: (arg: A) => void, arg: A, name: string = "", site: Site = 0): Fiber {
    reserveFiber(changetype<usize>(this));
    const fiber = prepareGo<A>(fn, arg, name, site);
    takeIn(changetype<usize>(this), fiber);
    return changetype<Fiber>(fiber);
  }

  /** Starts a fiber with a result in it; see `spawn`. @throws E_SCOPE_CLOSED */
  spawn<A, R>(fn: (arg: A) => R, arg: A, name: string = "", site: Site = 0): Task<R> {
    reserveFiber(changetype<usize>(this));
    const fiber = prepareSpawn<A, R>(fn, arg, name, site);
    takeIn(changetype<usize>(this), fiber);
    return changetype<Task<R>>(fiber);
  }

  /** Starts a fiber in it; see `run`. @throws E_SCOPE_CLOSED */
  run(fn: () => void, name: string = "", site: Site = 0): Fiber {
    reserveFiber(changetype<usize>(this));
    const fiber = prepareRun(fn, name, site);
    takeIn(changetype<usize>(this), fiber);
    return changetype<Fiber>(fiber);
  }

  /**
   * Waits until all its fibers have ended, and closes it. Returns also when it was cancelled, or its deadline has passed.
   * @throws the code of the first fiber that failed, with its failure as cause and the later ones attached to that; E_NOT_OWNER when the
   *   running fiber has not made it
   */
  wait(): void {
    this.end();
    if (beginScopeResult(changetype<usize>(this))) suspend();
  }

  /** The same, but when a fiber has failed it returns false and leaves the code in `Fiber.current().lastError`. @throws E_NOT_OWNER */
  waitOrError(): bool {
    this.end();
    this.closed = true;
    const failure = this.error;
    leaveError(failure ? failure.code : "");
    return failure === null;
  }

  /** Cancels its fibers; those that are started later end before they begin. Does not wait for that. */
  cancel(reason: string = ""): void {
    cancelScope(changetype<usize>(this), reason);
    const fiber = current();
    if (fiber && record(fiber).owner == changetype<usize>(this)) cancelFiber(fiber, reason);
  }

  /** Cancels it after so many milliseconds, unless it has ended. Of several deadlines, the earliest counts. @throws E_INVALID_DURATION */
  deadline(milliseconds: f64): void {
    if (!(milliseconds >= 0)) failDuration(milliseconds);
    const until = now() + milliseconds * NANOSECONDS_PER_MILLISECOND;
    if (until >= this.until || this.closed) return;
    this.until = until;
    this.stopWatch();
    this.watch = go(watchDeadline, new Deadline(this, milliseconds), "deadline", this.site);
  }

  /** @internal Its fibers compete; those that fail do not cancel the others. */
  beginContest(contest: Contest): void {
    this.lenient = true;
    this.contest = <u8>contest;
  }

  /** @internal Waits for the winner, cancels the others, and waits for their end. The winner. */
  endContest(reason: string): usize {
    if (beginContestEnd(changetype<usize>(this))) suspend();
    cancelScope(changetype<usize>(this), reason);
    this.end();
    this.closed = true;
    return this.first;
  }

  /** @internal */
  expire(): void {
    this.timedOut = true;
    cancelScope(changetype<usize>(this), "the deadline of its scope has passed");
  }

  private end(): void {
    // Another fiber may start one in it when the last has ended, before the owner runs.
    while (beginScopeEnd(changetype<usize>(this))) suspend();
    this.stopWatch();
    const cleanup = this.cleanup;
    if (cleanup) cleanup.forget();
  }

  /** The fiber that has made it has ended, and has not waited for it. */
  private leave(): void {
    this.noteLeft();
    cancelScope(changetype<usize>(this), "the fiber that made its scope has ended");
    while (beginScopeEnd(changetype<usize>(this))) suspend();
    this.closed = true;
    this.stopWatch();
    const failure = this.error;
    if (failure) Failure.report(failure);
  }

  /** A fiber that returns should have waited. One that fails, or is cancelled, could not. */
  private noteLeft(): void {
    const fiber = requireFiber();
    if (!this.live || this.wasCancelled || outcomeOf(record(fiber)) != State.DONE) return;
    const message = `a scope was never waited for: the fiber that made it has returned, and ${this.live} of its fibers were cancelled`;
    const failure = new Failure(fiber, "E_SCOPE_LEFT", message);
    Failure.setSite(failure, this.site);
    Failure.report(failure);
  }

  private stopWatch(): void {
    const watch = this.watch;
    if (watch) watch.cancel();
  }

  /** The first failure of its fibers; null when none has failed. */
  get error(): Failure | null {
    return changetype<Failure | null>(this.failed);
  }

  /** How many of its fibers have not ended. */
  get size(): i32 {
    return <i32>this.live;
  }

  /** Whether it was cancelled: by `cancel`, its deadline, a failure of one of its fibers, or the end of its owner. */
  get isCancelled(): bool {
    return this.wasCancelled;
  }

  /** Whether its deadline has cancelled it. */
  get isTimedOut(): bool {
    return this.timedOut;
  }

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    visitScope(changetype<usize>(this), cookie);
    __visit(changetype<usize>(this.cleanup), cookie);
    __visit(changetype<usize>(this.watch), cookie);
  }
}

class Deadline {
  constructor(
    public scope: Scope,
    public milliseconds: f64,
  ) {}
}

function watchDeadline(deadline: Deadline): void {
  sleep(deadline.milliseconds);
  deadline.scope.expire();
}

function failDuration(milliseconds: f64): void {
  fail(`a scope cannot end in ${milliseconds} milliseconds: it takes 0 or more`, "E_INVALID_DURATION");
}

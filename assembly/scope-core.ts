/**
 * What a `Scope` does: which fibers are in it, how many run, how it ends.
 *
 * - Its fibers know it by their record, and tell it when they have ended; it keeps those that have not, and now and then drops the others.
 * - `live` counts those that have not ended, `pending` those of them that have not begun, because others must end first.
 * - The first failure is the scope's, and cancels all others. What they then fail with is attached to it.
 *
 * ╒═════════════════ scope (32-bit) ═════════════════╕
 * │  0 onEnd     u16   table index, (fiber: usize)   │
 * │  2 isCancelled bool · 3 isClosed bool            │
 * │  4 fibers    ref   their addresses               │
 * │  8 count     u32   of those addresses            │
 * │ 12 live · 16 pending · 20 limit · 24 failures u32│
 * │ 28 waiting   ptr   wait queue of those that have │
 * │                    not begun                     │
 * │ 32 waiters   ptr   wait queue for the end of all │
 * │ 36 failure   ref   the first                     │
 * │ 40 reason    ref   why it was cancelled          │
 * │ 44 owner     ref   the fiber that made it        │
 * │ 48 isLenient bool  failures do not cancel it     │
 * │ 49 contest   u8    who wins: see Contest         │
 * │ 50 isAdopting bool see adoption.ts               │
 * │ 52 first     ref   the fiber that has won; of    │
 * │                    one that adopts, its stream   │
 * ╘══════════════════════════════════════════════════╛
 */
import { current, requireFiber } from "./context";
import { beginFail, fail, Failure } from "./failure";
import { indexOf, Reason, record, State } from "./record";
import { cancelOther, makeReady, wake } from "./scheduler";
import { claim } from "./select-case";
import { shiftWaiter } from "./wait-queue";
import { beginWait, leaveQueue, parkInQueue, wakeAll } from "./waiting";
import { link } from "./write-barrier";

@unmanaged
export class ScopeRecord {
  onEnd: u16;
  isCancelled: bool;
  isClosed: bool;
  fibers: usize;
  count: u32;
  live: u32;
  pending: u32;
  limit: u32;
  failures: u32;
  waiting: usize;
  waiters: usize;
  failure: usize;
  reason: usize;
  owner: usize;
  /** Failures do not cancel the others. */
  isLenient: bool;
  /** Who wins: a `Contest`. */
  contest: u8;
  /** What its fibers start is in it too. */
  isAdopting: bool;
  /** The fiber that has won; of a scope that adopts, its `CallStream`. */
  first: usize;
}

/** Which fiber of a scope wins, if they compete. */
export enum Contest {
  NONE,
  /** The first to end. */
  RACE,
  /** The first to return; when none does, the last to end. */
  ANY,
}

const INITIAL_FIBERS: u32 = 8;

// @ts-ignore: decorator
@inline
export function scopeRecord(scope: usize): ScopeRecord {
  return changetype<ScopeRecord>(scope);
}

export function initializeScope(scope: usize, limit: i32): void {
  const s = scopeRecord(scope);
  if (limit < 0) fail(`a scope cannot let ${limit} fibers run at once: 0 is no limit`, "E_INVALID_COUNT");
  s.owner = requireFiber();
  link(scope, s.owner, false);
  s.limit = <u32>limit;
  s.onEnd = indexOf(changetype<usize>(noteEnd));
}

export function visitScope(scope: usize, cookie: u32): void {
  const s = scopeRecord(scope);
  __visit(s.fibers, cookie);
  for (let i: u32 = 0; i < s.count; i++) __visit(load<usize>(s.fibers + i * sizeof<usize>()), cookie);
  __visit(s.failure, cookie);
  __visit(s.reason, cookie);
  __visit(s.owner, cookie);
  __visit(s.first, cookie);
}

/** Makes room for one more fiber: after that, taking it in cannot trap. @throws E_SCOPE_CLOSED */
export function reserveFiber(scope: usize): void {
  const s = scopeRecord(scope);
  if (s.isClosed) failClosed();
  if (s.fibers && s.count < load<u32>(s.fibers - 4) / <u32>sizeof<usize>()) return;
  // Fibers that have ended give their places; when that is not half of them, there must be more.
  dropEnded(s);
  const bytes = max(s.count * 2, INITIAL_FIBERS) * <u32>sizeof<usize>();
  if (s.fibers && bytes <= load<u32>(s.fibers - 4)) return;
  const fibers = __new(bytes, idof<ArrayBuffer>());
  memory.copy(fibers, s.fibers, s.count * sizeof<usize>());
  s.fibers = fibers;
  link(scope, fibers, false);
}

function dropEnded(s: ScopeRecord): void {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < s.count; i++) {
    const fiber = load<usize>(s.fibers + i * sizeof<usize>());
    if (record(fiber).state < State.DONE) store<usize>(s.fibers + kept++ * sizeof<usize>(), fiber);
  }
  s.count = kept;
}

/** Takes a new fiber in, and lets it run, or wait for its turn. In a scope that is cancelled it ends before it has begun. */
export function takeIn(scope: usize, fiber: usize): void {
  const s = scopeRecord(scope);
  const f = record(fiber);
  f.owner = scope;
  link(fiber, scope, false);
  store<usize>(s.fibers + s.count++ * sizeof<usize>(), fiber);
  link(scope, fiber, true);
  s.live++;
  if (s.isCancelled) {
    cancelOther(fiber, changetype<string>(s.reason));
    makeReady(fiber);
  } else if (s.limit && s.live - s.pending > s.limit) {
    s.pending++;
    const leave = indexOf(changetype<usize>(leavePending));
    parkInQueue(fiber, scope + offsetof<ScopeRecord>("waiting"), Reason.START, scope, 0, leave);
  } else makeReady(fiber);
}

function leavePending(fiber: usize): void {
  leaveQueue(fiber);
  scopeRecord(record(fiber).object).pending--;
}

/** A fiber of a scope has ended. Called by the scheduler, through the index in the scope. */
function noteEnd(fiber: usize): void {
  const scope = record(fiber).owner;
  const s = scopeRecord(scope);
  s.live--;
  if (record(fiber).state == State.FAILED) noteFailure(scope, changetype<Failure>(record(fiber).failure));
  while (s.pending && s.live - s.pending < s.limit) {
    s.pending--;
    wake(claim(shiftWaiter(scope + offsetof<ScopeRecord>("waiting"))));
  }
  if (wins(s, fiber)) {
    s.first = fiber;
    link(scope, fiber, false);
    wakeAll(scope + offsetof<ScopeRecord>("waiters"));
  } else if (!s.live) wakeAll(scope + offsetof<ScopeRecord>("waiters"));
}

function wins(s: ScopeRecord, fiber: usize): bool {
  if (s.contest == Contest.NONE || s.first) return false;
  return s.contest == Contest.RACE || !s.live || record(fiber).state == State.DONE;
}

function noteFailure(scope: usize, failure: Failure): void {
  const s = scopeRecord(scope);
  if (s.failures++) {
    const first = changetype<Failure>(s.failure);
    failure.attached = first.attached;
    first.attached = failure;
    return;
  }
  s.failure = changetype<usize>(failure);
  link(scope, changetype<usize>(failure), false);
  if (!s.isLenient) cancelScope(scope, `${failure.who} of its scope has failed: ${failure.quoted}`);
}

/** Cancels all its fibers but the running one. Does nothing when it was cancelled before. */
export function cancelScope(scope: usize, reason: string): void {
  const s = scopeRecord(scope);
  if (s.isCancelled || s.isClosed) return;
  s.isCancelled = true;
  s.reason = changetype<usize>(reason);
  link(scope, changetype<usize>(reason), false);
  for (let i: u32 = 0; i < s.count; i++) {
    const fiber = load<usize>(s.fibers + i * sizeof<usize>());
    if (fiber != current()) cancelOther(fiber, reason);
  }
}

/** The first half of waiting for the end of all. True: suspend. */
export function beginScopeEnd(scope: usize): bool {
  const s = scopeRecord(scope);
  if (s.owner != current()) return refuseOwner(s);
  if (!s.live) return false;
  return beginWait(scope + offsetof<ScopeRecord>("waiters"), Reason.SCOPE, scope);
}

/** The first half of waiting for the winner. True: suspend. */
export function beginContestEnd(scope: usize): bool {
  return !scopeRecord(scope).first && beginWait(scope + offsetof<ScopeRecord>("waiters"), Reason.SCOPE, scope);
}

/** No more fibers. True: the scope has failed, and so has the running fiber, which suspends. */
export function beginScopeResult(scope: usize): bool {
  const s = scopeRecord(scope);
  s.isClosed = true;
  return s.failure != 0 && refuseFailed(s);
}

// --- misuse, and failures ---

function refuseFailed(s: ScopeRecord): bool {
  const failure = changetype<Failure>(s.failure);
  const more = s.failures > 1 ? ` (and ${s.failures - 1} more)` : "";
  return beginFail(`in a scope, ${failure.who} failed${more}: ${failure.quoted}`, failure.code, failure);
}

function refuseOwner(s: ScopeRecord): bool {
  return beginFail(
    `cannot wait for a scope of fiber ${record(s.owner).id}: only the fiber that has made it can`,
    "E_NOT_OWNER",
    null,
  );
}

function failClosed(): void {
  fail("the scope is closed: it takes fibers until wait() has returned; make a new one", "E_SCOPE_CLOSED");
}

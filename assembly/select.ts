/**
 * `Select`: waits for the first of several things, and does that one.
 *
 * - Exactly one case runs. Of those that are ready, a random one, each as likely as the others; or the first, when the select is biased.
 *   A timeout runs only when no other case is ready.
 * - What the other cases offered or asked for is left as it was: nothing of them stays in any queue.
 * - A select that waits stands in the queue of each case, behind those that came before, and is served in its turn.
 * - It allocates nothing once its cases have been added.
 *
 * ╒════════════ select (32-bit) ════════════╕
 * │  0 cases    ref   see select-case.ts     │
 * │  4 count    u32                          │
 * │  8 waiter   ptr   fiber that waits in it │
 * │ 12 chosen   i32   index of the winner    │
 * ╘═════════════════════════════════════════╛
 */
import { now } from "./abi";
import { callArm, callCase } from "./callback";
import { BroadcastReceiver, selectBroadcast } from "./broadcast";
import { Channel } from "./channel";
import { selectReceive, selectSend } from "./channel-wait";
import { current, requireFiber, suspend } from "./context";
import { beginFail, fail } from "./failure";
import { Event, selectEvent } from "./event";
import { Fiber, selectJoin } from "./fiber";
import { Future, selectFuture } from "./future";
import { Mutex, selectLock } from "./mutex";
import { randomBelow } from "./random";
import { Flag, indexOf, Reason, record } from "./record";
import { RwLock, selectReadLock, selectWriteLock } from "./rwlock";
import { beginPark } from "./scheduler";
import { Case, caseAt, chooseEarliest, indexOfCase, leaveCases, SelectRecord } from "./select-case";
import { selectAcquire, Semaphore } from "./semaphore";
import { selectTick, Ticker } from "./ticker";
import { selectTimer, Timer } from "./timer";
import { reserveTimer, startTimer, stopTimer } from "./timers";
import { toBits } from "./value";
import { selectWaitGroup, WaitGroup } from "./wait-group";
import { pushWaiter } from "./wait-queue";
import { selectWatch, WatchObserver } from "./watch";
import { link } from "./write-barrier";

const INITIAL_CASES: u32 = 4;
const NANOSECONDS_PER_MILLISECOND: f64 = 1e6;
const NOT_READY: i32 = -1;

/** Waits for the first of several things. Cases are added once, and numbered in that order; then it can be waited for again and again. */
export class Select {
  private cases: usize = 0;
  private count: u32 = 0;
  private waiter: usize = 0;
  private chosen: i32 = NOT_READY;
  private isBiased: bool;

  /** @param isBiased of several cases that are ready, the first runs, not a random one */
  constructor(isBiased: bool = false) {
    this.isBiased = isBiased;
  }

  /** A value from the channel, then in its `value`; or its end, when it is closed and drained: then `hasValue` is false. */
  receive<T>(channel: Channel<T> | null): i32 {
    return this.add(selectReceive(this.next(), changetype<usize>(channel)));
  }

  /** This value to the channel. When the channel is closed, the case is ready, and its fiber fails with E_CLOSED. */
  send<T>(channel: Channel<T> | null, value: T): i32 {
    const at = selectSend(this.next(), changetype<usize>(channel), toBits<T>(value));
    if (isManaged<T>()) caseAt(at).flags |= Flag.VALUE_MANAGED;
    return this.add(at);
  }

  /** So many milliseconds without another case, counted from the beginning of each wait. @throws E_INVALID_DURATION */
  timeout(milliseconds: f64): i32 {
    if (!(milliseconds >= 0)) failDuration(milliseconds);
    const at = this.next();
    caseAt(at).value = reinterpret<u64>(milliseconds * NANOSECONDS_PER_MILLISECOND);
    caseAt(at).arm = indexOf(changetype<usize>(armTimeout));
    return this.add(at);
  }

  /** The end of the fiber, whatever it is; `fiber.state` and `fiber.error` tell more. */
  join(fiber: Fiber): i32 {
    return this.add(selectJoin(this.next(), changetype<usize>(fiber)));
  }

  /** So many permits of the semaphore. @throws E_INVALID_COUNT below 1 */
  acquire(semaphore: Semaphore, count: i32 = 1): i32 {
    return this.add(selectAcquire(this.next(), changetype<usize>(semaphore), count));
  }

  /** The receiver's next value, then in its `value`; or the end: then its `hasValue` is false. */
  broadcast<T>(receiver: BroadcastReceiver<T>): i32 {
    return this.add(selectBroadcast(this.next(), changetype<usize>(receiver)));
  }

  /** The event is set. */
  event(event: Event): i32 {
    return this.add(selectEvent(this.next(), changetype<usize>(event)));
  }

  /** The future has a value, or has failed: its `value` then gives that, or fails. */
  future<T>(future: Future<T>): i32 {
    return this.add(selectFuture(this.next(), changetype<usize>(future)));
  }

  /** The mutex, whose owner the fiber then is. When it is so already, the case is ready, and its fiber fails with E_RELOCK. */
  lock(mutex: Mutex): i32 {
    return this.add(selectLock(this.next(), changetype<usize>(mutex)));
  }

  /** The lock, for reading. When the fiber owns it already, the case is ready, and its fiber fails with E_RELOCK. */
  readLock(lock: RwLock): i32 {
    return this.add(selectReadLock(this.next(), changetype<usize>(lock)));
  }

  /** The ticker's next tick, which is taken: its `time` tells when it was due; -1: the ticker is stopped. */
  tick(ticker: Ticker): i32 {
    return this.add(selectTick(this.next(), changetype<usize>(ticker)));
  }

  /** The timer's time has come, or it is stopped: its `tryWait` tells which. */
  timer(timer: Timer): i32 {
    return this.add(selectTimer(this.next(), changetype<usize>(timer)));
  }

  /** Nothing of the group is under way. */
  waitGroup(group: WaitGroup): i32 {
    return this.add(selectWaitGroup(this.next(), changetype<usize>(group)));
  }

  /** A version that the observer has not seen, then in its `value`; or the end: then its `hasValue` is false. */
  watch<T>(observer: WatchObserver<T>): i32 {
    return this.add(selectWatch(this.next(), changetype<usize>(observer)));
  }

  /** The lock, for writing. When the fiber owns it already, the case is ready, and its fiber fails with E_RELOCK. */
  writeLock(lock: RwLock): i32 {
    return this.add(selectWriteLock(this.next(), changetype<usize>(lock)));
  }

  /**
   * Waits until a case is ready, and runs it. Without any that can be, waits forever.
   * @returns the index of the case that ran
   * @throws E_CLOSED when it is a send to a closed channel; E_BUSY when another fiber waits in this select
   */
  wait(): i32 {
    if (!budget--) yieldForOthers();
    let isWaiting = beginSelect(changetype<usize>(this), this.isBiased);
    while (isWaiting) {
      suspend();
      isWaiting = endSelect(changetype<usize>(this));
    }
    return this.chosen;
  }

  /**
   * Runs a case that is ready, without waiting, also outside of fibers.
   * @returns its index; -1 when none is
   * @throws as `wait` does
   */
  poll(): i32 {
    if (pollSelect(changetype<usize>(this), this.isBiased)) suspend();
    return this.chosen;
  }

  /** Removes all cases. @throws E_BUSY when a fiber waits in this select */
  clear(): void {
    requireIdle(changetype<usize>(this));
    this.count = 0;
  }

  /** The place of a new case, all zero. */
  private next(): usize {
    requireIdle(changetype<usize>(this));
    return makeRoom(changetype<usize>(this));
  }

  /** The case at the place that `next` gave is complete. */
  private add(at: usize): i32 {
    const added = caseAt(at);
    link(changetype<usize>(this), added.object, true);
    if (added.flags & Flag.VALUE_MANAGED) link(changetype<usize>(this), <usize>added.value, true);
    const index = <i32>this.count;
    this.count++;
    return index;
  }

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    visitSelect(changetype<usize>(this), cookie);
  }
}

// @ts-ignore: decorator
@inline
function selectRecord(select: usize): SelectRecord {
  return changetype<SelectRecord>(select);
}

function visitSelect(select: usize, cookie: u32): void {
  const s = selectRecord(select);
  __visit(s.cases, cookie);
  const end = s.cases + s.count * offsetof<Case>();
  for (let at = s.cases; at < end; at += offsetof<Case>()) {
    __visit(caseAt(at).object, cookie);
    if (caseAt(at).flags & Flag.VALUE_MANAGED) __visit(<usize>caseAt(at).value, cookie);
  }
}

/** Allocates first: it may trap, and then nothing has changed. */
function makeRoom(select: usize): usize {
  const s = selectRecord(select);
  const used = s.count * offsetof<Case>();
  if (!s.cases || load<u32>(s.cases - 4) == used) {
    const bytes = max(used << 1, INITIAL_CASES * offsetof<Case>());
    const cases = __new(bytes, idof<ArrayBuffer>());
    memory.copy(cases, s.cases, used);
    s.cases = cases;
    link(select, cases, false);
  }
  const added = caseAt(s.cases + used);
  memory.fill(changetype<usize>(added), 0, offsetof<Case>());
  added.flags = Flag.CASE;
  added.select = select;
  return changetype<usize>(added);
}

/**
 * A case that is ready again and again, a closed channel say, would keep the fiber from ever waiting, and all others from running. So it
 * yields after so many that were, one after the other.
 */
const BUDGET: u32 = 128;
let budget: u32 = BUDGET;

function yieldForOthers(): void {
  budget = BUDGET;
  suspend();
}

// --- running a case ---

/** True: suspend. */
function beginSelect(select: usize, isBiased: bool): bool {
  const fiber = requireFiber();
  const s = selectRecord(select);
  if (s.waiter) return refuseBusy();
  if (findReady(s, isBiased)) return runChosen(s);
  const deadline = armCases(s);
  if (deadline <= now()) return endChosen(s);
  return waitForCases(select, fiber, deadline);
}

/** True: suspend, to fail. */
function pollSelect(select: usize, isBiased: bool): bool {
  const s = selectRecord(select);
  if (s.waiter) return refuseBusy();
  if (findReady(s, isBiased)) return runChosen(s);
  if (armCases(s) <= now()) return endChosen(s);
  s.chosen = NOT_READY;
  return false;
}

/** Chooses among the cases that are ready. False: none is. */
function findReady(s: SelectRecord, isBiased: bool): bool {
  let count: u32 = 0;
  const end = s.cases + s.count * offsetof<Case>();
  for (let at = s.cases; at < end; at += offsetof<Case>()) {
    const isReady = caseAt(at).isReady;
    if (!isReady || !callCase(isReady, at)) continue;
    // The n-th takes the place of the one chosen before with a probability of 1/n: so each has the same.
    if (!count++ || !randomBelow(count)) s.chosen = indexOfCase(s, at);
    if (isBiased) break;
  }
  return count != 0;
}

/** Asks the cases that will be ready by themselves, chooses the first, and tells when; NaN: none ever will. */
function armCases(s: SelectRecord): f64 {
  s.chosen = NOT_READY;
  let time = NaN;
  const end = s.cases + s.count * offsetof<Case>();
  for (let at = s.cases; at < end; at += offsetof<Case>()) {
    const arm = caseAt(at).arm;
    if (!arm) continue;
    if (isNaN(time)) time = now();
    caseAt(at).deadline = callArm(arm, at, time);
  }
  return isNaN(time) ? NaN : chooseEarliest(s);
}

function waitForCases(select: usize, fiber: usize, deadline: f64): bool {
  if (!isNaN(deadline)) {
    // Also when it is infinite: see `rearmCase`.
    reserveTimer();
    startTimer(fiber, deadline);
  }
  const s = selectRecord(select);
  s.waiter = fiber;
  budget = BUDGET;
  const end = s.cases + s.count * offsetof<Case>();
  for (let at = s.cases; at < end; at += offsetof<Case>()) {
    if (caseAt(at).queue) pushWaiter(caseAt(at).queue, at);
  }
  return beginPark(Reason.SELECT, select, indexOf(changetype<usize>(leaveSelect)));
}

/** When its timer has run out, the case that was chosen while it was armed has won. */
function leaveSelect(fiber: usize): void {
  const f = record(fiber);
  const s = selectRecord(f.object);
  leaveCases(f.object, 0);
  if (s.chosen != NOT_READY && !f.timer) {
    f.flags |= Flag.GIVEN;
    return;
  }
  s.waiter = 0;
  stopTimer(fiber);
}

/** True: suspend, to fail. */
function endSelect(select: usize): bool {
  const s = selectRecord(select);
  s.waiter = 0;
  record(current()).flags &= ~(Flag.TIMED_OUT | Flag.GIVEN);
  return endChosen(s);
}

// @ts-ignore: decorator
@inline
function chosenCase(s: SelectRecord): usize {
  return s.cases + s.chosen * offsetof<Case>();
}

function runChosen(s: SelectRecord): bool {
  const chosen = chosenCase(s);
  const run = caseAt(chosen).run;
  return run != 0 && callCase(run, chosen);
}

function endChosen(s: SelectRecord): bool {
  const chosen = chosenCase(s);
  const end = caseAt(chosen).end;
  return end != 0 && callCase(end, chosen);
}

function armTimeout(at: usize, time: f64): f64 {
  return time + reinterpret<f64>(caseAt(at).value);
}

// --- misuse ---

const BUSY = "a select serves one fiber at a time, and another one waits in it: give each fiber a select of its own";

function refuseBusy(): bool {
  return beginFail(BUSY, "E_BUSY", null);
}

function requireIdle(select: usize): void {
  if (selectRecord(select).waiter) fail(BUSY, "E_BUSY");
}

function failDuration(milliseconds: f64): void {
  fail(`cannot wait for ${milliseconds} milliseconds: it takes 0 or more`, "E_INVALID_DURATION");
}

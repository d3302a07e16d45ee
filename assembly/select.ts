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
import { link } from "./barrier";
import { Channel } from "./channel";
import { selectReceive, selectSend } from "./channel-wait";
import { current, requireFiber, suspend } from "./context";
import { beginFail, fail } from "./failure";
import { Fiber, selectJoin } from "./fiber";
import { randomBelow } from "./random";
import { Flag, indexOf, Reason, record } from "./record";
import { beginPark } from "./scheduler";
import { Case, caseAt, indexOfCase, leaveCases, SelectRecord } from "./select-case";
import { reserveTimer, startTimer, stopTimer } from "./timers";
import { toBits } from "./value";
import { pushWaiter } from "./wait-queue";

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

  /** Runs a case that is ready, without waiting. @returns its index; -1 when none is. @throws as `wait` does */
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
 * yields now and then.
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
    if (!isReady || !call_indirect<bool>(isReady, at)) continue;
    // The n-th takes the place of the one chosen before with a probability of 1/n: so each has the same.
    if (!count++ || !randomBelow(count)) s.chosen = indexOfCase(s, at);
    if (isBiased) break;
  }
  return count != 0;
}

/** Chooses the case that is the first to be ready by itself, and tells when; infinite: none ever is. */
function armCases(s: SelectRecord): f64 {
  let earliest = Infinity;
  let time = NaN;
  const end = s.cases + s.count * offsetof<Case>();
  for (let at = s.cases; at < end; at += offsetof<Case>()) {
    const arm = caseAt(at).arm;
    if (!arm) continue;
    if (isNaN(time)) time = now();
    const deadline = call_indirect<f64>(arm, at, time);
    caseAt(at).deadline = deadline;
    if (deadline >= earliest) continue;
    earliest = deadline;
    s.chosen = indexOfCase(s, at);
  }
  return earliest;
}

function waitForCases(select: usize, fiber: usize, deadline: f64): bool {
  if (deadline != Infinity) {
    reserveTimer();
    startTimer(fiber, deadline);
  }
  const s = selectRecord(select);
  s.waiter = fiber;
  const end = s.cases + s.count * offsetof<Case>();
  for (let at = s.cases; at < end; at += offsetof<Case>()) {
    if (caseAt(at).queue) pushWaiter(caseAt(at).queue, at);
  }
  return beginPark(Reason.SELECT, select, indexOf(changetype<usize>(leaveSelect)));
}

/** When its timer has run out, what was chosen while it was armed stays chosen. */
function leaveSelect(fiber: usize): void {
  leaveCases(record(fiber).object, 0);
  stopTimer(fiber);
}

/** True: suspend, to fail. */
function endSelect(select: usize): bool {
  record(current()).flags &= ~Flag.TIMED_OUT;
  return endChosen(selectRecord(select));
}

// @ts-ignore: decorator
@inline
function chosenCase(s: SelectRecord): usize {
  return s.cases + s.chosen * offsetof<Case>();
}

function runChosen(s: SelectRecord): bool {
  const chosen = chosenCase(s);
  return call_indirect<bool>(caseAt(chosen).run, chosen);
}

function endChosen(s: SelectRecord): bool {
  const chosen = chosenCase(s);
  const end = caseAt(chosen).end;
  return end != 0 && call_indirect<bool>(end, chosen);
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

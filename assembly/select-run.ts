/**
 * How a `Select` runs: it asks its cases, chooses one of those that are ready, or stands in the queues of all.
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
import { current, requireFiber } from "./context";
import { beginFail, fail } from "./failure";
import { Flag, indexOf, Reason, record } from "./record";
import { draw } from "./schedule-policy";
import { beginPark } from "./scheduler";
import { Case, caseAt, chooseEarliest, indexOfCase, leaveCases, SelectRecord } from "./select-case";
import { reserveTimer, startTimer, stopTimer } from "./timers";
import { pushWaiter } from "./wait-queue";
import { link } from "./write-barrier";

const INITIAL_CASES: u32 = 4;
export const NOT_READY: i32 = -1;

// @ts-ignore: decorator
@inline
function selectRecord(select: usize): SelectRecord {
  return changetype<SelectRecord>(select);
}

export function visitSelect(select: usize, cookie: u32): void {
  const s = selectRecord(select);
  __visit(s.cases, cookie);
  const end = s.cases + s.count * offsetof<Case>();
  for (let at = s.cases; at < end; at += offsetof<Case>()) {
    __visit(caseAt(at).object, cookie);
    if (caseAt(at).flags & Flag.VALUE_MANAGED) __visit(<usize>caseAt(at).value, cookie);
  }
}

/** Allocates first: it may trap, and then nothing has changed. */
export function makeRoom(select: usize): usize {
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

/** Whether the fiber has to yield before it looks again. */
// @ts-ignore: decorator
@inline
export function isBudgetSpent(): bool {
  if (budget--) return false;
  budget = BUDGET;
  return true;
}

// --- running a case ---

/** True: suspend. */
export function beginSelect(select: usize, isBiased: bool): bool {
  const fiber = requireFiber();
  const s = selectRecord(select);
  if (s.waiter) return refuseBusy();
  if (findReady(s, isBiased)) return runChosen(s);
  const deadline = armCases(s);
  if (deadline <= now()) return endChosen(s);
  return waitForCases(select, fiber, deadline);
}

/** True: suspend, to fail. */
export function pollSelect(select: usize, isBiased: bool): bool {
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
    if (!count++) s.chosen = indexOfCase(s, at);
    if (isBiased) break;
  }
  if (count > 1) s.chosen = findNthReady(s, draw(count));
  return count != 0;
}

/** There are more ready ones than that. */
function findNthReady(s: SelectRecord, n: u32): i32 {
  let at = s.cases;
  while (true) {
    const isReady = caseAt(at).isReady;
    if (isReady && callCase(isReady, at) && !n--) return indexOfCase(s, at);
    at += offsetof<Case>();
  }
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
export function endSelect(select: usize): bool {
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

export function armTimeout(at: usize, time: f64): f64 {
  return time + reinterpret<f64>(caseAt(at).value);
}

// --- misuse ---

const BUSY = "a select serves one fiber at a time, and another one waits in it: give each fiber a select of its own";

function refuseBusy(): bool {
  return beginFail(BUSY, "E_BUSY", null);
}

export function requireIdle(select: usize): void {
  if (selectRecord(select).waiter) fail(BUSY, "E_BUSY");
}

export function failDuration(milliseconds: f64): void {
  fail(`cannot wait for ${milliseconds} milliseconds: it takes 0 or more`, "E_INVALID_DURATION");
}

/**
 * The scheduler: one queue of ready fibers, first in, first out, run in turns.
 *
 * - No ready fiber is overtaken by one that became ready later.
 * - A turn ends when nothing is ready, when its time is used up, or after a number of switches. Between two reads of the clock lie
 *   1 to 512 switches: the count starts at 1 in each turn and doubles only while the reads show that time hardly passes.
 * - The loop holds no managed local and runs no write barrier.
 */
import { now, Opcode, Operation, submit } from "./abi";
import { callOf, cleanupsOf } from "./attachments";
import { callLeave } from "./callback";
import { enterCleanups } from "./cleanup";
import {
  current,
  dropFrames,
  endUnwind,
  recover,
  requireFiber,
  rest,
  resume,
  stackLimit,
  suspend,
  usedBytes,
} from "./context";
import { Failure, setCancellation, setFailure } from "./failure";
import { removeFromFiberList } from "./fiber-list";
import { abandonAll } from "./ownership";
import { Flag, indexOf, outcomeOf, Reason, Record, record, scopeOf, setOutcome, State } from "./record";
import { countReady, firstReady, makeReady, takeFirst } from "./run-queue";
import { takeNext } from "./schedule-policy";
import { claim } from "./select-case";
import { nextDeadline, stopTimer, takeExpired } from "./timers";
import { noteClock, noteLeft, noteReadied, noteRun, watchedSwitches } from "./trace";
import { shiftWaiter } from "./wait-queue";

const MAX_INTERVAL: u32 = 512;

let turnEnd: f64 = 0;
let switches: u64 = 0;
let yieldCountdown: u32 = 0;
const YIELD_INTERVAL: u32 = 256;

const ATTENTION: u16 = Flag.CANCEL_PENDING | Flag.GIVEN;

/** What concerns a wait, and is over when the frames that wait are gone. */
const OF_FRAMES: u16 = ATTENTION | Flag.VALUE_MANAGED | Flag.TIMED_OUT | Flag.SHIELDED;

export { makeReady } from "./run-queue";

/**
 * Parks the running fiber until `wake`.
 *
 * A verb that waits often does more, before: it then has two halves, `if (beginX(…)) suspend()`, and its first half ends with
 * `return beginPark(…)`. What the first half needed is gone when the fiber unwinds, so that the frame saved is a word or two.
 * @param object what it waits on, for reports
 * @param leave index of `(fiber: usize) => void`, called when the wait is left early: it must leave nothing behind, must not wait, and
 *   must not allocate
 */
// @ts-ignore: decorator
@inline
export function park(reason: Reason, object: usize, leave: u16): void {
  if (beginPark(reason, object, leave)) suspend();
}

/** The first half of `park`. True, always: suspend now. Never inlined. @throws E_NOT_IN_FIBER */
export function beginPark(reason: Reason, object: usize, leave: u16): bool {
  return parkFiber(requireFiber(), reason, object, leave);
}

/** The same for the running fiber, in the caller itself. */
// @ts-ignore: decorator
@inline
export function parkFiber(fiber: usize, reason: Reason, object: usize, leave: u16): bool {
  const f = record(fiber);
  f.reason = <i8>reason;
  f.object = object;
  f.leave = leave;
  f.state = <i8>State.PARKED;
  return true;
}

/** Ends a park of this fiber, whatever it waits for. */
// @ts-ignore: decorator
@inline
export function wake(fiber: usize): void {
  // Not in optimized builds: a twentieth of a hand-off.
  if (!ASC_OPTIMIZE_LEVEL) assert(record(fiber).state == State.PARKED, "as-fibers: only a parked fiber can be woken");
  makeReady(fiber);
}

/** Lets the other ready fibers run first. @throws E_NOT_IN_FIBER outside of a fiber */
// @ts-ignore: decorator
@inline
export function yieldNow(): void {
  suspend();
}

/**
 * Yields when the time of this turn is used up: cheap enough for inner loops, since it reads the clock only every 256 calls.
 * @throws E_NOT_IN_FIBER outside of a fiber
 */
// @ts-ignore: decorator
@inline
export function maybeYield(): void {
  if (!yieldCountdown--) yieldWhenDue();
}

function yieldWhenDue(): void {
  yieldCountdown = YIELD_INTERVAL;
  if (now() >= turnEnd) suspend();
}

/**
 * Runs ready fibers. Called by the host, from its event loop.
 * @param budget nanoseconds after which the turn ends; negative: the turn that a trap has interrupted goes on
 * @param maxSwitches switches after which it ends, for drivers whose clock stands still
 * @returns 0 when fibers are ready, else the deadline of the next timer in nanoseconds, infinite without one
 */
export function runTurn(budget: f64, maxSwitches: u32): f64 {
  return runLoop(budget, maxSwitches, false);
}

/** The same while it is watched: the host may choose who runs next, or end the turn instead, and events are noted. */
export function runWatchedTurn(budget: f64, maxSwitches: u32): f64 {
  return runLoop(budget, maxSwitches, true);
}

/** In both by itself, so that the one that is not watched has nothing of the other. */
// @ts-ignore: decorator
@inline
function runLoop(budget: f64, maxSwitches: u32, isWatched: bool): f64 {
  let time = now();
  if (budget >= 0) turnEnd = time + budget;
  else {
    budget = turnEnd - time;
    if (budget <= 0) maxSwitches = 0;
  }
  yieldCountdown = YIELD_INTERVAL;
  let ready: u32 = 0;
  if (isWatched) {
    noteClock(time);
    noteReadied(0);
    ready = countReady();
  }
  expireTimers(time);
  if (isWatched) ready += noteReadied(0);
  const quick = budget / 32;
  let interval: u32 = 1;
  while (maxSwitches) {
    const count = min(interval, maxSwitches);
    let left = count;
    while (left && firstReady()) {
      if (isWatched) {
        const fiber = takeNext(ready);
        if (!fiber) {
          rest();
          return 0;
        }
        noteRun(fiber);
        runFiber(fiber);
        ready += noteReadied(<u32>record(fiber).id) - 1;
        noteLeft(fiber);
      } else runFiber(takeFirst());
      left--;
    }
    if (!isWatched) switches += count - left;
    maxSwitches -= count - left;
    // Most turns of a program that calls JavaScript end here: to read the clock would take as long as the rest.
    if (!isWatched && !firstReady() && nextDeadline() == Infinity) break;
    const before = time;
    time = now();
    if (isWatched) noteClock(time);
    // Nothing may be ready; but when deadlines have passed meanwhile, the turn goes on.
    const isAnyReady = expireTimers(time);
    if (isWatched) ready += noteReadied(0);
    if (time >= turnEnd || !isAnyReady) break;
    // A simulated clock is read after each switch: then it does not matter into how many turns a test divides them.
    if (isWatched && budget == Infinity) continue;
    interval = time - before < quick ? min(interval << 1, MAX_INTERVAL) : max(interval >>> 2, 1);
  }
  rest();
  return firstReady() ? 0 : nextDeadline();
}

// @ts-ignore: decorator
@inline
function runFiber(fiber: usize): void {
  const f = record(fiber);
  if (!resume(fiber)) {
    conclude(fiber);
    return;
  }
  const state = f.state;
  if (usedBytes() > stackLimit()) failTooDeep(fiber);
  else if (state == State.RUNNING) {
    if (f.flags & ATTENTION && mustStrike(f)) strike(f);
    makeReady(fiber);
  } else if (state == State.PARKED) {
    if (f.flags & ATTENTION && mustStrike(f)) strikeParked(fiber);
  } else leaveForGood(fiber, state, true);
}

/** The fiber has used what it was woken with: a cancellation that had to wait strikes now. */
// @ts-ignore: decorator
@inline
function mustStrike(f: Record): bool {
  f.flags &= ~Flag.GIVEN;
  return (f.flags & (Flag.CANCEL_PENDING | Flag.SHIELDED)) == Flag.CANCEL_PENDING;
}

/** Cancels a parked fiber. A wait that owes something when it is left shields the fiber until it is done: see `Condition`. */
function strikeParked(fiber: usize): void {
  const f = record(fiber);
  leaveWait(fiber);
  if (f.flags & Flag.SHIELDED) f.flags |= Flag.CANCEL_PENDING;
  else strike(f);
  makeReady(fiber);
}

/** Drops the frames: when the fiber is next resumed, nothing of it runs, and it ends as cancelled. */
function strike(f: Record): void {
  dropFrames(f);
  f.flags &= ~Flag.CANCEL_PENDING;
  setOutcome(f, <i8>State.CANCELLED);
  f.entry = indexOf(changetype<usize>(enterNothing));
}

function enterNothing(_fiber: usize): bool {
  return endUnwind();
}

function leaveWait(fiber: usize): void {
  const f = record(fiber);
  callLeave(f.leave, fiber);
}

function failTooDeep(fiber: usize): void {
  const f = record(fiber);
  if (f.state == State.PARKED) leaveWait(fiber);
  if (f.state <= State.PARKED) {
    const message = `cannot suspend: its frames need ${usedBytes()} bytes, and the limit is ${stackLimit()}: recurse less deep, or raise stackLimit when loading the module`;
    setFailure(fiber, new Failure(fiber, "E_STACK_TOO_DEEP", message));
    f.state = <i8>State.FAILED;
  }
  leaveForGood(fiber, f.state, true);
}

/** The fiber has left its frames for good, as failed or cancelled. */
function leaveForGood(fiber: usize, outcome: i8, hasUnwound: bool): void {
  const f = record(fiber);
  if (outcome == State.FAILED && hasUnwound) changetype<Failure>(f.failure).keepFrames(f);
  // The first reason stays: a cleanup that fails does not hide why the fiber ended.
  if (f.flags & Flag.CLEANING && outcomeOf(f) != State.DONE) Failure.setAside(fiber);
  else setOutcome(f, outcome);
  conclude(fiber);
}

/** No frames of the fiber are left. Runs its cleanups first, if it has any; then it has ended. */
function conclude(fiber: usize): void {
  const f = record(fiber);
  dropFrames(f);
  if (cleanupsOf(fiber)) {
    // What was still to strike or to wake it was for the frames that are gone: cleanups are not interrupted.
    f.flags = (f.flags & ~OF_FRAMES) | Flag.CLEANING;
    f.entry = indexOf(changetype<usize>(enterCleanups));
    makeReady(fiber);
    return;
  }
  finish(fiber);
}

function finish(fiber: usize): void {
  const f = record(fiber);
  f.state = outcomeOf(f);
  f.flags &= Flag.PAYLOAD_MANAGED | Flag.TASK;
  if (f.state != State.DONE) {
    // The argument is not needed any more, and there is no result.
    f.payload = 0;
    f.flags &= Flag.TASK;
  }
  abandonAll(fiber);
  const scope = scopeOf(f);
  if (scope) callLeave(load<u16>(scope), fiber);
  while (true) {
    const joiner = shiftWaiter(fiber + offsetof<Record>("joiners"));
    if (!joiner) break;
    wake(claim(joiner));
  }
  const call = callOf(fiber);
  if (call) {
    settle(call - 1, f.state == State.DONE ? 0 : f.failure);
    return;
  }
  removeFromFiberList(fiber);
  // The failure of a scope's fiber is the scope's, unless that has let go of the fiber.
  if (f.state == State.FAILED && !scopeOf(f)) {
    f.flags |= Flag.UNOBSERVED;
    Failure.addUnobserved(changetype<Failure>(f.failure));
  }
}

const settlement: usize = memory.data(28, 4);

function settle(call: u32, failure: usize): void {
  const operation = changetype<Operation>(settlement);
  operation.opcode = Opcode.SETTLE;
  operation.handle = call;
  operation.argument = <u32>failure;
  submit(settlement);
}

/** Cancels a fiber; see `Fiber.cancel`. */
export function cancelFiber(fiber: usize, reason: string): void {
  if (fiber != current()) {
    cancelOther(fiber, reason);
  } else if (beginCancelSelf(fiber, reason)) {
    suspend();
  }
}

/** True: suspend, for good. One that was cancelled already ends at once, for that reason. */
function beginCancelSelf(fiber: usize, reason: string): bool {
  if (!beginCancel(fiber, reason) && !(record(fiber).flags & Flag.CANCEL_PENDING)) return false;
  record(fiber).state = <i8>State.CANCELLED;
  return true;
}

/** False: it has ended, or is ending already. */
function beginCancel(fiber: usize, reason: string): bool {
  const f = record(fiber);
  if (f.state >= State.DONE || f.flags & (Flag.CLEANING | Flag.CANCEL_PENDING) || outcomeOf(f) != State.DONE)
    return false;
  setCancellation(fiber, reason.length ? reason : "cancelled");
  return true;
}

/** Cancels a fiber that is not the running one. */
export function cancelOther(fiber: usize, reason: string): void {
  if (!beginCancel(fiber, reason)) return;
  const f = record(fiber);
  if (f.flags & (Flag.GIVEN | Flag.SHIELDED)) f.flags |= Flag.CANCEL_PENDING;
  else if (f.state == State.PARKED) strikeParked(fiber);
  else strike(f);
}

/** The running fiber has trapped; the host caught it. Ends the fiber as failed. */
export function failTrapped(code: string, message: string, frames: string): void {
  const fiber = recover();
  assert(fiber != 0, "as-fibers: a trap outside of a fiber cannot be charged to one");
  if (record(fiber).state == State.PARKED) leaveWait(fiber);
  const failure = new Failure(fiber, code, message);
  failure.keepTrap(frames);
  setFailure(fiber, failure);
  leaveForGood(fiber, <i8>State.FAILED, false);
}

/** Ends the waits whose deadlines have passed. True when a fiber is ready. */
function expireTimers(time: f64): bool {
  while (true) {
    const fiber = takeExpired(time);
    if (!fiber) return firstReady() != 0;
    if (record(fiber).reason == Reason.SLEEP) wake(fiber);
    else expireWait(fiber);
  }
}

/** The deadline of a wait for something else: it is left, and its verb is told by the flag. */
function expireWait(fiber: usize): void {
  leaveWait(fiber);
  record(fiber).flags |= Flag.TIMED_OUT;
  makeReady(fiber);
}

/** Whether the time of this turn is used up. For verbs that may end at once, again and again: they yield first. */
export function isTurnOver(): bool {
  return now() >= turnEnd;
}

/** How a sleeping fiber leaves its wait. */
export function leaveTimer(fiber: usize): void {
  stopTimer(fiber);
}

/** How many times a fiber was resumed since the start. */
export function switchCount(): u64 {
  return switches + watchedSwitches();
}

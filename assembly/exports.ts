/**
 * What the host calls. The transform exports these under the names that `host/abi.ts` lists, and removes the program's own raw exports.
 */
import { ABI_VERSION, Completion, COMPLETIONS_CAPACITY, OUTPUT_SLOT } from "./abi";
import { isAreaIntact, reserveArea, trace, usedFrames } from "./context";
import { completeOperation } from "./event-queue";
import { Failure, readyReports } from "./failure";
import { createSentinel, Fiber } from "./fiber";
import { beginFiberList, fiberCount, firstFiber } from "./fiber-list";
import { completeOutput } from "./output";
import { Record, record } from "./record";
import { Choosing, setChoosing } from "./schedule-policy";
import { cancelFiber, failTrapped, runTurn, runWatchedTurn, switchCount } from "./scheduler";
import { timerDeadline } from "./timers";
import { beginTrace } from "./trace";

export { callFailure, cancelCall, releaseCall } from "./calls";
export { abandonRewind } from "./context";

let sentinel: Fiber | null = null;

/** Strings of the host that the program does not hold yet. Not pinned: pinning costs the collector's inner loop its inlining. */
class Held {
  constructor(
    public text: string,
    public next: Held | null,
  ) {}
}

let held: Held | null = null;
let completions: usize = 0;

/** Memory that is given back when a fiber has exhausted the rest: enough to record its failure. */
const RESERVE_BYTES: usize = 4096;
let reserve: usize = 0;

/** Builds the initial state. The first statement of every program; see the transform. */
export function initialize(): void {
  if (sentinel) return;
  const fiber = createSentinel();
  sentinel = changetype<Fiber>(fiber);
  beginFiberList(fiber);
  completions = heap.alloc(COMPLETIONS_CAPACITY * offsetof<Completion>());
}

/** The number of the ABI that this module was built with. */
export function abiVersion(): u32 {
  return ABI_VERSION;
}

/** Reserves the memory for switching. Called once, before the first turn. */
export function configure(stackLimit: u32, redZone: u32): void {
  reserveArea(stackLimit, redZone);
  reserve = heap.alloc(RESERVE_BYTES);
}

/** Where the host writes completions before a turn. */
export function completionBuffer(): usize {
  return completions;
}

/** Delivers a batch of completions. */
export function complete(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const completion = changetype<Completion>(completions + i * offsetof<Completion>());
    if (completion.slot == OUTPUT_SLOT) completeOutput(<u32>completion.result);
    else completeOperation(completion);
  }
}

let isWatched: bool = false;

/**
 * Notes what happens from now on, and lets the host choose. Only between turns.
 * @param capacity how many events are kept, a power of two; 0: only their hash
 * @returns where the trace is: see trace.ts
 */
export function watch(capacity: u32, choosing: Choosing): usize {
  isWatched = true;
  setChoosing(choosing);
  return beginTrace(capacity);
}

/** See `runTurn`. */
export function turn(budget: f64, maxSwitches: u32): f64 {
  return isWatched ? runWatchedTurn(budget, maxSwitches) : runTurn(budget, maxSwitches);
}

/** Before `trapped`, which allocates: memory may be exhausted, so a reserve is given back. */
export function beforeTrapped(): void {
  if (reserve) heap.free(reserve);
  reserve = 0;
}

/** The running fiber has trapped: ends it as failed. The host has put the shadow stack back before. */
export function trapped(code: string, message: string, frames: string): void {
  failTrapped(code, message, frames);
}

/** After `trapped`: takes the reserve again; traps when memory has no room for it yet, and can then be called later. With `isExhausted`, what the fiber held is collected first. */
export function afterTrapped(isExhausted: bool): void {
  if (isExhausted) __collect();
  if (!reserve) reserve = heap.alloc(RESERVE_BYTES);
}

/** Cancels every fiber; each ends after its cleanups. */
export function cancelAll(reason: string): void {
  // Cancelling changes the state of a fiber, never the list; fibers leave it when the scheduler next runs.
  for (let fiber = firstFiber(); fiber; fiber = record(fiber).nextFiber) cancelFiber(fiber, reason);
}

/** A new string of so many UTF-16 units, kept alive until `releaseStrings`; the host writes its characters. */
export function newString(length: u32): usize {
  const text = __new(length << 1, idof<string>());
  held = new Held(changetype<string>(text), held);
  return text;
}

/** The program now holds the strings that it needs. */
export function releaseStrings(): void {
  held = null;
}

/** Has the host note the stack trace of a failure; false when there is none to read. */
export function traceFailure(failure: usize): bool {
  const frames = load<usize>(failure, offsetof<Failure>("frames"));
  if (!frames) return false;
  const scratch = changetype<usize>(sentinel);
  record(scratch).entry = <u16>load<u32>(failure, offsetof<Failure>("entry"));
  record(scratch).body = <u16>load<u32>(failure, offsetof<Failure>("body"));
  trace(scratch, frames, load<u32>(frames - 4));
  return true;
}

/** Has the host note the stack trace of a parked or yielding fiber; false when it has not started. */
export function traceFiber(fiber: usize): bool {
  const f = record(fiber);
  if (!f.frames) return false;
  trace(fiber, f.region, f.frames);
  return true;
}

/** The next failure that nobody looked at, 0 when there is none: with `all` any, else only of fibers that were collected. */
export function takeReport(all: bool): usize {
  return changetype<usize>(Failure.takeUnobserved(all));
}

/** How many such failures of collected fibers wait. */
export function reportCount(): u32 {
  return readyReports();
}

/** The oldest fiber that has not ended; the host follows `nextFiber`. */
export function fibers(): usize {
  return firstFiber();
}

export function countFibers(): u32 {
  return fiberCount();
}

export function countSwitches(): f64 {
  return <f64>switchCount();
}

/** A full collection. Only between turns. */
export function collect(): void {
  __collect();
}

/** True when no unwinding has ever written behind the red zone. */
export function isIntact(): bool {
  return isAreaIntact();
}

/** When the wait of a fiber ends by itself, in nanoseconds of the driver's clock; infinite: not because of the time. */
export function deadlineOf(fiber: usize): f64 {
  return record(fiber).timer ? timerDeadline(fiber) : Infinity;
}

/** Size of a fiber's record, to check that both sides agree. */
export function recordSize(): u32 {
  return offsetof<Record>();
}

/** Where the unwind area begins, whose contents are dead between turns. */
export function deadArea(): usize {
  return usedFrames();
}

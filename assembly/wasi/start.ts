/**
 * The life of a program on target `wasi`: main runs as a fiber, turn follows turn, and between them `poll_oneoff` waits until something can
 * be done. What the JavaScript host does in `host/turns.ts`, `host/app.ts` and the command.
 *
 * It ends when main has ended: the other fibers are cancelled, their cleanups run, for a second at most. Exit codes: 0 when main has
 * returned; 1 when it has failed, or when nothing can wake any fiber any more; 2 when the command line does not suit main.
 */
import { cancelAll, collect, configure, countFibers, isIntact, reportCount } from "../exports";
import { Failure, observeFailure } from "../failure";
import { run } from "../fiber";
import { record, State } from "../record";
import { runTurn } from "../scheduler";
import { Runtime } from "shared/runtime";
import { now } from "./clock";
import { advance, canGoOn } from "./driver";
import { flushOutput, writeError } from "./output";
import { proc_exit } from "./preview1";
import { describeFailure, describeFibers, headline } from "./report";

/** Nanoseconds after which a turn ends, so that operations are looked after while fibers are busy. */
const TURN_BUDGET: f64 = 4e6;

/** Nanoseconds that cleanups may take when the program ends. */
const GRACE: f64 = 1e9;

/** Below so many bytes of objects, the runtime `minimal` is not collected. */
const MIN_COLLECTED: u32 = 1 << 20;

let collectAt: u32 = MIN_COLLECTED;

/** Runs the program until main has ended. */
export function runProgram(main: () => void, stackLimit: u32, redZone: u32): void {
  configure(stackLimit, redZone);
  // Pinned: a fiber that has ended is in no list.
  const fiber = __pin(changetype<usize>(run(main, "main")));
  let deadlock = "";
  while (true) {
    const next = takeTurn();
    if (record(fiber).state >= State.DONE) break;
    if (wait(next, Infinity)) continue;
    deadlock = headline("E_DEADLOCK", "nothing can wake these fibers any more:") + describeFibers();
    break;
  }
  const isDone = record(fiber).state == State.DONE;
  if (!isDone) observeFailure(fiber);
  endFibers();
  reportUnobserved(true);
  if (deadlock.length) writeError(deadlock);
  else if (!isDone) writeError(describeFailure(observeFailure(fiber)!));
  flushOutput();
  if (!isDone) proc_exit(1);
}

/** One turn. When the next one is due: see `runTurn`. */
function takeTurn(): f64 {
  const next = runTurn(TURN_BUDGET, u32.MAX_VALUE);
  if (!isIntact())
    die("the frames of a fiber were written behind their limit: the stack of this WASI host is too large");
  collectWhenDoubled();
  if (reportCount()) reportUnobserved(false);
  return next;
}

/** Waits until the next turn, which is not later than `latest`. False when nothing can happen any more. */
function wait(next: f64, latest: f64): bool {
  const wakeUp = min(next, latest);
  if (wakeUp == Infinity && !canGoOn()) return false;
  advance(next == 0 ? 0 : wakeUp == Infinity ? Infinity : max(wakeUp - now(), 0));
  return true;
}

/** Cancels what still runs, and lets cleanups run. */
function endFibers(): void {
  const latest = now() + GRACE;
  cancelAll("the program is ending");
  while (countFibers() && now() < latest) {
    const next = takeTurn();
    if (countFibers()) wait(next, latest);
  }
}

function reportUnobserved(all: bool): void {
  for (let failure = Failure.takeUnobserved(all); failure; failure = Failure.takeUnobserved(all)) {
    writeError("as-fibers: nobody looked at the failure of this fiber:\n" + describeFailure(failure));
  }
}

/** The runtime `minimal` never scans the stack, so it is collected between turns, when the bytes in use have doubled. */
function collectWhenDoubled(): void {
  if (ASC_RUNTIME != Runtime.Minimal || liveBytes() < collectAt) return;
  collect();
  collectAt = max(2 * liveBytes(), MIN_COLLECTED);
}

/** Bytes that objects take. The transform gives it its body: the collector's count is not visible here. */
export function liveBytes(): u32 {
  return 0;
}

function die(message: string): void {
  writeError(`as-fibers: ${message}\n`);
  proc_exit(255);
}

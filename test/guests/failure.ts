// Fibers that fail on purpose.
import { defer, fail, Failure, Fiber, go, run, sleep, spawn, State, Task, yieldNow } from "as-fibers/assembly";
import { log, takeLog } from "./support/log";

function failAtOnce(text: string): void {
  fail(text, "E_ASKED");
  log("cannot be here");
}

function failPlain(): void {
  fail("no code");
}

function failDeep(levels: i32): i32 {
  const text = `level ${levels}`;
  if (levels == 0) fail("at the bottom", "E_BOTTOM");
  const below = failDeep(levels - 1);
  log(`cannot be here: ${text}`);
  return below + text.length;
}

function failInLoop(rounds: i32): void {
  for (let i = 0; ; i++) {
    if (i == rounds) fail(`after ${i}`);
    yieldNow();
  }
}

function tell(error: Failure | null): void {
  if (error) log(`${error.code} | ${error.message} | "${error.fiberName}" | ${error.cause != null}`);
  else log("no error");
}

export function codesAndMessages(): string {
  const coded = go(failAtOnce, "told", "coded");
  const plain = run(failPlain, "plain");
  const empty = go(failAtOnce, "");
  tell(coded.error);
  yieldNow();
  tell(coded.error);
  tell(plain.error);
  tell(empty.error);
  log(plain.error!.toString());
  log(`${plain.error!.fiberId == plain.id}`);
  return takeLog();
}

/** All frames are left: nothing of them runs. */
export function nested(levels: i32): string {
  const task = spawn(failDeep, levels, "deep");
  log(`${task.tryJoin()}`);
  tell(task.error);
  return takeLog();
}

export function afterWaits(rounds: i32): string {
  const fiber = go(failInLoop, rounds);
  log(`${fiber.tryJoin()}`);
  tell(fiber.error);
  return takeLog();
}

export function noErrorWhenDone(): string {
  const fiber = run(takeNothing);
  tell(fiber.error);
  fiber.join();
  tell(fiber.error);
  return takeLog();
}

function takeNothing(): void {}

/** So many failures at this depth; returns how many were seen. */
export function failMany(count: i32, levels: i32): i32 {
  let seen = 0;
  for (let i = 0; i < count; i++) {
    const task = spawn(failDeep, levels);
    if (!task.tryJoin() && task.error!.code == "E_BOTTOM") seen++;
  }
  return seen;
}

export { heapBase } from "./support/heap";

/** For JavaScript: the failure of the call's own fiber. */
export function failHere(text: string, code: string): void {
  yieldNow();
  fail(text, code);
}

function joinNext(levels: i32): void {
  if (levels == 0) fail("the root of it", "E_ROOT");
  go(joinNext, levels - 1, `level ${levels - 1}`).join();
}

/** For JavaScript: a chain of causes. */
export function failByChain(levels: i32): void {
  joinNext(levels);
}

let kept: Fiber[] = [];

/** A failure that nobody looks at, of a fiber that is still referred to. */
export function failUnseen(text: string): void {
  kept.push(go(failAtOnce, text, "unseen"));
  yieldNow();
  yieldNow();
}

/** The same of fibers that nobody refers to. */
export function failForgotten(count: i32): void {
  for (let i = 0; i < count; i++) go(failAtOnce, `forgotten ${i}`, `f${i}`);
  yieldNow();
  yieldNow();
}

export function drop(): void {
  kept = [];
}

/** Looks at the failures in this way. */
export function look(how: i32): i32 {
  let failed = 0;
  for (let i = 0; i < kept.length; i++) {
    if (how == 0 && !kept[i].tryJoin()) failed++;
    if (how == 1 && kept[i].error != null) failed++;
    if (how == 2) {
      const joiner = go(joinKept, i);
      if (!joiner.tryJoin()) failed++;
    }
    if (how == 3 && kept[i].state == State.FAILED) failed++;
  }
  return failed;
}

/** Both in one call: nothing is reported between. */
export function failAndLook(text: string, how: i32): i32 {
  failUnseen(text);
  return look(how);
}

function joinKept(i: i32): void {
  kept[i].join();
}

export function cancelUnseen(): void {
  const fiber = run(sleepLong);
  yieldNow();
  fiber.cancel("not wanted");
  yieldNow();
}

function sleepLong(): void {
  sleep(1e6);
}

/** Waits, so that a call is pending. */
export function wait(milliseconds: f64): void {
  sleep(milliseconds);
}

function failToClean(text: string): void {
  yieldNow();
  fail(`cleaning ${text}`, "E_CLEANING");
}

function failTwice(text: string): void {
  defer(failToClean, text);
  defer(failToClean, text + " more");
  fail(text, "E_FIRST");
}

function returnThenFail(text: string): void {
  defer(failToClean, text);
  defer(failToClean, text + " more");
}

/** A cleanup that fails: what the fiber failed with. The other failures are reported. */
export function failInCleanup(how: i32): string {
  const fiber = how == 0 ? go(failTwice, "first") : go(returnThenFail, "late");
  if (how == 2) {
    yieldNow();
    fiber.cancel("stopped");
  }
  log(`${fiber.tryJoin()} ${fiber.state}`);
  tell(fiber.error);
  return takeLog();
}

let tasks: Task<i32>[] = [];

/** Failures that are kept with their frames, for long. */
export function keepFailures(count: i32, levels: i32): i32 {
  for (let i = 0; i < count; i++) tasks.push(spawn(failDeep, levels, `kept ${i}`));
  yieldNow();
  yieldNow();
  let failed = 0;
  for (let i = 0; i < count; i++) if (tasks[i].state == State.FAILED) failed++;
  return failed;
}

export function readFailures(): i32 {
  let right = 0;
  for (let i = 0; i < tasks.length; i++) {
    const error = tasks[i].error!;
    if (error.code == "E_BOTTOM" && error.fiberName == `kept ${i}` && error.message == "at the bottom") right++;
  }
  tasks = [];
  return right;
}

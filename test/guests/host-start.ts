// What its top-level statements do, JavaScript chooses by an import.
import { defer, fail, Fiber, go, print, run, sleep, spawn, Task, yieldNow } from "as-fibers/assembly";

@external("app", "choice")
declare function choice(): i32;

enum Choice {
  NOTHING,
  SLEEP,
  YIELD,
  CURRENT,
  FAIL,
  THROW,
  TRAP,
  GO,
  GO_AND_FAIL,
  DEFER,
  JOIN,
  ABORT_IN_CALL,
}

let started = 0;
let task: Task<i32> | null = null;

function work(value: i32): void {
  yieldNow();
  started += value;
  print(`worked on ${value}`);
}

function square(value: i32): i32 {
  sleep(1000);
  return value * value;
}

function failing(): void {
  fail("nobody waits for me", "E_EXAMPLE");
}

function ignore(_value: i32): void {}

function thrower(): void {
  throw new Error("thrown in a function");
}

const chosen = choice();
if (chosen == Choice.SLEEP) sleep(1);
if (chosen == Choice.YIELD) yieldNow();
if (chosen == Choice.CURRENT) Fiber.current();
if (chosen == Choice.FAIL) fail("failed at the top", "E_EXAMPLE");
if (chosen == Choice.THROW) throw new Error("thrown at the top");
if (chosen == Choice.TRAP) unreachable();
if (chosen == Choice.GO) {
  go(work, 1, "first");
  go(work, 2, "second");
  task = spawn(square, 12, "third");
  print("top-level statements have ended");
}
if (chosen == Choice.GO_AND_FAIL) run(failing, "forgotten");
if (chosen == Choice.DEFER) defer(ignore, 1);
if (chosen == Choice.JOIN) run(failing).join();
if (chosen == Choice.ABORT_IN_CALL) thrower();

export function sumOfStarted(): i32 {
  return started;
}

/** Waits for the task that a top-level statement has started. */
export function joinStarted(): i32 {
  return task!.join();
}

export function failsOnce(): void {
  failing();
}

// What an instance does in its life: sleeps, spins, prints, waits for what never comes, and cleans up when it is closed.
import { defer, fail, Fiber, go, monotonicNow, print, run, sleep, spawn, Task, yieldNow } from "as-fibers/assembly";

@external("app", "isStopped")
declare function isStopped(): bool;

let rounds: i32 = 0;

export function sleepFor(milliseconds: f64): f64 {
  sleep(milliseconds);
  return milliseconds;
}

/** How long a sleep took, in nanoseconds. */
export function measureSleep(milliseconds: f64): i64 {
  const begin = monotonicNow();
  sleep(milliseconds);
  return monotonicNow() - begin;
}

/** Yields until JavaScript says stop. */
export function spin(): i32 {
  let count = 0;
  while (!isStopped()) {
    count++;
    yieldNow();
  }
  return count;
}

export function spinForever(): void {
  while (true) {
    rounds++;
    yieldNow();
  }
}

export function countRounds(): i32 {
  return rounds;
}

function sleepAndTell(milliseconds: f64): void {
  sleep(milliseconds);
  print(`cleaned up after ${milliseconds}`);
}

function spinOn(_value: i32): void {
  while (true) yieldNow();
}

/** Sleeps; its cleanup takes that long, and prints. */
export function sleepAndClean(milliseconds: f64, cleanup: f64): void {
  defer(sleepAndTell, cleanup);
  sleep(milliseconds);
  print("woke up");
}

/** Its cleanup never ends. */
export function neverClean(): void {
  defer(spinOn, 0);
  sleep(Infinity);
}

let first: Fiber | null = null;
let second: Fiber | null = null;

function joinSecond(): void {
  second!.join();
}

function joinFirst(): void {
  first!.join();
}

/** Joins two fibers that join each other. */
export function joinRing(): void {
  first = run(joinSecond, "first");
  second = run(joinFirst, "second");
  first!.join();
}

function sleeping(milliseconds: f64): void {
  sleep(milliseconds);
}

export function startSleepers(count: i32, milliseconds: f64): void {
  for (let i = 0; i < count; i++) go(sleeping, milliseconds, `sleeper ${i}`);
}

function failing(milliseconds: f64): i32 {
  sleep(milliseconds);
  fail(`failed after ${milliseconds}`, "E_EXAMPLE");
  return 0;
}

/** Starts fibers that fail, and looks at none of them. */
export function startFailing(count: i32, milliseconds: f64): void {
  for (let i = 0; i < count; i++) spawn(failing, milliseconds, `failing ${i}`);
}

/** Starts a fiber that fails, and looks at its failure. */
export function lookAtFailing(): string {
  const task: Task<i32> = spawn(failing, 1.0, "failing");
  task.tryJoin();
  return task.error!.code;
}

/** Lines of so many bytes each, their newline included. */
export function printLines(count: i32, bytes: i32): i32 {
  const line = "x".repeat(bytes - 1);
  for (let i = 0; i < count; i++) print(line);
  return count;
}

/** Numbered lines, each in a turn of its own. */
export function printNumbers(count: i32): void {
  for (let i = 0; i < count; i++) {
    print(`${i}`);
    yieldNow();
  }
}

export function printText(text: string): void {
  print(text);
}

export function printAndAsk(text: string): bool {
  print(text);
  return isStopped();
}

print("started");

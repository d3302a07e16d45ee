// Who runs when, and how long a turn lasts.
import { defer, fail, Fiber, go, maybeYield, run, sleep, yieldNow } from "as-fibers/assembly";
import { Flag, Reason, record } from "as-fibers/assembly/record";
import { park, wake } from "as-fibers/assembly/scheduler";
import { timerCount } from "as-fibers/assembly/timers";
import { log, takeLog } from "./support/log";

/** Lets the driver's clock go on by so many nanoseconds. */
@external("test", "work")
declare function workFor(nanoseconds: f64): void;

let waiting: i32 = 0;
let overtakings: i32 = 0;
let becameReady: i32 = 0;
let lastRun: i32 = 0;

class Step {
  constructor(
    public number: i32,
    public rounds: i32,
  ) {}
}

function logRounds(step: Step): void {
  for (let i = 0; i < step.rounds; i++) {
    log(`${step.number}.${i}`);
    yieldNow();
  }
}

/** In turn, and a fiber that is done early leaves the others' order as it was. */
export function inTurn(fibers: i32, rounds: i32): string {
  for (let i = 0; i < fibers; i++) go(logRounds, new Step(i, rounds + (i % 2)));
  for (let i = 0; i < rounds + 2; i++) {
    log("main");
    yieldNow();
  }
  return takeLog();
}

/** Takes a number whenever it becomes ready; numbers must come up in their order. */
function takeNumbers(rounds: i32): void {
  for (let i = 0; i < rounds; i++) {
    const number = becameReady++;
    yieldNow();
    if (number < lastRun) overtakings++;
    lastRun = number;
    if ((number & 7) == 3) {
      go(takeNumbersOnce, becameReady++);
    }
  }
  waiting--;
}

function takeNumbersOnce(number: i32): void {
  if (number < lastRun) overtakings++;
  lastRun = number;
}

/** So many fibers that yield and start others; returns how often one was overtaken. */
export function countOvertakings(fibers: i32, rounds: i32): i32 {
  waiting = fibers;
  overtakings = 0;
  becameReady = 0;
  lastRun = 0;
  for (let i = 0; i < fibers; i++) go(takeNumbers, rounds);
  while (waiting) yieldNow();
  return overtakings;
}

let isDone: bool = false;

function setDone(): void {
  isDone = true;
}

/** Spins until another fiber has run; true when that happened before it gave up. */
export function spinUntilDone(limit: i32): bool {
  isDone = false;
  run(setDone);
  for (let i = 0; i < limit && !isDone; i++) maybeYield();
  return isDone;
}

/** How many of so many calls of maybeYield gave way. */
export function countMaybeYields(calls: i32, nanosecondsEach: f64): i32 {
  isDone = false;
  let times = 0;
  const counter = go(countRuns, 0);
  for (let i = 0; i < calls; i++) {
    workFor(nanosecondsEach);
    const before = runs;
    maybeYield();
    if (runs != before) times++;
  }
  isDone = true;
  counter.join();
  return times;
}

let runs: i32 = 0;

function countRuns(_unused: i32): void {
  while (!isDone) {
    runs++;
    yieldNow();
  }
}

function workAndYield(nanoseconds: f64): void {
  for (let i = 0; i < 20; i++) {
    workFor(nanoseconds);
    yieldNow();
  }
}

/** Fibers that take so long at each run. */
export function workInParts(fibers: i32, nanoseconds: f64): void {
  const all: Fiber[] = [];
  for (let i = 0; i < fibers; i++) all.push(go(workAndYield, nanoseconds));
  for (let i = 0; i < fibers; i++) all[i].join();
}

function sleepAndLog(milliseconds: f64): void {
  sleep(milliseconds);
  log(`slept ${milliseconds}`);
}

/** Timers that expire while others are busy are served in the middle of it. */
export function sleepWhileBusy(nanoseconds: f64): string {
  go(sleepAndLog, 2);
  go(sleepAndLog, 1);
  for (let i = 0; i < 6; i++) {
    workFor(nanoseconds);
    log(`busy ${i}`);
    yieldNow();
  }
  sleep(10);
  return takeLog();
}

let parked: Fiber | null = null;
let left: i32 = 0;

function leave(_fiber: usize): void {
  left++;
}

function address(fiber: Fiber): usize {
  return changetype<usize>(fiber);
}

function leaveIndex(): u16 {
  const fn: (fiber: usize) => void = leave;
  return <u16>fn.index;
}

function parkForever(_unused: i32): void {
  park(Reason.NONE, 0, leaveIndex());
  log("cannot be here");
}

/** A wait that is left early is left once. */
export function leaveEarly(): string {
  left = 0;
  const fiber = go(parkForever, 0);
  yieldNow();
  fiber.cancel();
  fiber.cancel();
  log(`left ${left}, state ${fiber.state}`);
  log(`${fiber.tryJoin()} ${fiber.state}`);
  return takeLog();
}

function cleanSlowly(text: string): void {
  log(`cleanup begins`);
  yieldNow();
  sleep(1);
  log(`cleanup ends`);
}

function takeGiven(how: i32): void {
  defer(cleanSlowly, "");
  park(Reason.NONE, 0, leaveIndex());
  log("has it");
  if (how == 1) yieldNow();
  if (how == 2) park(Reason.NONE, 0, leaveIndex());
  if (how == 3) sleep(1000);
  if (how == 4) fail("by itself");
  log("returns");
}

/** Woken with something, then cancelled before it has run: it uses that first. Without `isGiven`, it was woken with nothing. */
export function cancelGiven(how: i32, isGiven: bool): string {
  left = 0;
  const fiber = go(takeGiven, how);
  yieldNow();
  if (isGiven) record(address(fiber)).flags |= Flag.GIVEN;
  wake(address(fiber));
  fiber.cancel("not needed any more");
  fiber.cancel("twice");
  fiber.tryJoin();
  const error = fiber.error;
  log(`state ${fiber.state}, ${error ? error.toString() : "no error"}, left ${left}, ${timerCount()} timers`);
  return takeLog();
}

/** Without a cancellation, nothing strikes. */
export function useGiven(how: i32): string {
  left = 0;
  const fiber = go(takeGiven, how);
  yieldNow();
  record(address(fiber)).flags |= Flag.GIVEN;
  wake(address(fiber));
  fiber.tryJoin();
  log(`state ${fiber.state}`);
  return takeLog();
}

/** An impossible wake stops with its own sentence. */
export function wakeReady(): void {
  const fiber = go(parkForever, 0);
  wake(address(fiber));
}

function failSoon(_unused: i32): void {
  fail("soon");
}

/** What a mixed program does, for comparing one run with another. */
export function mixed(fibers: i32): string {
  for (let i = 0; i < fibers; i++) {
    go(logRounds, new Step(i, i % 4));
    go(sleepAndLog, <f64>(i % 7) / 2);
    if (i % 5 == 0) go(failSoon, 0).tryJoin();
  }
  sleep(100);
  return takeLog();
}

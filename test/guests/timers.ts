// The heap of timers by itself, and sleeping fibers.
import { Fiber, go, monotonicNow, sleep, spawn, Task, yieldNow } from "as-fibers/assembly";
import { Record, record } from "as-fibers/assembly/record";
import { nextDeadline, startTimer, stopTimer, takeExpired, timerCount } from "as-fibers/assembly/timers";
import { log, takeLog } from "./support/log";

export { heapBase } from "./support/heap";

/** Records that no scheduler knows, one after another in raw memory. */
let records: usize = 0;

function fakeFiber(i: u32): usize {
  return records + i * offsetof<Record>();
}

function makeRecords(count: u32): void {
  records = heap.alloc(count * offsetof<Record>());
  memory.fill(records, 0, count * offsetof<Record>());
}

function numberOf(fiber: usize): i32 {
  return fiber ? <i32>((fiber - records) / offsetof<Record>()) : -1;
}

/**
 * Executes "s<fiber>:<deadline>", "c<fiber>" and "e<time>", separated by spaces: start, cancel, and expire everything that is due.
 * Logs what expired, and after each the number of timers and the next deadline.
 */
export function execute(program: string, fibers: i32): string {
  makeRecords(fibers);
  const instructions = program.length ? program.split(" ") : [];
  for (let i = 0; i < instructions.length; i++) {
    const text = instructions[i].substring(1);
    switch (instructions[i].charCodeAt(0)) {
      case 0x73: {
        // s
        const parts = text.split(":");
        startTimer(fakeFiber(I32.parseInt(parts[0])), parseFloat(parts[1]));
        break;
      }
      case 0x63: // c
        stopTimer(fakeFiber(I32.parseInt(text)));
        break;
      case 0x65: {
        // e
        let expired = "expired";
        const time = parseFloat(text);
        for (let fiber = takeExpired(time); fiber; fiber = takeExpired(time)) expired += ` ${numberOf(fiber)}`;
        log(expired);
        break;
      }
    }
    log(`${timerCount()} ${nextDeadline()}`);
  }
  while (timerCount()) takeExpired(Infinity);
  heap.free(records);
  return takeLog();
}

let random: u32 = 1;

function nextRandom(): u32 {
  random ^= random << 13;
  random ^= random >> 17;
  random ^= random << 5;
  return random;
}

/**
 * So many timers at random deadlines, many of them equal; a third is cancelled, in random order; the others expire in batches. Returns
 * what is wrong: one that comes before an earlier one, one of several equal ones that comes before one that was started first, one that
 * was cancelled, one that comes too early, or one that is left.
 */
export function many(count: i32, seed: i32): string {
  random = <u32>seed * 2654435761 + 1;
  makeRecords(count);
  const deadlines = new StaticArray<f64>(count);
  for (let i = 0; i < count; i++) {
    deadlines[i] = <f64>(nextRandom() % (<u32>count / 4 + 1));
    startTimer(fakeFiber(i), deadlines[i]);
  }
  let cancelled = 0;
  for (let i = 0; i < count / 3; i++) {
    const one = nextRandom() % <u32>count;
    if (!record(fakeFiber(one)).timer) continue;
    stopTimer(fakeFiber(one));
    deadlines[one] = -1;
    cancelled++;
  }
  let expired = 0;
  let wrong = 0;
  let last: f64 = -1;
  let lastNumber = -1;
  for (let time: f64 = 0; timerCount(); time += 1 + <f64>(nextRandom() % 100)) {
    for (let fiber = takeExpired(time); fiber; fiber = takeExpired(time)) {
      const number = numberOf(fiber);
      const deadline = deadlines[number];
      if (deadline < 0 || deadline > time || deadline < last || (deadline == last && number < lastNumber)) wrong++;
      last = deadline;
      lastNumber = number;
      expired++;
    }
  }
  heap.free(records);
  return `${expired + cancelled - count} missing, ${wrong} wrong, ${timerCount()} left`;
}

function sleepAndTell(milliseconds: f64): void {
  const begin = monotonicNow();
  sleep(milliseconds);
  log(`${Fiber.current().name} ${milliseconds} ${monotonicNow() - begin}`);
}

/** One fiber for each duration, named by its number: who wakes when, and after how many nanoseconds. */
export function sleepAll(durations: string): string {
  const fibers: Fiber[] = [];
  const texts = durations.split(" ");
  for (let i = 0; i < texts.length; i++) fibers.push(go(sleepAndTell, parseFloat(texts[i]), `${i}`));
  for (let i = 0; i < fibers.length; i++) fibers[i].join();
  log(`${timerCount()} timers`);
  return takeLog();
}

function measure(milliseconds: f64): i64 {
  const begin = monotonicNow();
  sleep(milliseconds);
  return monotonicNow() - begin;
}

/** How many of so many sleeps were shorter than asked for, each in a fiber of its own. */
export function countEarly(count: i32, milliseconds: f64): i32 {
  const tasks: Task<i64>[] = [];
  for (let i = 0; i < count; i++) tasks.push(spawn(measure, (milliseconds * <f64>(i + 1)) / <f64>count));
  let early = 0;
  for (let i = 0; i < count; i++) {
    if (<f64>tasks[i].join() < (1e6 * milliseconds * <f64>(i + 1)) / <f64>count - 1) early++;
  }
  return early;
}

export function sleepFor(milliseconds: f64): f64 {
  const begin = monotonicNow();
  sleep(milliseconds);
  return <f64>(monotonicNow() - begin);
}

export function sleepBadly(milliseconds: f64): string {
  const fiber = go(sleepAndTell, milliseconds, "bad");
  const isDone = fiber.tryJoin();
  return `${isDone} ${fiber.error ? fiber.error!.toString() : ""} ${timerCount()}`;
}

/** Many fibers that sleep at once; returns the nanoseconds until the last has woken. */
export function sleepTogether(count: i32): f64 {
  const begin = monotonicNow();
  const fibers: Fiber[] = [];
  for (let i = 0; i < count; i++) fibers.push(go(sleepQuietly, <f64>(i % 1000)));
  for (let i = 0; i < count; i++) fibers[i].join();
  return <f64>(monotonicNow() - begin);
}

function sleepQuietly(milliseconds: f64): void {
  sleep(milliseconds);
}

export function timers(): u32 {
  return timerCount();
}

/** sleep(0): all that is ready runs first. */
export function zero(): string {
  go(sayAfterYield, "a");
  go(sayAfterYield, "b");
  sleep(0);
  log("slept");
  yieldNow();
  return takeLog();
}

function sayAfterYield(text: string): void {
  log(text);
  yieldNow();
  log(`${text} again`);
}

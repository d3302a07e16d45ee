// Prints little and much, from one fiber and from several.
import { Fiber, go, print, sleep, yieldNow } from "as-fibers/assembly";
import { log, takeLog } from "./support/log";

export function printLine(line: string): void {
  print(line);
}

class Job {
  constructor(
    public name: string,
    public count: i32,
    public pad: i32,
  ) {}
}

function printLines(job: Job): void {
  const pad = "x".repeat(job.pad);
  for (let i = 0; i < job.count; i++) print(`${job.name} ${i} ${pad}`);
}

function printAndYield(job: Job): void {
  for (let i = 0; i < job.count; i++) {
    print(`${job.name} ${i}`);
    yieldNow();
  }
}

export function inTurn(): void {
  const a = go(printAndYield, new Job("a", 3, 0));
  const b = go(printAndYield, new Job("b", 2, 0));
  a.join();
  b.join();
}

/** More than what may be unsent; returns how often another fiber ran meanwhile. */
export function printMuch(lines: i32, pad: i32): i32 {
  ticks = 0;
  isOver = false;
  const ticker = go(tick, 0);
  printLines(new Job("much", lines, pad));
  const counted = ticks;
  isOver = true;
  ticker.join();
  return counted;
}

let ticks: i32 = 0;
let isOver: bool = false;

function tick(_unused: i32): void {
  while (!isOver) {
    ticks++;
    yieldNow();
  }
}

/** Several fibers that print more than may be unsent; those who wait go on in their order. */
export function printTogether(fibers: i32, lines: i32, pad: i32): void {
  const all: Fiber[] = [];
  for (let i = 0; i < fibers; i++) all.push(go(printLines, new Job(`f${i}`, lines, pad)));
  for (let i = 0; i < fibers; i++) all[i].join();
}

function printOne(job: Job): void {
  print("x".repeat(job.pad));
  log(`${job.name} goes on`);
}

/** Each prints one line that is longer than what may be unsent. */
export function order(fibers: i32, pad: i32): string {
  const all: Fiber[] = [];
  for (let i = 0; i < fibers; i++) all.push(go(printOne, new Job(`f${i}`, 1, pad)));
  log("started");
  yieldNow();
  log("yielded");
  for (let i = 0; i < fibers; i++) all[i].join();
  return takeLog();
}

/** While others sleep for very long. */
export function whileSleeping(lines: i32, pad: i32): string {
  const sleeper = go(sleepLong, 0);
  yieldNow();
  printLines(new Job("awake", lines, pad));
  log(`printed, sleeper ${sleeper.state}`);
  sleeper.cancel();
  return takeLog();
}

function sleepLong(_unused: i32): void {
  sleep(1e9);
  log("slept");
}

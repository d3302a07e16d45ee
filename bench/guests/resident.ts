/** Fibers that stay: parked in a join or asleep, with two live i32 each and one name for all. */
import { Fiber, go, run, sleep, yieldNow } from "as-fibers/assembly";

const HOUR: f64 = 3_600_000;

let endless: Fiber | null = null;
let started: i32 = 0;
let sum: i32 = 0;

function joinEndless(index: i32): void {
  let a = index;
  let b = index * 3;
  started++;
  endless!.join();
  sum += a ^ b;
}

function sleepLong(index: i32): void {
  let a = index;
  let b = index * 3;
  started++;
  sleep(HOUR);
  sum += a ^ b;
}

/** Starts `count` fibers that join one which never ends. @returns how many have started and parked */
export function park(count: i32): i32 {
  if (!endless) endless = run(() => sleep(Infinity), "endless");
  return startAll(joinEndless, count);
}

/** Starts `count` fibers that sleep for an hour. @returns how many have started and sleep */
export function fallAsleep(count: i32): i32 {
  return startAll(sleepLong, count);
}

function startAll(body: (index: i32) => void, count: i32): i32 {
  started = 0;
  for (let i = 0; i < count; i++) go(body, i, "resident");
  yieldNow();
  return started;
}

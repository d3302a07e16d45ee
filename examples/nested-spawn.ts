// Fibers start fibers; the one that sleeps shortest ends first.
import { monotonicNow, print, sleep, spawn } from "as-fibers/assembly";

/** Starts the next level, sleeps, and returns how long it and all below it have slept, in milliseconds. */
function nap(milliseconds: i32): i32 {
  const child = milliseconds > 50 ? spawn(nap, milliseconds / 2) : null;
  sleep(milliseconds);
  print(`slept ${milliseconds} ms`);
  return child ? milliseconds + child.join() : milliseconds;
}

export function main(): void {
  const begin = monotonicNow();
  const slept = spawn(nap, 200, "outermost").join();
  const elapsed = (monotonicNow() - begin) / 1_000_000;
  print(`${slept} ms of sleep in ${elapsed} ms`);
}

// Fibers start fibers; the one that sleeps shortest ends first.
import { print, sleep, spawn } from "as-fibers/assembly";

let asleep = 0;
let mostAsleep = 0;

/** Starts the next level, sleeps, and returns how long it and all below it have slept, in milliseconds. */
function nap(milliseconds: i32): i32 {
  const child = milliseconds > 50 ? spawn(nap, milliseconds / 2) : null;
  mostAsleep = max(mostAsleep, ++asleep);
  sleep(milliseconds);
  asleep--;
  print(`slept ${milliseconds} ms`);
  return child ? milliseconds + child.join() : milliseconds;
}

export function main(): void {
  const slept = spawn(nap, 200, "outermost").join();
  print(`${slept} ms of sleep, ${mostAsleep} fibers at once`);
}

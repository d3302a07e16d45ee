// Calls of JavaScript that are waited for, beside sleeps: for simulated worlds.
import { monotonicNow, sleep, spawn } from "as-fibers/assembly";

@external("app", "fetchText")
@suspends
declare function fetchText(url: string): string;

function fetchAt(url: string): string {
  const text = fetchText(url);
  return `${text} ${monotonicNow() / 1_000_000}`;
}

function nap(milliseconds: i32): string {
  sleep(milliseconds);
  return `slept ${monotonicNow() / 1_000_000}`;
}

/** Two pages and a sleep at once, and when each was there, in simulated milliseconds. */
export function main(): string {
  const one = spawn(fetchAt, "/one");
  const other = spawn(fetchAt, "/other");
  const sleeper = spawn(nap, 30);
  return [one.join(), other.join(), sleeper.join()].join(", ");
}

/** What does not call it. */
export function alone(): string {
  return spawn(nap, 5).join();
}

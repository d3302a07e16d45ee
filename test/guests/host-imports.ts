// Calls functions that JavaScript gives: of the module that the program names, of `env`, and of the standard library.
import { go, print, sleep, yieldNow } from "as-fibers/assembly";

@external("app", "note")
declare function note(value: i32): void;

@external("app", "ask")
declare function ask(value: f64): f64;

@external("env", "add64")
declare function add64(a: i64, b: i64): i64;

// Of the module that is named after this file.
declare function own(value: u32): bool;

export function useAll(): string {
  note(1);
  yieldNow();
  const asked = ask(0.5);
  const sum = add64(1 << 40, 2);
  return `${asked} ${sum} ${own(7)}`;
}

/** Notes its number, waits for a turn of its own, and notes it again. */
export function noteTwice(value: i32): i32 {
  note(value);
  yieldNow();
  note(-value);
  return value * 2;
}

export function noteOnce(value: i32): i32 {
  note(value);
  return value;
}

export function trapAfterNote(value: i32): void {
  note(value);
  unreachable();
}

function asking(value: f64): void {
  ask(value);
}

/** Calls the import in a fiber of its own, named "asker", and does not wait for it. */
export function askInFiber(value: f64): void {
  go(asking, value, "asker");
}

export function sleepFor(milliseconds: f64): f64 {
  sleep(milliseconds);
  return milliseconds;
}

export function performanceNow(): f64 {
  return performance.now();
}

export function dateNow(): f64 {
  return <f64>Date.now();
}

export function random(): f64 {
  return Math.random();
}

export function logAll(): void {
  console.log("to log");
  console.info("to info");
  console.warn("to warn");
  console.error("to error");
  trace("to trace", 2, 1.5, 2.5);
  print("to print");
}

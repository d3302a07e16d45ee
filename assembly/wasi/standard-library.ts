/** What AssemblyScript's standard library imports from `env`, here over WASI. The transform puts these in the place of the imports. */
import { current } from "../context";
import { record } from "../record";
import { writeError, writeOutput } from "./output";
import { proc_exit, random_get } from "./preview1";
import { describeFiber, headline } from "./report";

/** As other programs for WASI do. */
const EXIT_ABORTED: u32 = 255;

let isAborting: bool = false;

/** `throw`, a failed assertion, an index out of range: says what and where on standard error, and ends the program. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  // What is said here may itself find no memory.
  if (isAborting) proc_exit(EXIT_ABORTED);
  isAborting = true;
  const text = message === null || !message.length ? "abort" : message;
  const colon = text.indexOf(": ");
  // A message like "E_…: what happened" brings its own code.
  let report =
    text.startsWith("E_") && colon > 0
      ? headline(text.substring(0, colon), text.substring(colon + 2))
      : headline("E_ABORTED", text);
  const fiber = current();
  if (fiber) report += `  in fiber ${describeFiber(record(fiber))}\n`;
  if (file !== null && file.length) report += `    at ${file}:${line}:${column}\n`;
  writeError(report);
  proc_exit(EXIT_ABORTED);
  unreachable();
}

const seedBytes: usize = memory.data(8, 8);

/** Where `Math.random` begins. */
export function seed(): f64 {
  random_get(seedBytes, 8);
  return reinterpret<f64>(load<u64>(seedBytes));
}

/** `trace`, on standard error. */
export function trace(message: string, count: i32, a: f64, b: f64, c: f64, d: f64, e: f64): void {
  let text = "trace: " + message;
  if (count > 0) text += ` ${a}`;
  if (count > 1) text += ` ${b}`;
  if (count > 2) text += ` ${c}`;
  if (count > 3) text += ` ${d}`;
  if (count > 4) text += ` ${e}`;
  writeError(text + "\n");
}

/** `console.log`, `info` and `debug`. */
export function logLine(text: string): void {
  const bytes = String.UTF8.encode(text + "\n", false, String.UTF8.ErrorMode.REPLACE);
  writeOutput(changetype<usize>(bytes), <u32>bytes.byteLength);
}

/** `console.warn` and `error`. */
export function logError(text: string): void {
  writeError(text + "\n");
}

/** Nobody asks for stack traces. */
export function noteStackTrace(): void {}

/** Nobody chooses but the scheduler. */
export function choose(_count: u32, _first: usize): i32 {
  return 0;
}

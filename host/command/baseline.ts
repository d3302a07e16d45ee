/**
 * Runs the compiler in V8's baseline tier. It is Wasm of many megabytes that runs for a second: optimizing it meanwhile takes as much time
 * again, on other cores or on the only one. What is instantiated later is optimized as ever.
 */
import { setFlagsFromString } from "node:v8";

const BASELINE = ["--liftoff-only"];
const DEFAULT = ["--no-liftoff-only", "--wasm-tier-up", "--wasm-dynamic-tiering"];

let users = 0;

/** Does it without optimizing Wasm. For a process of our own only: these flags are the process's. */
export async function inBaseline<Result>(action: () => Promise<Result>): Promise<Result> {
  if (users++ === 0) BASELINE.forEach(setFlagsFromString);
  try {
    return await action();
  } finally {
    if (--users === 0) DEFAULT.forEach(setFlagsFromString);
  }
}

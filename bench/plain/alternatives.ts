/** The same without fibers: who calls `nap` by JSPI waits for a promise. */
export { work } from "./nbody";

declare function wait(milliseconds: f64): void;

export function nap(milliseconds: f64): i32 {
  wait(milliseconds);
  return 1;
}

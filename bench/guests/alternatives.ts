/** What other ways are compared with: fibers that compute, and fibers that wait. */
import { all, sleep } from "as-fibers/assembly";
import { work } from "../plain/nbody";

/** Runs the same computation twice, each in a fiber of its own. @returns what both give */
export function computeTwice(steps: i32): f64 {
  const energies = all<i32, f64>((count: i32): f64 => work(count), [steps, steps]);
  return energies[0] + energies[1];
}

/** So many fibers that sleep at once. @returns how many have slept */
export function wait(count: i32, milliseconds: f64): i32 {
  const naps = new Array<f64>(count).fill(milliseconds);
  return all<f64, i32>(nap, naps).reduce<i32>((sum, one) => sum + one, 0);
}

function nap(milliseconds: f64): i32 {
  sleep(milliseconds);
  return 1;
}

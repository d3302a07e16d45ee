/** Calls from JavaScript, and to it. */
import { all } from "as-fibers/assembly";

/** JavaScript answers with a promise of the same number. */
@suspends
declare function promised(value: i32): i32;

export function add(a: i32, b: i32): i32 {
  return a + b;
}

function awaitAll(count: i32): f64 {
  let sum: i64 = 0;
  for (let i = 0; i < count; i++) sum += promised(i);
  return <f64>sum;
}

/** So many fibers await so many promises each, one after the other. The sum of all answers. */
export function awaitPromises(fibers: i32, count: i32): f64 {
  const sums = all(awaitAll, new Array<i32>(fibers).fill(count));
  return sums.reduce<f64>((sum, one) => sum + one, 0);
}

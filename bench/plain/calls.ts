/** What bench/guests/calls.ts does, without fibers: JavaScript waits, when anybody does. */
declare function promised(value: i32): i32;

export function add(a: i32, b: i32): i32 {
  return a + b;
}

/** The sum of so many answers. */
export function awaitAll(count: i32): f64 {
  let sum: i64 = 0;
  for (let i = 0; i < count; i++) sum += promised(i);
  return <f64>sum;
}

/** Fibers that are started, run and joined one after the other. */
import { monotonicNow, spawn, yieldNow } from "as-fibers/assembly";

function same(value: i32): i32 {
  return value;
}

function sameAfterYield(value: i32): i32 {
  yieldNow();
  return value;
}

/** Nanoseconds per fiber; -1 when a result is missing. */
// @ts-ignore: decorator
@inline
function time(body: (value: i32) => i32, count: i32): f64 {
  let sum: i64 = 0;
  const begin = monotonicNow();
  for (let i = 0; i < count; i++) sum += spawn(body, i).join();
  const end = monotonicNow();
  return sum == (<i64>count * (count - 1)) / 2 ? <f64>(end - begin) / <f64>count : -1;
}

export function returning(count: i32): f64 {
  return time(same, count);
}

export function yielding(count: i32): f64 {
  return time(sameAfterYield, count);
}

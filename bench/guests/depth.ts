/** Two fibers that yield from below a number of frames, which hold no managed local or six each. */
import { Fiber, go, monotonicNow, yieldNow } from "as-fibers/assembly";

class Box {
  constructor(public value: i32) {}
}

let rounds: i32 = 0;
let begin: i64 = 0;
let end: i64 = 0;
let yields: i32 = 0;
let returned: i32 = 0;
let lost: i32 = 0;

/** What the innermost frame does; part of it, so that it adds none. */
// @ts-ignore: decorator
@inline
function spin(): void {
  yieldNow();
  if (!begin) begin = monotonicNow();
  for (let left = rounds; left > 0; left--) {
    yields++;
    yieldNow();
  }
  if (!end) end = monotonicNow();
}

/** The fiber's body and every frame below it: `level` of them down to the yield. */
function descend(level: i32): void {
  if (level > 1) descend(level - 1);
  else spin();
  returned++;
}

/** The same, with six managed locals in every frame. */
function descendHolding(level: i32): void {
  const a = new Box(level);
  const b = new Box(level + 1);
  const c = new Box(level + 2);
  const d = new Box(level + 3);
  const e = new Box(level + 4);
  const f = new Box(level + 5);
  if (level > 1) descendHolding(level - 1);
  else spin();
  if (a.value != level || b.value != level + 1 || c.value != level + 2) lost++;
  if (d.value != level + 3 || e.value != level + 4 || f.value != level + 5) lost++;
  returned++;
}

/** Nanoseconds per switch; -1 when a yield was not made, a frame did not return or a local was lost. */
function time(first: Fiber, second: Fiber, depth: i32): f64 {
  begin = 0;
  end = 0;
  yields = 0;
  returned = 0;
  lost = 0;
  first.join();
  second.join();
  if (yields != 2 * rounds || returned != 2 * depth || lost) return -1;
  return <f64>(end - begin) / 2.0 / <f64>rounds;
}

export function plain(depth: i32, count: i32): f64 {
  rounds = count;
  return time(go(descend, depth), go(descend, depth), depth);
}

export function holding(depth: i32, count: i32): f64 {
  rounds = count;
  return time(go(descendHolding, depth), go(descendHolding, depth), depth);
}

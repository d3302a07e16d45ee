// Suspends at every depth, with locals of every kind in every frame.
import { Fiber, go, spawn, Task, yieldNow } from "as-fibers/assembly";

export { heapBase } from "./support/heap";

class Box {
  constructor(public value: i32) {}
}

/** Two managed locals and two numbers per frame; returns how many frames found theirs unchanged. */
function descend(levels: i32): i32 {
  const text = `level ${levels}`;
  const box = new Box(levels);
  const a = levels * 3;
  const b = levels ^ 0x5a5a;
  let right = 0;
  if (levels > 1) right = descend(levels - 1);
  else yieldNow();
  const isRight = text == `level ${levels}` && box.value == levels && a == levels * 3 && b == (levels ^ 0x5a5a);
  return right + <i32>isRight;
}

/** Another fiber, which makes garbage and has it collected while the deep one is suspended. */
function disturb(rounds: i32): i32 {
  let length = 0;
  for (let i = 0; i < rounds; i++) {
    for (let j = 0; j < 100; j++) length += `garbage ${j}`.length;
    if (ASC_RUNTIME == 2) __collect();
    yieldNow();
  }
  return length;
}

/** Suspends and resumes so many frames; returns how many were right. */
export function suspendDeep(levels: i32): i32 {
  const other = spawn(disturb, 3, "other");
  const deep = spawn(descend, levels, "deep");
  const right = deep.join();
  if (other.join() != 3 * 950 + 3 * 40) return -other.value;
  return right;
}

/** The same, where the deep fiber may fail: what became of it, and how the others went on. */
export function tryDeep(levels: i32): string {
  const before = spawn(disturb, 3, "before");
  const deep = spawn(descend, levels, "deep");
  const after = spawn(disturb, 3, "after");
  const isDone = deep.tryJoin();
  const error = deep.error;
  const others = before.join() == after.join();
  return isDone ? `${deep.value} right, others ${others}` : `${error!.toString()}, others ${others}`;
}

/** Suspends so deep only after it has suspended at the surface. */
export function suspendDeepLater(levels: i32): i32 {
  yieldNow();
  const first = descend(1);
  const deep = descend(levels);
  yieldNow();
  return first + deep + descend(2);
}

function holdAll(seed: i32): string {
  const i8Value = <i8>(seed * 3);
  const u8Value = <u8>(seed * 5);
  const i16Value = <i16>(seed * 300);
  const u16Value = <u16>(seed * 500);
  const i32Value = seed * -70_000;
  const u32Value = <u32>seed * 4_000_000;
  const i64Value = <i64>seed * -5_000_000_000_000;
  const u64Value = <u64>seed * 9_000_000_000_000_000;
  const f32Value = <f32>seed / 3;
  const f64Value = <f64>seed / 7;
  const boolValue = (seed & 1) == 1;
  const text = `text ${seed}`;
  const box = new Box(seed);
  const array = [seed, seed + 1, seed + 2];
  const bytes = new Uint8Array(3);
  bytes[1] = <u8>seed;
  const nothing: Box | null = null;
  for (let i = 0; i < (seed % 4) + 1; i++) yieldNow();
  return `${i8Value} ${u8Value} ${i16Value} ${u16Value} ${i32Value} ${u32Value} ${i64Value} ${u64Value} ${f32Value} ${f64Value} ${boolValue} ${text} ${box.value} ${array.toString()} ${bytes.toString()} ${nothing == null}`;
}

/** Many fibers with a local of every type each; returns how many had theirs changed. */
export function holdEveryType(fibers: i32): i32 {
  const tasks: Task<string>[] = [];
  for (let i = 0; i < fibers; i++) tasks.push(spawn(holdAll, i));
  yieldNow();
  if (ASC_RUNTIME == 2) __collect();
  let wrong = 0;
  for (let i = 0; i < fibers; i++) if (tasks[i].join() != holdAll(i)) wrong++;
  return wrong;
}

/** What one fiber's locals are, for comparing. */
export function locals(seed: i32): string {
  return spawn(holdAll, seed).join();
}

/** Parks deep, then shallow: what was saved for the deep one must not stay. */
function deepThenShallow(levels: i32): void {
  descend(levels);
  yieldNow();
  yieldNow();
}

export function shrink(fibers: i32, levels: i32): i32 {
  const all: Fiber[] = [];
  for (let i = 0; i < fibers; i++) all.push(go(deepThenShallow, levels));
  yieldNow();
  yieldNow();
  let parked = 0;
  for (let i = 0; i < fibers; i++) if (all[i].state < 3) parked++;
  for (let i = 0; i < fibers; i++) all[i].join();
  return parked;
}

// Exhausts the engine's stack or the shadow stack in one fiber of many, from different depths and in different functions.
import { defer, go, monotonicNow, sleep, spawn, Task, yieldNow } from "as-fibers/assembly";

export { heapBase } from "./support/heap";

class Box {
  next: Box | null = null;

  constructor(public value: i32) {}
}

let sink: i32 = 0;

/** What is done at every level of the recursion. */
enum Work {
  NOTHING,
  ALLOCATE,
  CONCATENATE,
  READ_CLOCK,
  DEFER,
  START_FIBER,
  /** Seldom: so that it is by chance in whose function the stack ends. */
  ALLOCATE_SELDOM,
  DEFER_SELDOM,
  /** Many managed locals: the shadow stack may end first. */
  HOLD_MANY,
}

/** Plain frames, so that exhaustion comes at another byte. */
function descend(depth: i32, work: i32): i32 {
  if (depth > 0) return descend(depth - 1, work) + 1;
  return recurse(1, work);
}

function recurse(level: i32, work: i32): i32 {
  if (work == Work.ALLOCATE) return allocate(level, null);
  if (work == Work.CONCATENATE) return concatenate(level, "");
  if (work == Work.READ_CLOCK) return <i32>monotonicNow() + recurse(level + 1, work) + level;
  if (work == Work.DEFER) return owe(level);
  if (work == Work.START_FIBER) return start(level);
  if (work == Work.HOLD_MANY) return holdMany(new Box(level), level);
  if (work == Work.ALLOCATE_SELDOM && level % 16 == 0) sink += new Box(level).value;
  if (work == Work.DEFER_SELDOM && level % 16 == 0) defer(nothing, level);
  sink += level;
  return recurse(level + 1, work) + level;
}

function allocate(level: i32, previous: Box | null): i32 {
  const box = new Box(level);
  box.next = previous;
  return allocate(level + 1, level % 50 ? box : null) + box.value;
}

function concatenate(level: i32, text: string): i32 {
  const longer = level % 20 ? text + "x" : "";
  return concatenate(level + 1, longer) + longer.length;
}

function holdMany(box: Box, level: i32): i32 {
  const a = box.next;
  const b = level & 1 ? box : a;
  const c = level & 2 ? box : b;
  const d = level & 4 ? box : c;
  sink += level;
  const sum = holdMany(box, level + 1);
  return sum + (a ? 1 : 0) + (b ? 2 : 0) + (c ? 4 : 0) + (d ? 8 : 0) + box.value;
}

function nothing(value: i32): void {
  sink += value;
}

function owe(level: i32): i32 {
  defer(nothing, level);
  return owe(level + 1) + level;
}

function start(level: i32): i32 {
  go(nothing, level);
  return start(level + 1) + level;
}

class Fall {
  constructor(
    public depth: i32,
    public work: i32,
  ) {}
}

function fall(how: Fall): i32 {
  yieldNow();
  return descend(how.depth, how.work);
}

function live(number: i32): i32 {
  const text = `fiber ${number}`;
  const box = new Box(number);
  yieldNow();
  sleep(1 + (number % 5));
  const more = [number, number + 1];
  yieldNow();
  if (text != `fiber ${number}` || box.value != number || more[1] != number + 1) return -1;
  return number;
}

/** So many fibers, one of which exhausts the stack: how many of the others were right, and how it ended. */
export function exhaustOneOf(count: i32, depth: i32, work: i32): string {
  const tasks: Task<i32>[] = [];
  const victim = count / 2;
  for (let i = 0; i < count; i++) {
    tasks.push(i == victim ? spawn(fall, new Fall(depth, work), "falling") : spawn(live, i));
  }
  let right = 0;
  for (let i = 0; i < count; i++) {
    const isDone = tasks[i].tryJoin();
    if (i != victim && isDone && tasks[i].value == i) right++;
  }
  const error = tasks[victim].error;
  return `${right} right, ${error ? error.code : "no error"}`;
}

/** Fibers, objects and strings, to see whether all still works. */
export function work(count: i32): i32 {
  const tasks: Task<i32>[] = [];
  for (let i = 0; i < count; i++) tasks.push(spawn(live, i));
  let right = 0;
  for (let i = 0; i < count; i++) if (tasks[i].join() == i) right++;
  return right;
}

/** Exhausts the stack by itself, for JavaScript. */
export function exhaust(depth: i32, work: i32): i32 {
  return descend(depth, work);
}

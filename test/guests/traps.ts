// Fibers that trap: by every kind of trap, at every point of their lives, again and again.
import { defer, Fiber, go, sleep, spawn, State, Task, yieldNow } from "as-fibers/assembly";

export { heapBase } from "./support/heap";

class Box {
  next: Box | null = null;

  constructor(public value: i32) {}
}

let zero: i32 = 0;
let array: i32[] = [1, 2, 3];
let nobody: Box | null = null;

function trap(kind: i32): i32 {
  switch (kind) {
    case 0:
      unreachable();
    case 1:
      return array[array.length + zero];
    case 2:
      throw new Error("thrown");
    case 3:
      return nobody!.value;
    case 4:
      return kind / zero;
    case 5:
      return load<i32>(0xfffffff0 + <usize>zero);
    default:
      call_indirect<void>(0x7fff0000 + array.length);
      return 0;
  }
}

function trapAtOnce(kind: i32): void {
  trap(kind);
}

/** Holds managed locals in several frames when it traps. */
function trapDeep(levels: i32): i32 {
  const box = new Box(levels);
  const text = `level ${levels}`;
  if (levels == 0) trap(2);
  return trapDeep(levels - 1) + box.value + text.length;
}

function trapLater(kind: i32): void {
  yieldNow();
  if (kind < 0) trapDeep(-kind);
  trap(kind);
}

/** So many traps, one after another; returns how many were seen as failures. */
export function trapMany(count: i32): i32 {
  let failed = 0;
  for (let i = 0; i < count; i++) {
    const fiber = i & 1 ? go(trapAtOnce, i % 7) : go(trapLater, i % 8 == 0 ? -10 : i % 7);
    if (!fiber.tryJoin()) failed++;
  }
  return failed;
}

/** As a fiber sees it: where it stands when nothing has been called. */
export function stackPointer(): u32 {
  return <u32>__stack_pointer;
}

/** How the failure of each kind reads. */
export function describeTrap(kind: i32): string {
  const fiber = go(trapAtOnce, kind, "trapping");
  fiber.tryJoin();
  const error = fiber.error;
  return error ? error.toString() : "no error";
}

/** Traps by itself, for JavaScript. */
export function trapHere(kind: i32): void {
  yieldNow();
  trap(kind);
}

enum Point {
  FIRST,
  AFTER_YIELD,
  AFTER_SLEEP,
  NESTED,
  IN_CLEANUP,
  IN_CLEANUP_AFTER_WAIT,
  IN_SECOND_CLEANUP,
  WHILE_JOINED,
  AT_THE_END,
}

class Life {
  constructor(
    public number: i32,
    public kind: i32,
    /** Where it traps; -1: nowhere. */
    public point: i32,
  ) {}
}

let cleaned: i32 = 0;

function reach(life: Life, point: Point): void {
  if (life.point == point) trap(life.kind);
}

function clean(life: Life): void {
  const box = new Box(life.number);
  reach(life, Point.IN_CLEANUP);
  yieldNow();
  reach(life, Point.IN_CLEANUP_AFTER_WAIT);
  if (box.value == life.number) cleaned++;
}

function cleanFirst(life: Life): void {
  reach(life, Point.IN_SECOND_CLEANUP);
  cleaned++;
}

function nested(life: Life, levels: i32): i32 {
  const box = new Box(levels);
  if (levels == 0) {
    yieldNow();
    reach(life, Point.NESTED);
    return 0;
  }
  return nested(life, levels - 1) + box.value;
}

function live(life: Life): i32 {
  const text = `life ${life.number}`;
  defer(cleanFirst, life);
  defer(clean, life);
  reach(life, Point.FIRST);
  yieldNow();
  reach(life, Point.AFTER_YIELD);
  sleep(1 + (life.number % 3));
  reach(life, Point.AFTER_SLEEP);
  let sum = nested(life, 5);
  sleep(5);
  // By now somebody joins it.
  reach(life, Point.WHILE_JOINED);
  yieldNow();
  if (text == `life ${life.number}`) sum += life.number;
  reach(life, Point.AT_THE_END);
  return sum;
}

/** So many fibers, of which one traps: how many finished right, how the one ended, and how many cleanups ran. */
export function trapOneOf(count: i32, kind: i32, point: i32): string {
  cleaned = 0;
  const tasks: Task<i32>[] = [];
  const victim = count / 2;
  for (let i = 0; i < count; i++) tasks.push(spawn(live, new Life(i, kind, i == victim ? point : -1), `life ${i}`));
  let right = 0;
  for (let i = count - 1; i >= 0; i--) {
    if (tasks[i].tryJoin()) right += <i32>(tasks[i].value == 15 + i);
  }
  const state = tasks[victim].state == State.FAILED ? "failed" : "not failed";
  const error = tasks[victim].error;
  return `${right} right, ${state}: ${error ? error.code : ""}, ${cleaned} cleaned`;
}

export function points(): i32 {
  return <i32>Point.AT_THE_END + 1;
}

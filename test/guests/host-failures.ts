// Every way in which a fiber fails, each in a function of its own, and a bystander whose work must not be lost.
import { defer, fail, Fiber, go, print, sleep, spawn, Task, yieldNow } from "as-fibers/assembly";

class Node {
  next: Node | null = null;

  constructor(public value: i32) {}
}

let chain = new Node(1);
let cleaned: i32 = 0;

/** How many cleanups have run since the last time that somebody asked. */
export function takeCleaned(): i32 {
  const count = cleaned;
  cleaned = 0;
  return count;
}

/** Yields and sleeps while others fail, with managed locals in its frames. */
export function stand(rounds: i32): string {
  const first = new Node(rounds);
  let text = "";
  for (let i = 0; i < rounds; i++) {
    const node = new Node(i);
    if (i & 1) yieldNow();
    else sleep(0.25);
    text += `${node.value + first.value} `;
  }
  return text;
}

export function sleepFor(milliseconds: f64): f64 {
  sleep(milliseconds);
  return milliseconds;
}

export function joinSelf(): void {
  Fiber.current().join();
}

export function tryJoinSelf(): bool {
  return Fiber.current().tryJoin();
}

export function failWith(message: string, code: string): void {
  fail(message, code);
}

export function throwError(message: string): i32 {
  yieldNow();
  throw new Error(message);
}

export function assertPositive(value: i32): i32 {
  assert(value > 0, "the value is positive");
  return value;
}

export function assertSilently(value: i32): i32 {
  assert(value > 0);
  return value;
}

export function divide(a: i32, b: i32): i32 {
  yieldNow();
  return a / b;
}

export function trap(): void {
  yieldNow();
  unreachable();
}

export function loadFrom(address: usize): i32 {
  return load<i32>(address);
}

export function at(index: i32): i32 {
  const values: i32[] = [1, 2, 3];
  yieldNow();
  return values[index + cleaned];
}

export function nextOfChain(): i32 {
  return chain.next!.value;
}

export function readTask(): i32 {
  return spawn(square, 3, "squaring").value;
}

function square(value: i32): i32 {
  sleep(1);
  return value * value;
}

export function repeat(text: string, times: i32): i32 {
  return text.repeat(times).length;
}

export function recurse(depth: i32): i32 {
  return depth == 0 ? 0 : recurse(depth - 1) + depth;
}

/** Recurses with managed locals only: the shadow stack ends before the engine's. */
export function recurseManaged(depth: i32): i32 {
  return linked(depth, chain, chain, chain, chain, chain, chain, chain, chain);
}

function linked(depth: i32, a: Node, b: Node, c: Node, d: Node, e: Node, f: Node, g: Node, h: Node): i32 {
  if (depth == 0) return 0;
  const node = new Node(depth);
  return linked(depth - 1, b, c, d, e, f, g, h, node) + a.value;
}

/** Suspends at that depth, and adds up its frames on the way back. */
export function suspendAt(depth: i32): i64 {
  if (depth == 0) {
    sleep(1);
    return 0;
  }
  return suspendAt(depth - 1) + depth;
}

function clean(by: i32): void {
  sleep(1);
  cleaned += by;
}

/** Owes two cleanups, and then traps. */
export function cleanAndTrap(divisor: i32): i32 {
  defer(clean, 1);
  defer(clean, 10);
  yieldNow();
  return 7 / divisor;
}

export function cleanAndRecurse(depth: i32): i32 {
  defer(clean, 1);
  return recurse(depth);
}

export function cleanAndSuspendAt(depth: i32): i64 {
  defer(clean, 1);
  return suspendAt(depth);
}

function trapLater(divisor: i32): i32 {
  sleep(2);
  return 1 / divisor;
}

/** Joins a fiber named "divider", which traps. */
export function joinTrapped(): i32 {
  return spawn(trapLater, 0, "divider").join();
}

/** The code and message of a fiber that traps, as the guest sees them. */
export function errorOfTrapped(): string {
  const task: Task<i32> = spawn(trapLater, 0, "divider");
  return task.tryJoin() ? "" : task.error!.toString();
}

function trapAtOnce(divisor: i32): void {
  yieldNow();
  print(`${1 / divisor}`);
}

/** Starts a fiber named "forgotten" which traps, and waits for nothing. */
export function forget(): void {
  go(trapAtOnce, 0, "forgotten");
}

/** Corrupts the allocator's list of free blocks, and uses it. */
export function corruptHeap(): void {
  const first = heap.alloc(48);
  const second = heap.alloc(48);
  heap.alloc(48);
  heap.free(first);
  heap.free(second);
  // The links of a free block lie where its content was.
  store<u32>(second, 0xfffffff0);
  store<u32>(second, 0xfffffff0, 4);
  store<u32>(first, 0xfffffff0);
  store<u32>(first, 0xfffffff0, 4);
  heap.alloc(48);
  heap.alloc(48);
}

/** Recurses until the engine's stack ends, which is then inside the allocator: each frame calls it first. */
export function recurseAllocating(depth: i32): i32 {
  const node = new Node(depth);
  return depth == 0 ? 0 : recurseAllocating(depth - 1) + node.value;
}

/** A trap with that many frames of the program above it. */
export function trapBelow(depth: i32): i32 {
  return depth == 0 ? 1 / cleaned : trapBelow(depth - 1) + 1;
}

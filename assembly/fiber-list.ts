/**
 * The list of all fibers that have not ended: the one thing that keeps them alive, written only when a fiber starts or ends.
 *
 * Doubly linked in the order of creation; `nextFiber` is a reference that the collector follows, `previousFiber` a raw
 * address. The first entry is a sentinel, itself a fiber that never runs, held by a global.
 */
import { record } from "./record";
import { link } from "./write-barrier";

let last: usize = 0;
let sentinel: usize = 0;
let count: u32 = 0;

/** Begins the list with its sentinel, which the caller keeps alive. */
export function beginFiberList(fiber: usize): void {
  sentinel = fiber;
  last = fiber;
}

/** Adds a new fiber. */
// @ts-ignore: decorator
@inline
export function addToFiberList(fiber: usize): void {
  record(fiber).previousFiber = last;
  record(last).nextFiber = fiber;
  link(last, fiber, false);
  last = fiber;
  count++;
}

/** Takes a fiber out. */
// @ts-ignore: decorator
@inline
export function removeFromFiberList(fiber: usize): void {
  const f = record(fiber);
  const previous = f.previousFiber;
  const next = f.nextFiber;
  record(previous).nextFiber = next;
  if (next) {
    record(next).previousFiber = previous;
    link(previous, next, false);
  } else {
    last = previous;
  }
  f.nextFiber = 0;
  f.previousFiber = 0;
  count--;
}

/** The oldest fiber in the list; 0 when it is empty. The others follow by `nextFiber`. */
export function firstFiber(): usize {
  return record(sentinel).nextFiber;
}

/** How many fibers have not ended. */
export function fiberCount(): u32 {
  return count;
}

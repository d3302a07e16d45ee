/**
 * The queue of ready fibers, first in, first out: links by raw address, so nothing here runs a write barrier.
 *
 * What keeps a fiber alive is the list of all fibers; see fiber-list.ts. `next` is the link, as in wait queues: a fiber is in one queue.
 */
import { record, State } from "./record";

let head: usize = 0;
let tail: usize = 0;

/** Puts the fiber last. */
// @ts-ignore: decorator
@inline
export function makeReady(fiber: usize): void {
  const f = record(fiber);
  f.state = <i8>State.READY;
  f.next = 0;
  if (tail) record(tail).next = fiber;
  else head = fiber;
  tail = fiber;
}

/** The fiber that has been ready longest; 0 when none is. */
// @ts-ignore: decorator
@inline
export function firstReady(): usize {
  return head;
}

/** The fiber that became ready last; 0 when none is. */
// @ts-ignore: decorator
@inline
export function lastReady(): usize {
  return tail;
}

/** Takes out the fiber that has been ready longest. There must be one. */
// @ts-ignore: decorator
@inline
export function takeFirst(): usize {
  const fiber = head;
  head = record(fiber).next;
  if (!head) tail = 0;
  return fiber;
}

/** How many fibers are ready. */
export function countReady(): u32 {
  let count: u32 = 0;
  for (let fiber = head; fiber; fiber = record(fiber).next) count++;
  return count;
}

/** Takes out the fiber at this position, 0 being the first. There must be one. */
export function takeAt(position: u32): usize {
  if (!position) return takeFirst();
  let before = head;
  while (--position) before = record(before).next;
  const fiber = record(before).next;
  record(before).next = record(fiber).next;
  if (fiber == tail) tail = before;
  return fiber;
}

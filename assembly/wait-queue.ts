/**
 * A queue of parked fibers, first in, first out: the one wait queue of all primitives.
 *
 * A queue is one word: the address of its first fiber, or 0. The fibers form a ring through `next` and `previous`, so the
 * last one is the first one's `previous`. Links are raw addresses: the list of all fibers keeps fibers alive, and queues
 * run no write barrier. A fiber is in at most one queue; `next` also links the run queue, in which only ready fibers are.
 */
import { record } from "./record";

/** Puts the fiber last. `queue` is the address of the queue's word. */
export function pushWaiter(queue: usize, fiber: usize): void {
  const f = record(fiber);
  const first = load<usize>(queue);
  if (!first) {
    f.next = fiber;
    f.previous = fiber;
    store<usize>(queue, fiber);
    return;
  }
  const last = record(first).previous;
  f.next = first;
  f.previous = last;
  record(last).next = fiber;
  record(first).previous = fiber;
}

/** Takes this fiber out, wherever it stands. */
export function removeWaiter(queue: usize, fiber: usize): void {
  const f = record(fiber);
  const next = f.next;
  if (next == fiber) {
    store<usize>(queue, 0);
  } else {
    const previous = f.previous;
    record(previous).next = next;
    record(next).previous = previous;
    if (load<usize>(queue) == fiber) store<usize>(queue, next);
  }
  f.next = 0;
  f.previous = 0;
}

/** Takes the first fiber out; 0 when there is none. */
export function shiftWaiter(queue: usize): usize {
  const first = load<usize>(queue);
  if (first) removeWaiter(queue, first);
  return first;
}

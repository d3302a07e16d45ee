/**
 * A queue of waiters, first in, first out: the one wait queue of all primitives.
 *
 * A waiter is a parked fiber, or a case of a `Select` in which a fiber is parked. Both begin with the same fields, which are all that is
 * used here. Whoever takes a waiter out asks `claim` which fiber that is, and wakes it.
 *
 * A queue is one word: the address of its first waiter, or 0. The waiters form a ring through `next` and `previous`, so the
 * last one is the first one's `previous`. Links are raw addresses: the list of all fibers keeps fibers alive, a fiber's stack the select
 * that it waits in, and queues run no write barrier. A fiber is in at most one queue; `next` also links the run queue, in which only ready
 * fibers are.
 */
import { record } from "./record";

/** Puts the waiter last. `queue` is the address of the queue's word. */
export function pushWaiter(queue: usize, waiter: usize): void {
  linkLast(queue, waiter);
}

/** The same, in the caller itself. */
// @ts-ignore: decorator
@inline
export function linkLast(queue: usize, waiter: usize): void {
  const w = record(waiter);
  const first = load<usize>(queue);
  if (!first) {
    w.next = waiter;
    w.previous = waiter;
    store<usize>(queue, waiter);
    return;
  }
  const last = record(first).previous;
  w.next = first;
  w.previous = last;
  record(last).next = waiter;
  record(first).previous = waiter;
}

/** Takes this waiter out, wherever it stands. */
export function removeWaiter(queue: usize, waiter: usize): void {
  unlink(queue, waiter);
}

/** The same, in the caller itself. */
// @ts-ignore: decorator
@inline
export function unlink(queue: usize, waiter: usize): void {
  const w = record(waiter);
  const next = w.next;
  if (next == waiter) {
    store<usize>(queue, 0);
  } else {
    const previous = w.previous;
    record(previous).next = next;
    record(next).previous = previous;
    if (load<usize>(queue) == waiter) store<usize>(queue, next);
  }
  w.next = 0;
  w.previous = 0;
}

/** Takes the first waiter out; 0 when there is none. */
export function shiftWaiter(queue: usize): usize {
  const first = load<usize>(queue);
  if (first) removeWaiter(queue, first);
  return first;
}

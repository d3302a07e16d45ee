/**
 * What the receivers of a `Broadcast` and the observers of a `Watch` share: they wait in the one queue of what they have subscribed to.
 *
 * Such a waiter's `amountOf` is the address of its subscription. A wait that ends because there will be nothing more leaves the fiber
 * without an `object`: so its verb is told.
 */
import { record } from "./record";
import { wake } from "./scheduler";
import { claim } from "./select-case";
import { removeWaiter, shiftWaiter } from "./wait-queue";
import { amountOf } from "./waiting";

/** Nothing more will come: wakes all who wait in the queue. */
export function endWaits(queue: usize): void {
  while (load<usize>(queue)) endWait(shiftWaiter(queue));
}

/** Nothing more will come to this subscription: wakes those who wait for it. */
export function endWaitsOf(queue: usize, subscription: usize): void {
  // To wake one may take others out, those of the same select: so it begins anew.
  for (let waiter = findWaiter(queue, subscription); waiter; waiter = findWaiter(queue, subscription)) {
    removeWaiter(queue, waiter);
    endWait(waiter);
  }
}

function findWaiter(queue: usize, subscription: usize): usize {
  const first = load<usize>(queue);
  if (!first) return 0;
  let waiter = first;
  do {
    if (amountOf(waiter) == <u32>subscription) return waiter;
    waiter = record(waiter).next;
  } while (waiter != first);
  return 0;
}

function endWait(waiter: usize): void {
  const fiber = claim(waiter);
  record(fiber).object = 0;
  wake(fiber);
}

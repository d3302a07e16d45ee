/**
 * What the primitives share that make fibers wait in a queue of their own.
 *
 * A verb has two halves, `if (beginX(…)) suspend()`; its first half ends with `return beginWait(…)`. Whoever changes the object takes
 * waiters out of the queue, first in, first out, and wakes them, by the functions here: they look through the case of a `Select` to the
 * fiber. While it waits, a waiter's `value` holds the address of the queue's word and a number of the primitive's own.
 */
import { requireFiber } from "./context";
import { Flag, indexOf, Reason, record } from "./record";
import { parkFiber, wake } from "./scheduler";
import { claim } from "./select-case";
import { stopTimer } from "./timers";
import { linkLast, removeWaiter, shiftWaiter } from "./wait-queue";

/**
 * Puts the running fiber last in a queue and parks it. True: suspend now.
 * @param queue the address of the queue's word, in `object`
 * @param amount what it waits for, if that is a number: see `amountOf`
 */
export function beginWait(queue: usize, reason: Reason, object: usize, amount: u32 = 0): bool {
  return beginWaitLeaving(queue, reason, object, amount, indexOf(changetype<usize>(leaveQueue)));
}

/** The same, for a wait that is left early in a way of its own: `leave` is for `beginPark`, and calls `leaveQueue`. */
// @ts-ignore: decorator
@inline
export function beginWaitLeaving(queue: usize, reason: Reason, object: usize, amount: u32, leave: u16): bool {
  return parkInQueue(requireFiber(), queue, reason, object, amount, leave);
}

/** The same for a fiber that has not begun. */
// @ts-ignore: decorator
@inline
export function parkInQueue(fiber: usize, queue: usize, reason: Reason, object: usize, amount: u32, leave: u16): bool {
  record(fiber).value = waitValue(queue, amount);
  linkLast(queue, fiber);
  return parkFiber(fiber, reason, object, leave);
}

/** What a waiter's `value` holds. */
// @ts-ignore: decorator
@inline
function waitValue(queue: usize, amount: u32): u64 {
  return ((<u64>queue) << 32) | amount;
}

/** What this waiter, a fiber or a case, waits for. */
// @ts-ignore: decorator
@inline
export function amountOf(waiter: usize): u32 {
  return <u32>record(waiter).value;
}

/** How a fiber leaves such a wait early. */
export function leaveQueue(fiber: usize): void {
  removeWaiter(<usize>(record(fiber).value >>> 32), fiber);
  stopTimer(fiber);
}

/** Wakes the fiber that has waited longest. False: nobody waits. */
export function wakeFirst(queue: usize): bool {
  const waiter = shiftWaiter(queue);
  if (!waiter) return false;
  wake(claim(waiter));
  return true;
}

/** Wakes all fibers that wait, in the order in which they came. */
export function wakeAll(queue: usize): void {
  while (wakeFirst(queue)) {}
}

/** Wakes the fiber of a waiter that was taken out, with something that it now owns: a cancellation must wait until its next wait. */
// @ts-ignore: decorator
@inline
export function grant(fiber: usize): void {
  record(fiber).flags |= Flag.GIVEN;
  wake(fiber);
}

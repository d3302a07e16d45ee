/**
 * Who runs next, when the host decides it: the one free choice that a scheduler has.
 *
 * Production takes the fiber that has been ready longest, and asks nobody. A test may take any other: every order of the ready fibers is
 * one that time, or another machine, could have brought about.
 */
import { choose } from "./abi";
import { firstReady, takeAt, takeFirst } from "./run-queue";

let isChoosing: bool = false;

/** Asks the host from now on, or not any more. */
export function setChoosing(isOn: bool): void {
  isChoosing = isOn;
}

/**
 * Takes the next fiber out of the run queue. 0: the host wants the turn to end instead.
 * @param count how many are ready; at least one
 */
export function takeNext(count: u32): usize {
  if (!isChoosing || count == 1) return takeFirst();
  const position = choose(count, firstReady());
  if (position < 0) return 0;
  assert(<u32>position < count, "as-fibers: the host chooses a fiber that is not ready");
  return takeAt(position);
}

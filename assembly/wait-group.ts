/** `WaitGroup`: waiting until as many things are done as were begun. */
import { suspend } from "./context";
import { failWith } from "./failure";
import { indexOf, Reason } from "./record";
import { caseAt, setCase } from "./select-case";
import { Site } from "./site";
import { beginWait, wakeAll } from "./waiting";

/** Counts what is under way, and lets fibers wait until that is nothing. Can be used again and again. */
export class WaitGroup {
  private waiters: usize = 0;
  private pending: i32 = 0;
  private site: Site;

  constructor(site: Site = 0) {
    this.site = site;
  }

  /**
   * So many more are under way; fewer, when negative. When nothing is left, wakes all fibers that wait, in the order in which they came.
   * Add before the fiber that will be done is started: it might be done first.
   * @throws E_NEGATIVE_COUNT when the count would be below 0; E_INVALID_COUNT above 2,147,483,647
   */
  add(count: i32 = 1): void {
    const sum = <i64>this.pending + count;
    if (sum < 0) failNegative(this.pending, count);
    if (sum > i32.MAX_VALUE) failOverflow(this.pending, count);
    this.pending = <i32>sum;
    if (!sum) wakeAll(changetype<usize>(this));
  }

  /** One is done: `add(-1)`. @throws E_NEGATIVE_COUNT when nothing is under way */
  done(): void {
    this.add(-1);
  }

  /** Waits until nothing is under way; does not wait when that is so. */
  wait(): void {
    if (this.pending && beginWait(changetype<usize>(this), Reason.WAIT_GROUP, changetype<usize>(this))) suspend();
  }

  /** Whether `wait` would not wait. */
  tryWait(): bool {
    return !this.pending;
  }

  /** How many are under way. */
  get count(): i32 {
    return this.pending;
  }
}

/** Makes a case of a `Select` of its end. */
export function selectWaitGroup(at: usize, group: usize): usize {
  return setCase(at, Reason.WAIT_GROUP, group, group, indexOf(changetype<usize>(isNothingUnderWay)), 0, 0);
}

function isNothingUnderWay(at: usize): bool {
  return !changetype<WaitGroup>(caseAt(at).object).count;
}

// --- misuse ---

function failNegative(pending: i32, count: i32): void {
  const message = `cannot take ${-(<i64>count)} from a wait group that counts ${pending}: it would be negative; add before what is done begins`;
  failWith(message, "E_NEGATIVE_COUNT", null);
}

function failOverflow(pending: i32, count: i32): void {
  const message = `cannot add ${count} to a wait group that counts ${pending}: the most is ${i32.MAX_VALUE}`;
  failWith(message, "E_INVALID_COUNT", null);
}

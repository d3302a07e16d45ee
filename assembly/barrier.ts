/**
 * `Barrier`: a number of fibers that wait for each other, round after round.
 *
 * The last of a round does not wait: it wakes the others, in the order in which they came. Who comes after that belongs to the next round.
 */
import { requireFiber, suspend } from "./context";
import { failWith } from "./failure";
import { indexOf, Reason, record } from "./record";
import { Site } from "./site";
import { beginWaitLeaving, leaveQueue, wakeAll } from "./waiting";

/** The fields, without the class. */
@unmanaged
class BarrierRecord {
  waiters: usize;
  arrived: i32;
  parties: i32;
}

/** Lets so many fibers go on together. */
export class Barrier {
  private waiters: usize = 0;
  private arrived: i32 = 0;
  private parties: i32;
  private site: Site;

  /** @param parties how many fibers make a round @throws E_INVALID_COUNT below 1 */
  constructor(parties: i32, site: Site = 0) {
    this.site = site;
    if (parties < 1) failParties(parties);
    this.parties = parties;
  }

  /**
   * Waits until so many fibers have come. One that is cancelled while it waits does not count any more.
   * @returns true for the last one of the round, and for no other
   */
  wait(): bool {
    if (isLast(changetype<usize>(this))) return true;
    if (beginRound(changetype<usize>(this))) suspend();
    return false;
  }

  /** How many fibers wait for the rest of their round. */
  get waiting(): i32 {
    return this.arrived;
  }
}

/** When the round is full, wakes all others of it. */
function isLast(barrier: usize): bool {
  const b = changetype<BarrierRecord>(barrier);
  if (b.arrived + 1 < b.parties) return false;
  b.arrived = 0;
  wakeAll(barrier);
  return true;
}

function beginRound(barrier: usize): bool {
  requireFiber();
  changetype<BarrierRecord>(barrier).arrived++;
  return beginWaitLeaving(barrier, Reason.BARRIER, barrier, 0, indexOf(changetype<usize>(leaveBarrier)));
}

function leaveBarrier(fiber: usize): void {
  leaveQueue(fiber);
  changetype<BarrierRecord>(record(fiber).object).arrived--;
}

function failParties(parties: i32): void {
  failWith(`a barrier cannot be for ${parties} fibers: it takes 1 or more`, "E_INVALID_COUNT", null);
}

/**
 * `Timer`: a moment that can be put off and called off, for all who wait for it.
 *
 * - It runs from its making on. Those who wait are woken in the order in which they came.
 * - To reset it moves the moment for those who wait already; to stop it wakes them.
 * - It costs nothing while nobody waits: the heap of deadlines, timers.ts, knows waiters only.
 */
import { now } from "./abi";
import { armAlarm, awaitAlarm, hasRung, isDue, isOver, moveAlarm, stopAlarm } from "./alarm";
import { suspend } from "./context";
import { failWith } from "./failure";
import { indexOf, Reason } from "./record";
import { caseAt, setCase } from "./select-case";
import { Site } from "./site";
import { NANOSECONDS_PER_MILLISECOND } from "./timers";

/** Lets any number of fibers wait for a moment that can still be moved. */
export class Timer {
  // As in `AlarmRecord`.
  private waiters: usize = 0;
  private isStopped: bool = false;
  private deadline: f64;
  private site: Site;

  /** @param milliseconds from now on; infinite: until it is reset or stopped @throws E_INVALID_DURATION */
  constructor(milliseconds: f64, site: Site = 0) {
    this.site = site;
    this.deadline = deadlineAfter(milliseconds);
  }

  /** Waits until its time has come, or it is stopped. True: its time has come; false: it was stopped. */
  wait(): bool {
    if (this.isStopped) return false;
    if (isDue(changetype<usize>(this))) return true;
    if (awaitAlarm(changetype<usize>(this), Reason.TIMER)) suspend();
    return hasRung();
  }

  /** Whether its time has come. */
  tryWait(): bool {
    return isDue(changetype<usize>(this));
  }

  /** Calls it off: wakes all who wait, with false. @returns whether it was running; when not, nothing changes */
  stop(): bool {
    if (!this.isRunning) return false;
    stopAlarm(changetype<usize>(this));
    return true;
  }

  /**
   * Begins anew, whether it is running or not: its time comes so many milliseconds from now, also for those who wait.
   * @returns whether it was running
   * @throws E_INVALID_DURATION
   */
  reset(milliseconds: f64): bool {
    const deadline = deadlineAfter(milliseconds);
    const wasRunning = this.isRunning;
    moveAlarm(changetype<usize>(this), deadline);
    return wasRunning;
  }

  /** Whether its time is still to come: it was not stopped. */
  get isRunning(): bool {
    return !this.isStopped && this.deadline > now();
  }
}

function deadlineAfter(milliseconds: f64): f64 {
  if (!(milliseconds >= 0)) failDuration(milliseconds);
  return now() + milliseconds * NANOSECONDS_PER_MILLISECOND;
}

/** Makes a case of a `Select`: the timer's time has come, or it was stopped. */
export function selectTimer(at: usize, timer: usize): usize {
  caseAt(at).arm = indexOf(changetype<usize>(armAlarm));
  const isReady = indexOf(changetype<usize>(isOver));
  return setCase(at, Reason.TIMER, timer, timer, isReady, 0, 0);
}

// --- misuse ---

function failDuration(milliseconds: f64): void {
  failWith(`a timer cannot run for ${milliseconds} milliseconds: it takes 0 or more`, "E_INVALID_DURATION", null);
}

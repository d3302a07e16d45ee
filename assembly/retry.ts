/** `retry`: something that may fail, tried again. */
import { now } from "./abi";
import { requireFiber } from "./context";
import { Fiber } from "./fiber";
import { State } from "./record";
import { Schedule } from "./schedule";
import { Site } from "./site";
import { spawn } from "./task";
import { sleep } from "./time";
import { endWithin } from "./timeout";
import { NANOSECONDS_PER_MILLISECOND } from "./timers";

/**
 * Runs `fn(arg)` in a fiber of its own, and again when that has failed, until one returns or the schedule ends. At the schedule's deadline
 * the attempt that runs is cancelled, and has cleaned up before this fails. An attempt that is cancelled otherwise is not repeated. When
 * the caller is cancelled, so is the attempt.
 * @returns what the first attempt that succeeds returns
 * @throws what the last one that failed has failed with, as `join` does; E_CANCELLED when the deadline has passed and none has failed
 */
export function retry<A, R>(fn: (arg: A) => R, arg: A, schedule: Schedule, site: Site = 0): R {
  const attempts = new Attempts(schedule);
  let task = spawn<A, R>(fn, arg, attempts.name, site);
  while (!attempts.hasReturned(task.fiber)) task = spawn<A, R>(fn, arg, attempts.name, site);
  return task.value;
}

class Attempts {
  private begin: f64 = now();
  private count: i32 = 0;
  private failed: Fiber | null = null;

  constructor(private schedule: Schedule) {
    requireFiber();
  }

  get name(): string {
    return `attempt ${this.count + 1}`;
  }

  /** Waits for the end of the attempt. False: there may be another one, now. @throws its failure, when it was the last */
  hasReturned(fiber: Fiber): bool {
    const isInTime = endWithin(fiber, this.timeLeft, this.schedule.time);
    if (fiber.tryJoin()) return true;
    const hasFailed = fiber.state == State.FAILED;
    if (hasFailed) this.failed = fiber;
    if (isInTime && !hasFailed) fiber.join();
    else if (!isInTime || !this.pause()) this.giveUp(fiber);
    return false;
  }

  private pause(): bool {
    if (!this.schedule.allows(this.count)) return false;
    const pause = this.schedule.pauseAfter(this.count);
    if (pause >= this.timeLeft) return false;
    this.count++;
    sleep(pause);
    return true;
  }

  private giveUp(fiber: Fiber): void {
    const failed = this.failed;
    if (failed) failed.join();
    else fiber.join();
  }

  private get timeLeft(): f64 {
    return max(this.schedule.time - (now() - this.begin) / NANOSECONDS_PER_MILLISECOND, 0);
  }
}

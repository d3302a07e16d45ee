/**
 * `Supervisor`: fibers that are started again when they fail.
 *
 * - Its children run in fibers of their own, and end before `run` does, however it ends.
 * - One that has returned, or was cancelled, is over: nothing starts it again.
 * - The pause before a restart is the beginning of the new fiber: so the supervisor goes on watching the others.
 *
 * After the supervisors of Erlang/OTP.
 */
import { now } from "./abi";
import { defer } from "./cleanup";
import { requireFiber } from "./context";
import { fail, Failure, failWith } from "./failure";
import { Fiber, go } from "./fiber";
import { State } from "./record";
import { Schedule } from "./schedule";
import { Select } from "./select";
import { Site } from "./site";
import { sleep } from "./time";
import { NANOSECONDS_PER_MILLISECOND } from "./timers";

/** What a supervisor starts again when a child has failed. */
export enum Restart {
  /** The child that has failed. */
  ONE,
  /** All children: the others are cancelled first. */
  ALL,
  /** That child, and those that were added after it: these are cancelled first. */
  REST,
}

/** Starts children again when they fail. */
export class Supervisor {
  private children: Child[] = [];
  private schedule: Schedule | null = null;
  /** When there were restarts, the oldest first, in nanoseconds; those that count. */
  private times: f64[] = [];
  private count: i32 = 0;
  private isRunning: bool = false;

  /**
   * @param strategy what is started again when a child has failed
   * @param limit so many restarts within the time; when one more is due, the supervisor fails
   * @param withinMilliseconds that time
   * @throws E_INVALID_COUNT, E_INVALID_DURATION when they are negative
   */
  constructor(
    private strategy: Restart = Restart.ONE,
    private limit: i32 = 3,
    private withinMilliseconds: f64 = 5000,
  ) {
    if (limit < 0) failWith(`a supervisor cannot restart ${limit} times: it takes 0 or more`, "E_INVALID_COUNT", null);
    if (!(withinMilliseconds >= 0)) failDuration(withinMilliseconds);
  }

  /** A child that runs `fn(arg)`. @throws E_BUSY while the supervisor runs */
  add<A>(fn: (arg: A) => void, arg: A, name: string = "", site: Site = 0): void {
    if (this.isRunning) failBusy("takes its children before it runs");
    this.children.push(new TypedChild<A>(fn, arg, name, site));
  }

  /**
   * The pauses before restarts: the first one after a time without any, the second one for a second restart, and so on.
   * @throws E_INVALID_SCHEDULE when it has a limit or a deadline
   */
  backOff(schedule: Schedule): void {
    if (schedule.isFinite) {
      const message =
        "a supervisor's back-off takes neither limit nor deadline: it restarts as often as its own limit says";
      failWith(message, "E_INVALID_SCHEDULE", null);
    }
    this.schedule = schedule;
  }

  /** How many restarts there were since `run`. */
  get restarts(): i32 {
    return this.count;
  }

  /**
   * Starts all children, in the order in which they were added, and returns when all are over. When its fiber is cancelled, the children
   * are cancelled and waited for, the last one first.
   * @throws E_RESTART_LIMIT when one has failed and the limit is reached: then all were cancelled and waited for, and `cause` is that
   *   failure; E_BUSY when it runs already; E_NOT_IN_FIBER outside of a fiber
   */
  run(): void {
    requireFiber();
    if (this.isRunning) failBusy("runs only once at a time");
    const cleanup = defer<Supervisor>((supervisor: Supervisor): void => supervisor.leave(), this);
    this.isRunning = true;
    this.count = 0;
    this.times = [];
    for (let i = 0; i < this.children.length; i++) this.children[i].start(0);
    let ended = this.awaitEnd();
    while (ended >= 0) {
      const failure = this.children[ended].takeFailure();
      if (failure) this.restart(ended, failure);
      ended = this.awaitEnd();
    }
    this.isRunning = false;
    cleanup.forget();
  }

  /** Which child has ended; -1 when all are over. */
  private awaitEnd(): i32 {
    const select = new Select(true);
    const indices: i32[] = [];
    for (let i = 0; i < this.children.length; i++) {
      const child = this.children[i];
      if (child.isOver) continue;
      select.join(child.running);
      indices.push(i);
    }
    return indices.length ? indices[select.wait()] : -1;
  }

  private restart(index: i32, failure: Failure): void {
    this.checkLimit(failure);
    const schedule = this.schedule;
    const pause = schedule ? schedule.pauseAfter(this.times.length) : 0;
    this.times.push(now());
    this.count++;
    const first = this.strategy == Restart.ALL ? 0 : index;
    const end = this.strategy == Restart.ONE ? index + 1 : this.children.length;
    this.stop(first, end, `${failure.who} has failed, and those that depend on it begin anew`);
    for (let i = first; i < end; i++) if (!this.children[i].isOver) this.children[i].start(pause);
  }

  private checkLimit(failure: Failure): void {
    const times = this.times;
    const within = this.withinMilliseconds * NANOSECONDS_PER_MILLISECOND;
    while (times.length && now() - times[0] > within) times.shift();
    if (times.length < this.limit) return;
    this.stop(0, this.children.length, `${failure.who} has failed too often`);
    const most = `${this.limit} restarts within ${this.withinMilliseconds} milliseconds are the limit`;
    failWith(`${failure.who} failed, and ${most}: ${failure.message}`, "E_RESTART_LIMIT", failure);
  }

  /** Cancels these children and waits for them, one after the other, the last one first. */
  private stop(first: i32, end: i32, reason: string): void {
    for (let i = end - 1; i >= first; i--) this.children[i].stop(reason);
  }

  private leave(): void {
    this.stop(0, this.children.length, "its supervisor has ended");
    this.isRunning = false;
  }
}

/** What is run, and the fiber that runs it now. */
abstract class Child {
  /** It has returned or was cancelled, not by its supervisor. */
  isOver: bool = false;
  private fiber: Fiber | null = null;
  private pause: f64 = 0;

  constructor(
    private name: string,
    private site: Site,
  ) {}

  protected abstract call(): void;

  get running(): Fiber {
    return this.fiber!;
  }

  start(pause: f64): void {
    this.isOver = false;
    this.pause = pause;
    this.fiber = go<Child>((child: Child): void => child.enter(), this, this.name, this.site);
  }

  private enter(): void {
    if (this.pause) sleep(this.pause);
    this.call();
  }

  /** Its fiber has ended. Null: it is over. */
  takeFailure(): Failure | null {
    const fiber = this.running;
    if (fiber.state == State.FAILED) return fiber.error;
    this.isOver = true;
    return null;
  }

  /** When it ended by itself before, that counts. A failure of that moment is one with the failure for which it is stopped. */
  stop(reason: string): void {
    const fiber = this.fiber;
    if (!fiber || this.isOver) return;
    if (fiber.state >= State.DONE) {
      this.takeFailure();
      return;
    }
    fiber.cancel(reason);
    fiber.tryJoin();
    this.isOver = fiber.state == State.DONE;
  }
}

class TypedChild<A> extends Child {
  constructor(
    private fn: (arg: A) => void,
    private arg: A,
    name: string,
    site: Site,
  ) {
    super(name, site);
  }

  protected call(): void {
    this.fn(this.arg);
  }
}

function failBusy(what: string): void {
  fail(`a supervisor ${what}: wait until run() has returned, or make another one`, "E_BUSY");
}

function failDuration(milliseconds: f64): void {
  const message = `a supervisor cannot count restarts within ${milliseconds} milliseconds: it takes 0 or more`;
  failWith(message, "E_INVALID_DURATION", null);
}

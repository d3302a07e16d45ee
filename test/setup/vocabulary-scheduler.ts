/**
 * The scheduler of the vocabulary's reference model: fibers as generators, one queue of those that are ready, timers, cancellation.
 *
 * What is ready runs in the order in which it became so. Time passes only when nothing is ready; equal deadlines expire in the order in
 * which they were set. A fiber that ends for any reason runs its cleanups, last first, when its turn comes. A fiber that was given
 * something runs on with it, and a cancellation strikes at its next wait.
 */

export type Code<T = void> = Generator<undefined, T>;

/** What a fiber does when it ends, at once or in code that may wait. */
export type Debt = () => Code | void;

/** What a fiber waits for. */
export type Reason = "acquire" | "condition" | "event" | "join" | "lock" | "receive" | "select" | "send" | "sleep";

type Ending = "done" | "failed" | "cancelled";

/** Thrown by what ends a fiber at once. */
export class End extends Error {
  readonly ending: Ending;

  constructor(ending: Ending) {
    super();
    this.ending = ending;
  }
}

/** A fiber that stands in a queue, by itself or by a case of a select. */
export interface Waiter {
  fiber: Fiber;
  /** Which case. */
  index: number;
  /** What it brings. */
  value: string;
  /** How much it wants. */
  amount: number;
}

/** Who waits, first in, first out. */
export class Queue {
  readonly waiters: Waiter[] = [];
  /** Called when a waiter has left early. */
  readonly onLeave: () => void;

  constructor(onLeave = () => {}) {
    this.onLeave = onLeave;
  }
}

/** A waiter, and where it stands. */
export interface Place {
  queue: Queue;
  waiter: Waiter;
}

export interface Lock {
  abandon(): void;
}

export class Fiber {
  readonly number: number;
  code: Code | null = null;
  isRunning = false;
  hasEnded = false;
  /** What it will have ended as. */
  ending: Ending = "done";
  failure = "";
  isCleaning = false;
  /** What it does when it ends, the last one first. */
  owed: Debt[] = [];
  /** The locks that it owns, the last one last. */
  locks: Lock[] = [];
  readonly joiners = new Queue();

  waitsFor: Reason | null = null;
  places: Place[] = [];
  /** Whether it must not be cancelled from the moment at which it leaves this wait. */
  isShieldedAfter = false;
  isShielded = false;
  /** Was given something, and has not waited since. */
  isGiven = false;
  isCancelPending = false;

  // What it finds when it goes on.
  /** Its wait was over before anybody woke it. */
  hasLeftEarly = false;
  isRefused = false;
  value = "";
  chosen = -1;

  constructor(number: number) {
    this.number = number;
  }

  /** A place in this queue for a fiber that waits for one thing. */
  placeIn(queue: Queue, { value = "", amount = 0, index = 0 } = {}): Place {
    return { queue, waiter: { fiber: this, index, value, amount } };
  }
}

export class Scheduler {
  #ready: Fiber[] = [];
  #timers: { fiber: Fiber; deadline: number }[] = [];
  #clock = 0;

  get timerCount(): number {
    return this.#timers.length;
  }

  makeReady(fiber: Fiber): void {
    this.#ready.push(fiber);
  }

  /** Runs until nothing happens any more. */
  runAll(): void {
    while (true) {
      for (let fiber = this.#ready.shift(); fiber; fiber = this.#ready.shift()) this.#resume(fiber);
      if (!this.#timers.length) return;
      this.#clock = Math.min(...this.#timers.map(({ deadline }) => deadline));
      this.#expire();
    }
  }

  /** One after the other: a wait that is left can end another one whose time has come as well. */
  #expire(): void {
    while (true) {
      const due = this.#timers.find(({ deadline }) => deadline === this.#clock);
      if (!due) return;
      // The select has chosen: that case is what the fiber is given.
      if (due.fiber.waitsFor === "select") due.fiber.isGiven = true;
      this.#leave(due.fiber);
      this.#wake(due.fiber);
    }
  }

  #resume(fiber: Fiber): void {
    fiber.isRunning = true;
    try {
      // Without code, it was cancelled while it was ready or waited.
      const isOver = fiber.code?.next().done ?? true;
      fiber.isRunning = false;
      if (!isOver) {
        this.#suspend(fiber);
        return;
      }
    } catch (end) {
      if (!(end instanceof End)) throw end;
      fiber.isRunning = false;
      fiber.ending = end.ending;
    }
    this.#conclude(fiber);
  }

  /** It has yielded or waits. */
  #suspend(fiber: Fiber): void {
    fiber.isGiven = false;
    const strikes = fiber.isCancelPending && !fiber.isShielded;
    if (fiber.waitsFor && strikes) this.#interrupt(fiber);
    else if (!fiber.waitsFor) {
      if (strikes) this.#drop(fiber);
      this.makeReady(fiber);
    }
  }

  #conclude(fiber: Fiber): void {
    fiber.code = null;
    fiber.isCancelPending = false;
    fiber.isShielded = false;
    fiber.isGiven = false;
    if (fiber.owed.length) {
      fiber.isCleaning = true;
      fiber.code = cleanAll(fiber);
      this.makeReady(fiber);
      return;
    }
    fiber.hasEnded = true;
    while (fiber.locks.length) fiber.locks.at(-1)?.abandon();
    while (this.wakeFirst(fiber.joiners)) {}
  }

  /** Ends the running fiber as failed. A fiber that was ending for another reason keeps that one. */
  fail(fiber: Fiber, code: string): never {
    if (fiber.isCleaning && fiber.ending !== "done") throw new End(fiber.ending);
    fiber.failure = code;
    throw new End("failed");
  }

  cancel(fiber: Fiber, reason: string): void {
    // Cancelled already, with a value that it ran on with: it ends at once, for that reason.
    if (fiber.isRunning && fiber.isCancelPending) throw new End("cancelled");
    if (fiber.hasEnded || fiber.isCleaning || fiber.isCancelPending || fiber.ending !== "done") return;
    fiber.failure = reason;
    if (fiber.isRunning) throw new End("cancelled");
    if (fiber.isGiven || fiber.isShielded) fiber.isCancelPending = true;
    else if (fiber.waitsFor) this.#interrupt(fiber);
    else this.#drop(fiber);
  }

  /** It waits, and is cancelled. */
  #interrupt(fiber: Fiber): void {
    this.#leave(fiber);
    if (fiber.isShielded) fiber.isCancelPending = true;
    else this.#drop(fiber);
    this.#wake(fiber);
  }

  #drop(fiber: Fiber): void {
    fiber.code = null;
    fiber.ending = "cancelled";
    fiber.isCancelPending = false;
  }

  *sleep(fiber: Fiber, milliseconds: number): Code {
    yield* this.wait(fiber, "sleep", [], { timeout: milliseconds });
  }

  *wait(fiber: Fiber, reason: Reason, places: Place[], { timeout = Infinity, shields = false } = {}): Code {
    fiber.waitsFor = reason;
    fiber.places = places;
    fiber.isShieldedAfter = shields;
    fiber.isRefused = false;
    for (const { queue, waiter } of places) queue.waiters.push(waiter);
    if (timeout < Infinity) this.#timers.push({ fiber, deadline: this.#clock + timeout });
    yield;
  }

  /** Takes the fiber that has waited longest out of this queue and of wherever it waits beside. It must then be woken. */
  shift(queue: Queue): Waiter | undefined {
    const waiter = queue.waiters.shift();
    if (!waiter) return undefined;
    waiter.fiber.chosen = waiter.index;
    if (waiter.fiber.waitsFor === "select") waiter.fiber.isGiven = true;
    this.#leave(waiter.fiber, waiter);
    return waiter;
  }

  #leave(fiber: Fiber, except?: Waiter): void {
    this.#timers = this.#timers.filter((timer) => timer.fiber !== fiber);
    fiber.hasLeftEarly = except === undefined;
    if (fiber.isShieldedAfter) fiber.isShielded = true;
    const left = fiber.places.splice(0).filter(({ waiter }) => waiter !== except);
    for (const { queue, waiter } of left) queue.waiters.splice(queue.waiters.indexOf(waiter), 1);
    for (const { queue } of left) queue.onLeave();
  }

  #wake(fiber: Fiber): void {
    fiber.waitsFor = null;
    this.makeReady(fiber);
  }

  /** False: nobody waits. */
  wakeFirst(queue: Queue, isRefused = false): boolean {
    const waiter = this.shift(queue);
    if (waiter) this.wake(waiter, isRefused);
    return waiter !== undefined;
  }

  wake({ fiber }: Waiter, isRefused = false): void {
    fiber.isRefused = isRefused;
    this.#wake(fiber);
  }

  /** Wakes a fiber with something that it now owns. */
  grant({ fiber }: Waiter): void {
    fiber.isGiven = true;
    this.#wake(fiber);
  }
}

function* cleanAll(fiber: Fiber): Code {
  for (let debt = fiber.owed.shift(); debt; debt = fiber.owed.shift()) yield* debt() ?? [];
}

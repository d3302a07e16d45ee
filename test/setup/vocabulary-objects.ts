/**
 * What the fibers of the vocabulary's reference model share: channel, mutex, condition, semaphore, event.
 *
 * Whoever changes an object changes it also for those that he wakes: a woken fiber has what it waited for, and nobody overtakes it.
 */
import { type Code, End, type Fiber, type Lock, Queue, type Scheduler } from "./vocabulary-scheduler.ts";

export class Channel {
  readonly #scheduler: Scheduler;
  readonly #capacity: number;
  readonly #overflow: string;
  readonly senders = new Queue();
  readonly receivers = new Queue();
  isClosed = false;
  values: string[] = [];
  #dropped = 0;

  /** @param text capacity, and what a send does when it is full: `b` waits, `o` drops the oldest, `n` its own, `l` all but the latest */
  constructor(scheduler: Scheduler, text: string) {
    this.#scheduler = scheduler;
    this.#capacity = Number(text[0]);
    this.#overflow = text[1] ?? "";
  }

  get description(): string {
    return `${this.values.length} of ${this.#capacity} ${this.isClosed ? "closed" : "open"}, ${this.#dropped} dropped`;
  }

  get canSend(): boolean {
    const hasRoom = this.values.length < this.#capacity || this.#overflow !== "b";
    return hasRoom || this.receivers.waiters.length > 0 || this.isClosed;
  }

  get canReceive(): boolean {
    return this.values.length > 0 || this.senders.waiters.length > 0 || this.isClosed;
  }

  /** False: it would have to wait. */
  trySend(fiber: Fiber, value: string): boolean {
    if (this.isClosed) this.#scheduler.fail(fiber, "E_CLOSED");
    const receiver = this.#scheduler.shift(this.receivers);
    if (receiver) {
      receiver.fiber.value = value;
      receiver.fiber.isRefused = false;
      this.#scheduler.grant(receiver);
    } else if (this.values.length < this.#capacity) this.values.push(value);
    else if (this.#overflow === "b") return false;
    else this.#replace(value);
    return true;
  }

  #replace(value: string): void {
    this.#dropped++;
    if (this.#overflow === "n") return;
    this.values.shift();
    this.values.push(value);
  }

  *send(fiber: Fiber, value: string): Code {
    if (this.trySend(fiber, value)) return;
    yield* this.#scheduler.wait(fiber, "send", [fiber.placeIn(this.senders, { value })]);
    this.endSend(fiber);
  }

  /** It was woken: there was room, or the channel was closed. */
  endSend(fiber: Fiber): void {
    if (fiber.isRefused) this.#scheduler.fail(fiber, "E_CLOSED");
  }

  /** The oldest value; undefined: there is none. */
  tryNext(): string | undefined {
    const sender = this.#scheduler.shift(this.senders);
    if (sender) {
      this.values.push(sender.value);
      this.#scheduler.wake(sender);
    }
    return this.values.shift();
  }

  /** undefined: it is closed and drained. */
  *next(fiber: Fiber): Code<string | undefined> {
    if (this.canReceive) return this.tryNext();
    yield* this.#scheduler.wait(fiber, "receive", [fiber.placeIn(this.receivers)]);
    return this.endNext(fiber);
  }

  endNext(fiber: Fiber): string | undefined {
    return fiber.isRefused ? undefined : fiber.value;
  }

  *receive(fiber: Fiber): Code<string> {
    return (yield* this.next(fiber)) ?? this.#scheduler.fail(fiber, "E_CLOSED");
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const queue of [this.receivers, this.senders]) while (this.#scheduler.wakeFirst(queue, true)) {}
  }
}

export class Mutex implements Lock {
  readonly #scheduler: Scheduler;
  readonly queue = new Queue();
  owner: Fiber | null = null;
  isAbandoned = false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get description(): string {
    return `${this.owner ? "locked" : "free"}${this.isAbandoned ? ", abandoned" : ""}`;
  }

  /** False: somebody else owns it. */
  tryLock(fiber: Fiber): boolean {
    if (this.owner === fiber) this.#scheduler.fail(fiber, "E_RELOCK");
    if (this.owner) return false;
    this.#own(fiber);
    return true;
  }

  *lock(fiber: Fiber): Code {
    if (!this.tryLock(fiber)) yield* this.#scheduler.wait(fiber, "lock", [fiber.placeIn(this.queue)]);
  }

  unlock(fiber: Fiber): void {
    this.require(fiber);
    this.handOff();
  }

  require(fiber: Fiber): void {
    if (this.owner !== fiber) this.#scheduler.fail(fiber, "E_NOT_OWNER");
  }

  abandon(): void {
    this.isAbandoned = true;
    this.handOff();
  }

  /** To the fiber that has waited longest, or to nobody. */
  handOff(): void {
    this.owner?.locks.splice(this.owner.locks.indexOf(this), 1);
    this.owner = null;
    const next = this.#scheduler.shift(this.queue);
    if (!next) return;
    this.#own(next.fiber);
    this.#scheduler.grant(next);
  }

  #own(fiber: Fiber): void {
    this.owner = fiber;
    fiber.locks.push(this);
  }
}

export class Condition {
  readonly #scheduler: Scheduler;
  readonly #queue = new Queue();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /**
   * Owns the mutex again when it returns, or ends as cancelled. False: its time was over. One that was signalled before it was cancelled
   * goes on until its next wait.
   */
  *wait(fiber: Fiber, mutex: Mutex, timeout: number): Code<boolean> {
    mutex.require(fiber);
    mutex.handOff();
    yield* this.#scheduler.wait(fiber, "condition", [fiber.placeIn(this.#queue)], { timeout, shields: true });
    const isSignalled = !fiber.hasLeftEarly;
    yield* mutex.lock(fiber);
    fiber.isShielded = false;
    if (fiber.isCancelPending && !isSignalled) throw new End("cancelled");
    return isSignalled;
  }

  signal(): boolean {
    return this.#scheduler.wakeFirst(this.#queue);
  }

  broadcast(): void {
    while (this.signal()) {}
  }
}

export class Semaphore {
  readonly #scheduler: Scheduler;
  readonly queue = new Queue(() => this.#serve());
  available: number;

  constructor(scheduler: Scheduler, permits: number) {
    this.#scheduler = scheduler;
    this.available = permits;
  }

  canAcquire(amount: number): boolean {
    return !this.queue.waiters.length && amount <= this.available;
  }

  /** False: it would have to wait. */
  tryAcquire(fiber: Fiber, amount: number): boolean {
    if (amount < 1) this.#scheduler.fail(fiber, "E_INVALID_COUNT");
    if (!this.canAcquire(amount)) return false;
    this.available -= amount;
    return true;
  }

  *acquire(fiber: Fiber, amount: number): Code {
    if (this.tryAcquire(fiber, amount)) return;
    yield* this.#scheduler.wait(fiber, "acquire", [fiber.placeIn(this.queue, { amount })]);
  }

  release(fiber: Fiber | null, amount: number): void {
    if (fiber && amount < 1) this.#scheduler.fail(fiber, "E_INVALID_COUNT");
    this.available += amount;
    this.#serve();
  }

  /** Those that have waited longest, as far as it suffices. */
  #serve(): void {
    for (let [first] = this.queue.waiters; first && first.amount <= this.available; [first] = this.queue.waiters) {
      // Before it is taken out: other cases of its select then leave, which may lead here again.
      this.available -= first.amount;
      this.#scheduler.shift(this.queue);
      this.#scheduler.grant(first);
    }
  }
}

export class Event {
  readonly #scheduler: Scheduler;
  readonly queue = new Queue();
  isSet = false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  *wait(fiber: Fiber): Code {
    if (!this.isSet) yield* this.#scheduler.wait(fiber, "event", [fiber.placeIn(this.queue)]);
  }

  set(): void {
    this.isSet = true;
    while (this.#scheduler.wakeFirst(this.queue)) {}
  }
}

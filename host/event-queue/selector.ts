/**
 * The selector: which of many descriptors are ready, asked of the operating system's own event queue.
 *
 * What it does, whatever the back end; test/event-queue/ asks it of each, by these numbers:
 *
 *  1. Registering: one registration per descriptor. `register` of one that has it: E_ALREADY_REGISTERED; `modify` and `deregister` of one that
 *     has none: E_NOT_REGISTERED. What the system refuses has the system's code. A refused call changes nothing.
 *  2. Interests: readable, writable, both, or none. Nothing else is reported. A hangup and an error are hints: they come with the directions of
 *     interest, which are then ready too, since the next call does not wait but tells.
 *  3. Oneshot (the default): after an event the registration is at rest, in both directions, until it is modified.
 *  4. Level: an event in every wait, as long as it is ready.
 *  5. Edge: an event when it becomes ready. The program then goes on until a call would have to wait, says so by `exhausted`, and is told the
 *     next arrival, even one that came in between. What arrives before that may be told or not. Where the kernel has edges (epoll, kqueue)
 *     `exhausted` does nothing; poll has none, and needs it.
 *  6. Modifying replaces token, interests and mode, and arms anew: what is ready then is reported, on an edge as well.
 *  7. Tokens have 64 bits and come back unchanged. They are numbers, since a bigint would be allocated for each event; whole numbers up to
 *     2^53 - 1 are exact. Who needs more registers a bigint, and reads `token64`.
 *  8. Waiting: a wait ends with events, with a notification, or when its deadline has come; never early, a deadline is rounded up. With one that is
 *     past it only looks. Without any registration it waits as well.
 *  9. Batches: one event per registration and wait, with all its directions; as many as the events have room for. The rest comes in the next
 *     waits, and none is passed over for ever.
 * 10. Interruptions by signals are not seen: the wait goes on for what remains.
 * 11. Notifying, from any thread, ends the current wait or the next one. Any number before that is one; none is lost. Events that are there are
 *     reported with it.
 * 12. What is out of date is not reported: after `modify` and `deregister` no event of before, not even of those that the program is going
 *     through. Deregister before you close. What was closed first is not reported any more once it is deregistered, or its number registered
 *     anew, which is then no mistake.
 * 13. `waitAsync` is a wait that leaves JavaScript free. What is registered, modified or deregistered meanwhile counts in it. One wait at a
 *     time: a second one is E_BUSY.
 * 14. Closing ends a waitAsync with E_CLOSED, as everything afterwards, except closing; it leaves no descriptor behind, and does not touch
 *     those that were registered. A notification then does nothing.
 *
 * A selector belongs to the thread that has made it; only notifiers may be anywhere.
 */
import { FibersError } from "../errors.ts";
import { Alarm, type AlarmCalls } from "./alarm.ts";
import type { BackEnd, BackEndName, Wish } from "./back-end.ts";
import { EBADF, EINTR, ENOENT, systemError } from "./c-library.ts";
import { Collector } from "./collector.ts";
import type { DescriptorCalls } from "./descriptor-calls.ts";
import type { Events, Liveness } from "./events.ts";
import { checkDescriptor, checkWish, Interest, Mode, type Token } from "./interest.ts";
import { LoopWait } from "./loop-wait.ts";
import { LoopWatch, type WatchDescriptor } from "./loop-watch.ts";
import { Bell, type NotifierHandle } from "./notifier.ts";
import { Registrations } from "./registrations.ts";

/** What a selector is made of. */
export interface SelectorParts {
  descriptors: DescriptorCalls;
  /** Makes the back end over the table of registrations. */
  makeBackEnd(registrations: Registrations): BackEnd;
  /** Lets Node's event loop watch a descriptor; without it there is no `waitAsync`. */
  watch: WatchDescriptor | null;
  /** Makes the deadlines of `waitAsync` precise; without it they are as late as Node's timers. */
  alarms?: AlarmCalls | null;
  /** Nanoseconds since a moment of its own, monotonic. */
  now(): number;
}

/** Which of many descriptors are ready. Beneath `EventQueue`, without sources and timers; its contract stands at the top of the file. */
export class Selector {
  readonly #registrations = new Registrations();
  readonly #backEnd: BackEnd;
  readonly #bell: Bell;
  readonly #watch: WatchDescriptor | null;
  readonly #descriptors: DescriptorCalls;
  readonly #alarms: AlarmCalls | null;
  /** Made for the first waitAsync that has a deadline. */
  #alarm: Alarm | null = null;
  readonly #collector: Collector;
  readonly #wish: Wish = { fd: 0, interests: 0, mode: Mode.ONESHOT, generation: 0 };
  /** Nanoseconds on the clock that deadlines refer to. */
  readonly now: () => number;
  readonly #watches = new Set<LoopWatch>();
  #pending: LoopWait | null = null;
  #wasNotified = false;
  #isClosed = false;
  #isAlive = true;

  /** @internal */
  constructor(parts: SelectorParts) {
    this.now = parts.now;
    this.#collector = new Collector(this.#registrations, (fd) => this.#takeOwn(fd));
    this.#watch = parts.watch;
    this.#descriptors = parts.descriptors;
    this.#alarms = parts.alarms ?? null;
    this.#bell = new Bell(parts.descriptors);
    try {
      this.#backEnd = parts.makeBackEnd(this.#registrations);
      this.#set(this.#bell.fd, 0, Interest.READABLE, Mode.LEVEL, (wish) => this.#backEnd.add(wish));
    } catch (error) {
      this.#bell.close();
      throw error;
    }
  }

  /** epoll, poll or kqueue. */
  get name(): BackEndName {
    return this.#backEnd.name;
  }

  /** How many descriptors are registered. */
  get count(): number {
    return this.#registrations.count - (this.#alarm ? 2 : 1); // the bell and the alarm are ours
  }

  /** Whether it was closed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether a notification has ended the last wait. */
  get wasNotified(): boolean {
    return this.#wasNotified;
  }

  /** What tells events that are out of date. */
  get liveness(): Liveness {
    return this.#registrations;
  }

  /**
   * Watches a descriptor.
   * @throws E_ALREADY_REGISTERED, E_INVALID_ARGUMENT, E_CLOSED; what the system says: EBADF when it is not open, EPERM when it cannot be watched
   */
  register(fd: number, token: Token, interests: number = Interest.READABLE, mode: Mode = Mode.ONESHOT): void {
    this.#check(fd, token, interests, mode);
    if (this.#registrations.has(fd)) this.#forgetClosed(fd);
    const result = this.#set(fd, token, interests, mode, (wish) => this.#backEnd.add(wish));
    if (result < 0) throw systemError(`${this.name}: watching descriptor ${fd}`, result);
  }

  /** Watches it otherwise, and arms it anew. @throws E_NOT_REGISTERED, E_INVALID_ARGUMENT, E_CLOSED; what the system says */
  modify(fd: number, token: Token, interests: number = Interest.READABLE, mode: Mode = Mode.ONESHOT): void {
    this.#check(fd, token, interests, mode);
    this.#requireRegistered(fd, "modify");
    const result = this.#set(fd, token, interests, mode, (wish) => this.#backEnd.change(wish));
    if (result === -ENOENT || result === -EBADF) {
      throw new FibersError(
        "E_NOT_REGISTERED",
        `modify: descriptor ${fd} was closed; deregister it, then register the new one`,
      );
    }
    if (result < 0) throw systemError(`${this.name}: watching descriptor ${fd}`, result);
  }

  /** Forgets it; do so before you close it. @throws E_NOT_REGISTERED, E_INVALID_ARGUMENT, E_CLOSED */
  deregister(fd: number): void {
    this.#requireOpen();
    checkDescriptor(fd);
    this.#requireRegistered(fd, "deregister");
    this.#forget(fd);
    this.#changed();
  }

  /** Whether a descriptor is registered. */
  has(fd: number): boolean {
    return !this.#isOwn(fd) && this.#registrations.has(fd);
  }

  /** A call on it would have had to wait: on an edge, its next arrival is to be told. On one that is not registered it does nothing. */
  exhausted(fd: number, directions: number): void {
    if (!this.has(fd) || this.#registrations.mode(fd) !== Mode.EDGE) return;
    this.#backEnd.exhausted(fd, directions);
    this.#changed();
  }

  /**
   * Waits: blocks this thread.
   * @param deadline in nanoseconds on the clock `now`; infinite by default
   * @returns the number of events
   * @throws E_BUSY, E_CLOSED
   */
  wait(events: Events, deadline = Infinity): number {
    this.#begin(events, deadline);
    try {
      for (;;) {
        const isLast = this.#look(deadline);
        if (isLast || events.length > 0 || this.#wasNotified) return events.length;
      }
    } finally {
      this.#collector.end();
    }
  }

  /**
   * Waits as `wait` does, and leaves JavaScript free.
   * @param deadline a function when it may change meanwhile: call `wake` when it has become earlier
   * @throws E_BUSY, E_CLOSED, ENOTSUP
   */
  async waitAsync(events: Events, deadline: number | (() => number) = Infinity): Promise<number> {
    const currentDeadline = typeof deadline === "number" ? () => deadline : deadline;
    this.#begin(events, currentDeadline());
    try {
      for (;;) {
        this.#look(-Infinity);
        if (events.length > 0 || this.#wasNotified || currentDeadline() <= this.now()) return events.length;
        await this.#sleep(this.#requireLoop(), currentDeadline());
        this.#requireOpen();
      }
    } finally {
      this.#collector.end();
    }
  }

  /**
   * Has Node's event loop call back as long as a wait would bring something: for those that look themselves, by `wait` with a deadline that is
   * past, and have no need of promises. Keeps the process alive until it is closed, unless `setAlive(false)`.
   * @throws E_CLOSED, ENOTSUP; what the system says, EMFILE for instance
   */
  watchLoop(callback: () => void): LoopWatch {
    this.#requireOpen();
    const watch: LoopWatch = new LoopWatch(this.#requireLoop(), this.#backEnd, callback, () =>
      this.#watches.delete(watch),
    );
    watch.start();
    this.#watches.add(watch);
    return watch;
  }

  /** Lets a waitAsync look again, and at its deadline. */
  wake(): void {
    this.#pending?.wake();
  }

  /** Ends the wait that goes on, or the next one. */
  notify(): void {
    this.#bell.notifier.notify();
  }

  /** What another thread needs to notify: see `attachNotifier`. */
  notifier(): NotifierHandle {
    this.#requireOpen();
    return this.#bell.handle;
  }

  /** Whether a waitAsync keeps the process alive; it does by default. */
  setAlive(isAlive: boolean): void {
    this.#isAlive = isAlive;
    this.#pending?.setAlive(isAlive);
  }

  /** Ends a waitAsync with E_CLOSED. Descriptors that were registered stay open. Closing again does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pending?.end();
    // Before the descriptors: Node must not watch a number that may be another file's.
    for (const watch of this.#watches) watch.close();
    this.#backEnd.close();
    this.#alarm?.close();
    this.#bell.close();
  }

  /** @returns whether the deadline has come */
  #look(deadline: number): boolean {
    for (;;) {
      const timeout = deadline === Infinity ? Infinity : Math.max(Math.ceil(deadline - this.now()), 0);
      const result = this.#backEnd.wait(timeout, this.#collector);
      if (result >= 0) {
        // What was reported may be at rest, and the set may have been built anew.
        for (const watch of this.#watches) watch.looked();
        return deadline <= this.now();
      }
      if (result !== -EINTR) throw systemError(`${this.name}: waiting`, result);
    }
  }

  #begin(events: Events, deadline: number): void {
    this.#requireOpen();
    if (Number.isNaN(deadline))
      throw new FibersError("E_INVALID_ARGUMENT", "a deadline is a number of nanoseconds, and got NaN");
    if (this.#collector.isBusy) throw new FibersError("E_BUSY", "another wait of this selector goes on: one at a time");
    this.#collector.begin(events);
    this.#wasNotified = false;
  }

  async #sleep(watch: WatchDescriptor, deadline: number): Promise<void> {
    const milliseconds = this.#setAlarm(deadline) ? Infinity : Math.ceil((deadline - this.now()) / 1e6);
    this.#pending = new LoopWait(watch, this.#backEnd, milliseconds, this.#isAlive);
    try {
      await this.#pending.woken;
    } finally {
      this.#pending.end();
      this.#pending = null;
    }
  }

  #requireLoop(): WatchDescriptor {
    if (this.#watch) return this.#watch;
    throw new FibersError("ENOTSUP", `${this.name}: this selector has no event loop: use wait`);
  }

  /** @returns whether the alarm rings at the deadline, so that no other timer is needed */
  #setAlarm(deadline: number): boolean {
    if (deadline === Infinity || this.#alarms === null) return false;
    if (this.#alarm === null) {
      const alarm = new Alarm(this.#alarms, this.#descriptors);
      if (this.#set(alarm.fd, 0, Interest.READABLE, Mode.LEVEL, (wish) => this.#backEnd.add(wish)) < 0) {
        alarm.close();
        return false;
      }
      this.#alarm = alarm;
    }
    this.#alarm.set(deadline - this.now());
    return true;
  }

  #isOwn(fd: number): boolean {
    return fd === this.#bell.fd || fd === this.#alarm?.fd;
  }

  /** A notification, or the alarm. */
  #takeOwn(fd: number): boolean {
    if (fd === this.#bell.fd) {
      this.#bell.clear();
      this.#wasNotified = true;
      return true;
    }
    if (fd !== this.#alarm?.fd) return false;
    this.#alarm.clear();
    return true;
  }

  #set(fd: number, token: Token, interests: number, mode: Mode, apply: (wish: Wish) => number): number {
    const wish = this.#wish;
    wish.fd = fd;
    wish.interests = interests;
    wish.mode = mode;
    wish.generation = this.#registrations.nextGeneration();
    const result = apply(wish);
    if (result < 0) return result;
    this.#registrations.set(fd, wish.generation, token, interests, mode);
    this.#changed();
    return result;
  }

  /** Its number may be in use again by now: then it is no mistake to register it. */
  #forgetClosed(fd: number): void {
    const wish = {
      fd,
      interests: this.#registrations.interests(fd),
      mode: this.#registrations.mode(fd),
      generation: 0,
    };
    wish.generation = this.#registrations.generation(fd);
    if (this.#isOwn(fd) || this.#backEnd.holds(wish)) {
      throw new FibersError(
        "E_ALREADY_REGISTERED",
        `register: descriptor ${fd} is registered: modify it, or deregister it before`,
      );
    }
    this.#forget(fd);
  }

  #forget(fd: number): void {
    for (const watch of this.#watches) watch.forget(fd);
    const result = this.#backEnd.remove(fd);
    this.#registrations.delete(fd);
    if (result < 0) throw systemError(`${this.name}: forgetting descriptor ${fd}`, result);
  }

  #check(fd: number, token: Token, interests: number, mode: Mode): void {
    this.#requireOpen();
    checkDescriptor(fd);
    checkWish(token, interests, mode);
  }

  /** What the event loop watches is brought up to date. */
  #changed(): void {
    if (this.#backEnd.hasOwnDescriptor) return;
    this.#pending?.wake();
    for (const watch of this.#watches) watch.changed();
  }

  #requireRegistered(fd: number, verb: string): void {
    if (this.has(fd)) return;
    throw new FibersError("E_NOT_REGISTERED", `${verb}: descriptor ${fd} is not registered: register it before`);
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new FibersError("E_CLOSED", "the selector is closed");
  }
}

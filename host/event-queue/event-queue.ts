/**
 * The event queue for programs: a selector, the sources that it watches, and timers.
 *
 * It never waits but in `wait` and `waitAsync`, and is used by one thread. Sources that it makes (`listen`, `connect`, `pipe`) are its own: it
 * closes them when it is closed. Any other descriptor can be registered too, and stays yours.
 */
import { FibersError } from "../errors.ts";
import type { BackEndName } from "./back-end.ts";
import { succeed } from "./c-library.ts";
import { Events, type Liveness, TIMER } from "./events.ts";
import { highOf, Interest, lowOf, Mode, type Token } from "./interest.ts";
import type { NotifierHandle } from "./notifier.ts";
import { openSystem } from "./open-selector.ts";
import { PipeReader, PipeWriter } from "./pipe.ts";
import type { Selector } from "./selector.ts";
import type { InternetAddress } from "./socket-address.ts";
import { openConnection, openListener } from "./sockets.ts";
import type { Source, SourceOwner } from "./source.ts";
import { TcpListener } from "./tcp-listener.ts";
import { TcpStream } from "./tcp-stream.ts";
import { type Timer, Timers } from "./timers.ts";

const NS_PER_MS = 1e6;
/** Beside the descriptors, so that these cannot crowd them out. */
const TIMERS_PER_WAIT = 64;
const DEFAULT_BACKLOG = 511;

/** What `EventQueue.open` takes. */
export interface EventQueueOptions {
  /** The system's queue that it uses: see `openSelector`. */
  backEnd?: BackEndName;
  /** How many descriptors one wait can bring; the rest comes in the next one. 1024 by default. */
  capacity?: number;
}

/** Watches descriptors and timers for a program, and tells what is ready. Used by one thread; closes what it has made itself. */
export class EventQueue {
  /** What the last wait has brought. */
  readonly events: Events;
  readonly #selector: Selector;
  readonly #owner: SourceOwner;
  readonly #timers: Timers;
  readonly #liveness: Liveness;
  readonly #sources = new Set<Source>();

  /** Opens one. @throws E_NO_KOFFI, E_NO_BACK_END, E_INVALID_ARGUMENT; what the system says, EMFILE for instance */
  static async open({ backEnd, capacity = 1024 }: EventQueueOptions = {}): Promise<EventQueue> {
    const events = new Events(capacity, TIMERS_PER_WAIT);
    const { selector, calls } = await openSystem(backEnd ? { backEnd } : {});
    return new EventQueue(selector, events, calls);
  }

  private constructor(selector: Selector, events: Events, calls: SourceOwner["calls"]) {
    this.events = events;
    this.#selector = selector;
    this.#owner = { selector, calls, forget: (source) => void this.#sources.delete(source) };
    this.#timers = new Timers(selector.now);
    this.#liveness = {
      isCurrent: (fd, generation) =>
        fd === TIMER ? !this.#timers.isCancelled(generation) : selector.liveness.isCurrent(fd, generation),
    };
  }

  /** epoll, poll or kqueue. */
  get backEnd(): string {
    return this.#selector.name;
  }

  /** Whether it was closed. */
  get isClosed(): boolean {
    return this.#selector.isClosed;
  }

  /** Whether a notification has ended the last wait. */
  get wasNotified(): boolean {
    return this.#selector.wasNotified;
  }

  /**
   * Watches a source, or any descriptor: point 1 of the selector's contract.
   * @throws E_ALREADY_REGISTERED, E_INVALID_ARGUMENT, E_CLOSED; what the system says
   */
  register(
    source: Source | number,
    token: Token,
    interests: number = Interest.READABLE,
    mode: Mode = Mode.ONESHOT,
  ): void {
    this.#selector.register(descriptorOf(source), token, interests, mode);
  }

  /** Watches it otherwise, and arms it anew. @throws E_NOT_REGISTERED, E_INVALID_ARGUMENT, E_CLOSED; what the system says */
  modify(
    source: Source | number,
    token: Token,
    interests: number = Interest.READABLE,
    mode: Mode = Mode.ONESHOT,
  ): void {
    this.#selector.modify(descriptorOf(source), token, interests, mode);
  }

  /** Forgets it. Closing a source does this too. @throws E_NOT_REGISTERED, E_CLOSED */
  deregister(source: Source | number): void {
    this.#selector.deregister(descriptorOf(source));
  }

  /** A call on this descriptor would have had to wait: on an edge, tells the next arrival. Sources say so by themselves. */
  exhausted(fd: number, directions: number): void {
    this.#selector.exhausted(fd, directions);
  }

  /** Starts a timer: an event with `isTimer`, once, or again and again. Never early. @throws E_INVALID_DURATION, E_CLOSED */
  timer(milliseconds: number, token: Token, { isRepeating = false } = {}): Timer {
    this.#requireOpen();
    const timer = this.#timers.start(milliseconds, token, isRepeating);
    this.#selector.wake(); // it may be the earliest
    return timer;
  }

  /** Listens for TCP connections; port 0 is one that is free. @throws E_INVALID_ARGUMENT, E_CLOSED; what the system says: EADDRINUSE, … */
  listen(at: InternetAddress, backlog = DEFAULT_BACKLOG): TcpListener {
    this.#requireOpen();
    const fd = openListener(this.#owner.calls, at, backlog);
    return this.#own(new TcpListener(this.#owner, fd, (own) => this.#own(new TcpStream(this.#owner, own))));
  }

  /** Begins a TCP connection: writable when that has ended; then ask `finishConnecting`. @throws E_INVALID_ARGUMENT, E_CLOSED; what the system says */
  connect(to: InternetAddress): TcpStream {
    this.#requireOpen();
    return this.#own(new TcpStream(this.#owner, openConnection(this.#owner.calls, to)));
  }

  /** A pipe. @throws E_CLOSED, EMFILE */
  pipe(): { reader: PipeReader; writer: PipeWriter } {
    this.#requireOpen();
    const ends = new Int32Array(2);
    succeed("pipe", this.#owner.calls.pipe(ends));
    const [reading = -1, writing = -1] = ends;
    return {
      reader: this.#own(new PipeReader(this.#owner, reading)),
      writer: this.#own(new PipeWriter(this.#owner, writing)),
    };
  }

  /**
   * Waits for events, a notification, or so many milliseconds: this thread sleeps. `events` has what it brings, until the next wait.
   * @returns how many events there are
   * @throws E_BUSY, E_CLOSED, E_INVALID_DURATION
   */
  wait(milliseconds = Infinity): number {
    const deadline = this.#deadline(milliseconds);
    for (;;) {
      this.#selector.wait(this.events, Math.min(deadline, this.#timers.earliest));
      if (this.#isOver(deadline)) return this.events.length;
    }
  }

  /** Waits as `wait` does, while Node's event loop goes on. Until it ends it keeps the process alive, unless `unref` was called. */
  async waitAsync(milliseconds = Infinity): Promise<number> {
    const deadline = this.#deadline(milliseconds);
    for (;;) {
      await this.#selector.waitAsync(this.events, () => Math.min(deadline, this.#timers.earliest));
      if (this.#isOver(deadline)) return this.events.length;
    }
  }

  /** Ends the wait that goes on, or the next one. */
  notify(): void {
    this.#selector.notify();
  }

  /** What another thread needs to do the same: post it there, and give it to `attachNotifier`. @throws E_CLOSED */
  notifier(): NotifierHandle {
    return this.#selector.notifier();
  }

  /** A waitAsync keeps the process alive; so it is by default. */
  ref(): void {
    this.#selector.setAlive(true);
  }

  /** A waitAsync does not keep the process alive. */
  unref(): void {
    this.#selector.setAlive(false);
  }

  /** Ends a waitAsync with E_CLOSED, and closes the sources that it has made. Descriptors of yours stay open. */
  close(): void {
    this.#selector.close();
    for (const source of this.#sources) source.close();
  }

  #own<T extends Source>(source: T): T {
    this.#sources.add(source);
    return source;
  }

  #deadline(milliseconds: number): number {
    this.#requireOpen();
    if (!(milliseconds >= 0)) {
      throw new FibersError(
        "E_INVALID_DURATION",
        `a wait takes 0 or more milliseconds, or Infinity, and got ${milliseconds}`,
      );
    }
    return milliseconds === Infinity ? Infinity : this.#selector.now() + milliseconds * NS_PER_MS;
  }

  /** Takes the timers that are due. A selector ends its wait for the earliest one, too. */
  #isOver(deadline: number): boolean {
    const { events } = this;
    events.judgeBy(this.#liveness);
    this.#timers.begin();
    const now = this.#selector.now();
    while (!events.isFull) {
      const due = this.#timers.takeDue(now);
      if (!due) break;
      events.add(TIMER, due.number, 0, lowOf(due.token), highOf(due.token));
    }
    return events.length > 0 || this.wasNotified || deadline <= now;
  }

  #requireOpen(): void {
    if (this.isClosed) throw new FibersError("E_CLOSED", "the event queue is closed");
  }
}

function descriptorOf(source: Source | number): number {
  return typeof source === "number" ? source : source.fd;
}

/**
 * What a wait has brought: a batch that is filled again by each wait, and gone through by `for (const event of events)`.
 *
 * Nothing is allocated, neither by a wait nor in going through it: the event is one object, which stands for another one after each step.
 * Take what you keep out of it. What was modified or deregistered since the wait is passed over.
 */
import { FibersError } from "../errors.ts";
import { Hint, Interest } from "./interest.ts";

const WORD = 2 ** 32;
/** Tokens below 2^53 are exact as numbers. */
const UNSAFE_HIGH = 2 ** 21;

/** What is ready. The same object in each step. */
export interface Event {
  /** The token of the registration. @throws E_UNSAFE_TOKEN for a bigint from 2^53: take `token64` */
  readonly token: number;
  /** The same as a bigint, which allocates it. */
  readonly token64: bigint;
  /** The descriptor; -1 for a timer. */
  readonly fd: number;
  /** A read, or an accept, may bring something. */
  readonly isReadable: boolean;
  /** A write may take something; of a connection that was begun: it has ended, well or not. */
  readonly isWritable: boolean;
  /** A hint: the peer has ended its direction, or both. What came before is still to be read. */
  readonly isHangup: boolean;
  /** A hint: the next call tells what has failed. */
  readonly isError: boolean;
  /** It is a timer: `token` tells which. */
  readonly isTimer: boolean;
}

/** Tells whether what was registered, or started, under this generation is so still. */
export interface Liveness {
  isCurrent(fd: number, generation: number): boolean;
}

/** In place of the descriptor of a timer, whose number is the generation. */
export const TIMER = -1;

/** What the last wait has brought, for `for (const event of events)`. Nothing is allocated in going through it: take what you keep out of the event. */
export class Events implements Iterable<Event> {
  /** How many descriptors one wait can bring. */
  readonly capacity: number;
  readonly #fds: Int32Array;
  readonly #generations: Uint32Array;
  readonly #flags: Uint8Array;
  readonly #tokens: Uint32Array;
  #length = 0;
  #position = 0;
  #liveness: Liveness | null = null;
  readonly #event: Event;
  readonly #step: { done: boolean; value: Event };
  readonly #iterator: IterableIterator<Event>;

  /**
   * @param capacity how many descriptors one wait can bring; the rest comes in the next one
   * @param timers how many timers there is room for beside them
   */
  constructor(capacity = 1024, timers = 0) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > 2 ** 24) {
      throw new FibersError("E_INVALID_ARGUMENT", `events have a capacity from 1 to 2^24, and got ${String(capacity)}`);
    }
    this.capacity = capacity;
    const room = capacity + timers;
    this.#fds = new Int32Array(room);
    this.#generations = new Uint32Array(room);
    this.#flags = new Uint8Array(room);
    this.#tokens = new Uint32Array(room * 2);
    this.#event = this.#cursor();
    this.#step = { done: false, value: this.#event };
    this.#iterator = {
      next: () => this.#next() as IteratorResult<Event>,
      [Symbol.iterator]: () => this.#iterator,
    };
  }

  /** How many there are, those included that are out of date by now. */
  get length(): number {
    return this.#length;
  }

  /** There is no room for another timer. */
  get isFull(): boolean {
    return this.#length === this.#fds.length;
  }

  /** Begins at the first one. There is one iterator: a loop inside a loop over the same events is a mistake. */
  [Symbol.iterator](): IterableIterator<Event> {
    this.#position = -1;
    return this.#iterator;
  }

  /** @internal Who tells what is out of date. */
  judgeBy(liveness: Liveness): void {
    this.#liveness = liveness;
  }

  /** @internal Empties it, for a wait. */
  begin(liveness: Liveness): void {
    this.#liveness = liveness;
    this.#length = 0;
  }

  /** @internal Adds one, for a wait. */
  add(fd: number, generation: number, flags: number, tokenLow: number, tokenHigh: number): void {
    const index = this.#length++;
    this.#fds[index] = fd;
    this.#generations[index] = generation;
    this.#flags[index] = flags;
    this.#tokens[index * 2] = tokenLow;
    this.#tokens[index * 2 + 1] = tokenHigh;
  }

  #next(): { done: boolean; value: Event } {
    do this.#position++;
    while (this.#position < this.#length && this.#isOutOfDate(this.#position));
    this.#step.done = this.#position >= this.#length;
    return this.#step;
  }

  #isOutOfDate(index: number): boolean {
    return !this.#liveness?.isCurrent(this.#fds[index] as number, this.#generations[index] as number);
  }

  #has(flag: number): boolean {
    return ((this.#flags[this.#position] as number) & flag) !== 0;
  }

  #token(): number {
    const high = this.#tokens[this.#position * 2 + 1] as number;
    if (high >= UNSAFE_HIGH) {
      throw new FibersError("E_UNSAFE_TOKEN", `token ${this.#token64()} is no exact number: read event.token64`);
    }
    return high * WORD + (this.#tokens[this.#position * 2] as number);
  }

  #token64(): bigint {
    const low = this.#tokens[this.#position * 2] as number;
    return (BigInt(this.#tokens[this.#position * 2 + 1] as number) << 32n) | BigInt(low);
  }

  #cursor(): Event {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- getters have a `this` of their own
    const events = this;
    return {
      get token() {
        return events.#token();
      },
      get token64() {
        return events.#token64();
      },
      get fd() {
        return events.#fds[events.#position] as number;
      },
      get isReadable() {
        return events.#has(Interest.READABLE);
      },
      get isWritable() {
        return events.#has(Interest.WRITABLE);
      },
      get isHangup() {
        return events.#has(Hint.HANGUP);
      },
      get isError() {
        return events.#has(Hint.ERROR);
      },
      get isTimer() {
        return events.#fds[events.#position] === TIMER;
      },
    };
  }
}

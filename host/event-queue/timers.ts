/**
 * The timers of an event queue: a heap of deadlines. The system is asked for the earliest one only, as the deadline of the wait.
 *
 * Invariant: the deadline of an entry is not later than those of its children, at 2i + 1 and 2i + 2. Timers with the same deadline are due in
 * the order in which they were started.
 */
import { FibersError } from "../errors.ts";
import { checkWish, Interest, Mode, type Token } from "./interest.ts";

const NS_PER_MS = 1e6;

/** A timer that was started. */
export interface Timer {
  /** Comes back with its events. */
  readonly token: Token;
  /** No event of it comes any more, not even one that the last wait has brought. */
  cancel(): void;
}

/** Its place in the heap. */
class Entry implements Timer {
  /** -1 when it is not there. */
  index = -1;

  constructor(
    private readonly timers: Timers,
    /** Of the timer; from 1. */
    readonly number: number,
    readonly token: Token,
    /** 0 for one that does not repeat. */
    readonly periodNs: number,
    public deadline: number,
    /** Among those with the same deadline. */
    public order: number,
  ) {}

  cancel(): void {
    this.timers.remove(this);
  }
}

/** What is due. */
export type DueTimer = Pick<Entry, "number" | "token">;

export class Timers {
  readonly #now: () => number;
  readonly #heap: Entry[] = [];
  /** Since the last wait, by number: their events may still be there. */
  readonly #cancelled = new Set<number>();
  #started = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Infinity when there is none. */
  get earliest(): number {
    return this.#heap[0]?.deadline ?? Infinity;
  }

  get count(): number {
    return this.#heap.length;
  }

  /** @throws E_INVALID_DURATION, E_INVALID_ARGUMENT */
  start(milliseconds: number, token: Token, isRepeating: boolean): Timer {
    checkWish(token, Interest.NONE, Mode.ONESHOT);
    if (!(milliseconds >= 0) || milliseconds === Infinity || (isRepeating && milliseconds < 1e-6)) {
      const least = isRepeating ? "a nanosecond or more" : "0 or more milliseconds";
      throw new FibersError("E_INVALID_DURATION", `a timer takes ${least}, and got ${milliseconds}`);
    }
    const ns = milliseconds * NS_PER_MS;
    const number = ++this.#started;
    const timer = new Entry(this, number, token, isRepeating ? ns : 0, this.#now() + ns, number);
    this.#push(timer);
    return timer;
  }

  isCancelled(number: number): boolean {
    return this.#cancelled.has(number);
  }

  /** A new wait: events of before are gone. */
  begin(): void {
    this.#cancelled.clear();
  }

  /** Takes the earliest one if it is due. Give the same time for a whole batch: one that repeats would be in it twice otherwise. One that repeats is started again, for the next time that is still to come. */
  takeDue(now: number): DueTimer | null {
    const [timer] = this.#heap;
    if (!timer || timer.deadline > now) return null;
    if (timer.periodNs === 0) {
      this.#take(timer);
      return timer;
    }
    timer.deadline += timer.periodNs * (Math.floor((now - timer.deadline) / timer.periodNs) + 1);
    timer.order = ++this.#started;
    this.#sink(0);
    return timer;
  }

  remove(timer: Entry): void {
    this.#cancelled.add(timer.number);
    if (timer.index >= 0) this.#take(timer);
  }

  #push(timer: Entry): void {
    timer.index = this.#heap.push(timer) - 1;
    this.#rise(timer.index);
  }

  #take(timer: Entry): void {
    const { index } = timer;
    const last = this.#heap.pop() as Entry;
    timer.index = -1;
    if (last === timer) return;
    this.#place(last, index);
    this.#rise(index);
    this.#sink(last.index);
  }

  #rise(from: number): void {
    for (let index = from; index > 0;) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(from: number): void {
    for (let index = from; ;) {
      let first = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#heap.length && this.#isBefore(child, first)) first = child;
      }
      if (first === index) return;
      this.#swap(index, first);
      index = first;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one] as Entry, this.#heap[other] as Entry];
    return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order);
  }

  #swap(one: number, other: number): void {
    const timer = this.#heap[one] as Entry;
    this.#place(this.#heap[other] as Entry, one);
    this.#place(timer, other);
  }

  #place(timer: Entry, index: number): void {
    this.#heap[index] = timer;
    timer.index = index;
  }
}

/**
 * Turns beside Node's event loop: after the loop has had its share; or, for what JavaScript has brought, before it goes on, by a microtask,
 * until it has waited for the time of a turn.
 */

const settled = Promise.resolve();

export class LoopTurns {
  readonly #budget: number;
  readonly #readClock: () => number;
  readonly #turn: () => void;
  #immediate: NodeJS.Immediate | undefined;
  /** Whether a microtask takes a turn. */
  #isPrompt = false;
  /** When the loop last had its share, and when the clock was last read, in nanoseconds. */
  #loopedAt = -Infinity;
  #readAt = 0;

  /** @param budget nanoseconds that the loop may wait */
  constructor(budget: number, readClock: () => number, turn: () => void) {
    this.#budget = budget;
    this.#readClock = readClock;
    this.#turn = turn;
  }

  /** Reads the clock. */
  now(): number {
    this.#readAt = this.#readClock();
    return this.#readAt;
  }

  /** See `Driver.soon`. */
  soon(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      this.#loopedAt = this.now();
      this.#turn();
    });
  }

  /** See `Driver.soonest`. */
  soonest(): void {
    if (this.#isPrompt || this.#immediate) return;
    // The turn before has read the clock, and this one will: to read it here, too, would take longer than all else.
    if (this.#readAt - this.#loopedAt >= this.#budget) {
      this.soon();
      return;
    }
    this.#isPrompt = true;
    // Dearer: queueMicrotask, which makes a resource for async hooks.
    void settled.then(this.#takePrompt);
  }

  readonly #takePrompt = (): void => {
    this.#isPrompt = false;
    this.#turn();
  };

  /** None any more that the loop would take. */
  stop(): void {
    if (this.#immediate) clearImmediate(this.#immediate);
    this.#immediate = undefined;
  }
}

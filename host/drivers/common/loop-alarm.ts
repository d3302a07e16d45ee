/** One deadline, met by Node's event loop: never early, and also when it is farther away than setTimeout can wait. */

/** Milliseconds that setTimeout can wait; longer deadlines are armed again. */
const MAX_TIMEOUT = 2 ** 31 - 1;

export class LoopAlarm {
  readonly #now: () => number;
  readonly #onTime: () => void;
  #timeout: NodeJS.Timeout | undefined;
  #deadline = Infinity;

  /** @param now nanoseconds on the clock of the deadlines */
  constructor(now: () => number, onTime: () => void) {
    this.#now = now;
    this.#onTime = onTime;
  }

  /** In the place of the deadline before; infinite: none. */
  arm(deadline: number): void {
    if (deadline === this.#deadline && (this.#timeout || deadline === Infinity)) return;
    this.stop();
    this.#deadline = deadline;
    if (deadline === Infinity) return;
    const milliseconds = Math.ceil((deadline - this.#now()) / 1e6);
    this.#timeout = setTimeout(() => this.#expire(), Math.min(Math.max(milliseconds, 0), MAX_TIMEOUT));
  }

  stop(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
    this.#deadline = Infinity;
  }

  #expire(): void {
    const deadline = this.#deadline;
    this.stop();
    // Node's timers may fire early, by less than a millisecond.
    if (this.#now() < deadline) this.arm(deadline);
    else this.#onTime();
  }
}

/** What will happen in a simulated world, by the time at which it does; at the same time, in the order in which it was planned. */

interface Entry {
  time: number;
  action: () => void;
}

export class Agenda {
  /** The latest first, so that the next is taken from the end. */
  #entries: Entry[] = [];

  /** When the next action is due; infinite when there is none. */
  get next(): number {
    return this.#entries.at(-1)?.time ?? Infinity;
  }

  /** Plans an action. @returns what takes it off again */
  add(time: number, action: () => void): () => void {
    const entry = { time, action };
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle] as Entry).time > time) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, entry);
    return () => {
      const at = this.#entries.indexOf(entry);
      if (at >= 0) this.#entries.splice(at, 1);
    };
  }

  /** Does everything that is due at this time, also what that plans for the same time. */
  run(time: number): void {
    while (this.next <= time) this.#entries.pop()?.action();
  }

  clear(): void {
    this.#entries = [];
  }
}

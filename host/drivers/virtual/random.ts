/** Random numbers of a simulated world: xorshift32, the same for the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    // Seeds that differ little begin far from each other, and never at 0, where it would stay.
    this.#state = Math.imul(seed ^ 0x5bd1e995, 0x9e3779b1) | 1;
    for (let i = 0; i < 4; i++) this.next();
  }

  /** Where it stands: numbers go on from there. */
  get state(): number {
    return this.#state;
  }

  set state(state: number) {
    this.#state = state;
  }

  /** At least 0 and less than 1. */
  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) / 2 ** 32;
  }
}

/** Random numbers that a seed repeats: xorshift32, and 64 KiB of random bytes to copy from. */

const POOL_SIZE = 65_536;

export class Random {
  #state: number;
  readonly #pool = Buffer.alloc(POOL_SIZE);

  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) | 1;
    for (let i = 0; i < POOL_SIZE; i += 4) this.#pool.writeUInt32LE(this.word(), i);
  }

  /** 32 bits. */
  word(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }

  /** A whole number from 0 on, below the limit; 0 when that is 0. */
  below(limit: number): number {
    return Math.floor((this.word() / 2 ** 32) * limit);
  }

  /** True once in so many times. */
  one(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  fill(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const from = this.below(POOL_SIZE);
      const part = this.#pool.subarray(from, from + bytes.length - at);
      bytes.set(part, at);
      at += part.length;
    }
  }
}

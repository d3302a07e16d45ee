/** A word of shared memory, by which another thread ends a wait of this one. */
export class Doorbell {
  /** What another thread needs to ring it. */
  readonly words = new Int32Array(new SharedArrayBuffer(4));

  /** How often it has rung: whoever waits asks before it looks whether there is anything to wait for. */
  get rings(): number {
    return Atomics.load(this.words, 0);
  }

  /** Sleeps until it rings, not at all if it has since, or for so many milliseconds. */
  sleep(rings: number, milliseconds: number): void {
    Atomics.wait(this.words, 0, rings, milliseconds);
  }
}

/** After what it tells of has been done. */
export function ring(words: Int32Array): void {
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
}

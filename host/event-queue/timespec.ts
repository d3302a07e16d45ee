/** `struct timespec`, for calls that take nanoseconds; and milliseconds for those that do not. On 64-bit systems. */

const NS_PER_S = 1e9;
const NS_PER_MS = 1e6;
const WORD = 2 ** 32;
/** Longer ones are cut: whoever waits looks at the clock, and waits again. */
const LONGEST_S = 2 ** 31;
const LONGEST_MS = 2 ** 31 - 1;

/** ```text
 *  0         8
 *  ├─────────┼─────────────┤
 *  │ seconds │ nanoseconds │
 *  └─────────┴─────────────┘
 * ``` */
export class Timespec {
  readonly words = new Uint32Array(4);

  /** Takes a number of nanoseconds, rounded up. Allocates nothing. */
  set(timeoutNs: number): Uint32Array {
    const ns = Math.ceil(timeoutNs);
    const seconds = Math.min(Math.floor(ns / NS_PER_S), LONGEST_S);
    this.words[0] = seconds % WORD;
    this.words[1] = Math.floor(seconds / WORD);
    this.words[2] = ns % NS_PER_S;
    return this.words;
  }
}

/** Milliseconds, rounded up; -1 for ever. */
export function toMilliseconds(timeoutNs: number): number {
  return timeoutNs === Infinity ? -1 : Math.min(Math.ceil(timeoutNs / NS_PER_MS), LONGEST_MS);
}

/** What waits until descriptors are ready or time is over: by poll(2), or by what Node itself has. */
import type { Descriptor } from "./descriptors.ts";

/** A descriptor that is waited for. A waiter fills in what it finds when it is ready. */
export interface Interest {
  readonly descriptor: Descriptor;
  readonly isWrite: boolean;
  isReady: boolean;
  /** Why the descriptor cannot be waited for. */
  errno: number;
  /** Bytes that can be read without waiting. */
  nbytes: number;
  /** The peer is gone. */
  isHungUp: boolean;
}

export interface Waiter {
  /**
   * Waits until one of them is ready, and marks all that are. Returns after so many nanoseconds at the latest, and may return
   * earlier with nothing ready: whoever has a deadline reads the clock. 0 only looks, at all of them; Infinity is for ever.
   */
  wait(interests: readonly Interest[], timeoutNs: number): void;
}

export function newInterest(descriptor: Descriptor, isWrite: boolean): Interest {
  return { descriptor, isWrite, isReady: false, errno: 0, nbytes: 0, isHungUp: false };
}

/** Asks those that know by themselves whether they are ready. */
export function probeAll(interests: readonly Interest[]): boolean {
  let isAnyReady = false;
  for (const interest of interests) {
    if (interest.descriptor.systemFd < 0) interest.descriptor.probe(interest);
    if (interest.isReady) isAnyReady = true;
  }
  return isAnyReady;
}

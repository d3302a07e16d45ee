/**
 * What lies between the two ends of a simulated connection: both directions' time on the way, in order, and what goes wrong there.
 *
 * As with TCP, nothing is lost of a connection that goes on: what is sent while a direction is blocked arrives when it is open again. When
 * that takes longer than a sender tries, the connection breaks at its end.
 */
import type { Random } from "./random.ts";
import type { Clock } from "./pipe.ts";

/** Milliseconds from end to end: always the same; any within bounds, each as likely; or around a mean, exponentially, at least so many. */
export type Latency = number | { min: number; max: number } | { mean: number; min?: number };

/** Nanoseconds, for the next that is sent. */
export type Delay = () => number;

/** How long a sender tries, in nanoseconds: about as Linux does. */
export const GIVE_UP = 15 * 60 * 1e9;

export function delayOf(latency: Latency, random: Random): Delay {
  if (typeof latency === "number") return () => latency * 1e6;
  if ("max" in latency) return () => (latency.min + random.next() * (latency.max - latency.min)) * 1e6;
  const { mean, min = 0 } = latency;
  return () => Math.max(min, -Math.log(1 - random.next()) * mean) * 1e6;
}

/** One direction. */
export class Way {
  readonly #clock: Clock;
  readonly #delay: Delay;
  #isBlocked = false;
  #held: (() => void)[] = [];
  /** When what was sent last arrives: nothing overtakes it. */
  #last = 0;
  /** Infinite: as much as one likes. */
  bytesPerSecond = Infinity;

  constructor(clock: Clock, delay: Delay) {
    this.#clock = clock;
    this.#delay = delay;
  }

  /** Lets something arrive; `lose` is called instead when it could not for too long. */
  send(bytes: number, arrive: () => void, lose: () => void): void {
    if (!this.#isBlocked) {
      this.#travel(bytes, arrive, lose);
      return;
    }
    let isOver = false;
    this.#held.push(() => {
      if (isOver) return;
      isOver = true;
      this.#travel(bytes, arrive, lose);
    });
    this.#clock.after(GIVE_UP, () => {
      if (isOver) return;
      isOver = true;
      lose();
    });
  }

  #travel(bytes: number, arrive: () => void, lose: () => void): void {
    const now = this.#clock.now();
    const begin = this.bytesPerSecond === Infinity ? now : Math.max(now, this.#last);
    const at = Math.max(begin + (bytes / this.bytesPerSecond) * 1e9 + this.#delay(), this.#last);
    this.#last = at;
    this.#clock.after(at - now, () => {
      // Blocked meanwhile: what is under way is sent again.
      if (this.#isBlocked) this.send(bytes, arrive, lose);
      else arrive();
    });
  }

  block(): void {
    this.#isBlocked = true;
  }

  open(): void {
    this.#isBlocked = false;
    for (const go of this.#held.splice(0)) go();
  }
}

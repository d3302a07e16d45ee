/** One sleep in Node's event loop: until one of some descriptors is ready, or a time has come. */
import type { BackEnd } from "./back-end.ts";
import type { Watch } from "./c-library.ts";
import { directionsOf, type WatchDescriptor } from "./loop-watch.ts";

/** setTimeout takes no more: who waits looks at the clock, and sleeps again. */
const LONGEST_MS = 2 ** 31 - 1;

export class LoopWait {
  /** Resolves when it is time to look. */
  readonly woken: Promise<void>;
  readonly wake: () => void;
  readonly #timer: NodeJS.Timeout;
  #watches: Watch[] = [];

  constructor(watch: WatchDescriptor, backEnd: Pick<BackEnd, "watched">, milliseconds: number, isAlive: boolean) {
    const { promise, resolve } = withResolvers();
    this.woken = promise;
    this.wake = resolve;
    // Without a deadline too: Node would end when it watches nothing that it keeps alive.
    this.#timer = setTimeout(resolve, Math.min(Math.max(milliseconds, 1), LONGEST_MS));
    try {
      backEnd.watched((fd, directions) => this.#watches.push(watch(fd, directionsOf(directions), resolve)));
    } catch (error) {
      this.end();
      throw error;
    }
    this.setAlive(isAlive);
  }

  setAlive(isAlive: boolean): void {
    for (const watch of this.#watches) watch.setAlive(isAlive);
    if (isAlive) this.#timer.ref();
    else this.#timer.unref();
  }

  end(): void {
    clearTimeout(this.#timer);
    for (const watch of this.#watches.splice(0)) watch.close();
    this.wake();
  }
}

/** Promise.withResolvers, which Node 20 does not have. */
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

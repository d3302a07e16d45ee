/**
 * Node's event loop as a watchman: it calls back as long as a back end would have something to report.
 *
 * A back end with a descriptor of its own (epoll, kqueue) is watched by that one. Of poll each descriptor is watched; which ones is brought up to
 * date before the event loop looks again.
 *
 * The program is called by a microtask, never inside koffi's own callback, which swallows exceptions.
 */
import type { BackEnd } from "./back-end.ts";
import type { Watch } from "./c-library.ts";
import { DIRECTIONS, Interest } from "./interest.ts";

/** Calls back from the event loop as long as the descriptor is ready in one of these directions. */
export type WatchDescriptor = (fd: number, directions: Directions, callback: () => void) => Watch;

export interface Directions {
  readable: boolean;
  writable: boolean;
}

/** By interest. */
const DIRECTIONS_OF: readonly Directions[] = Array.from({ length: DIRECTIONS + 1 }, (_, interest) => ({
  readable: (interest & Interest.READABLE) !== 0,
  writable: (interest & Interest.WRITABLE) !== 0,
}));

export function directionsOf(interest: number): Directions {
  return DIRECTIONS_OF[interest & DIRECTIONS] as Directions;
}

interface Watched {
  watch: Watch;
  directions: number;
  generation: number;
  /** The last time that it was named. */
  round: number;
}

export class LoopWatch {
  readonly #watch: WatchDescriptor;
  readonly #backEnd: Pick<BackEnd, "watched" | "hasOwnDescriptor">;
  readonly #callback: () => void;
  readonly #onClose: () => void;
  readonly #watched = new Map<number, Watched>();
  #round = 0;
  #isStarted = false;
  #isAlive = true;
  #isToSync = false;
  #isRinging = false;

  constructor(
    watch: WatchDescriptor,
    backEnd: Pick<BackEnd, "watched" | "hasOwnDescriptor">,
    callback: () => void,
    onClose: () => void = () => {},
  ) {
    this.#watch = watch;
    this.#backEnd = backEnd;
    this.#callback = callback;
    this.#onClose = onClose;
  }

  /** @throws what the system says, EMFILE for instance */
  start(): void {
    this.#isStarted = true;
    this.#sync();
  }

  /** Something was registered, modified or reported. */
  changed(): void {
    if (!this.#isStarted || this.#isToSync) return;
    this.#isToSync = true;
    queueMicrotask(() => {
      this.#isToSync = false;
      if (this.#isStarted) this.#sync();
    });
  }

  /** A wait has looked. */
  looked(): void {
    if (!this.#isStarted) return;
    if (!this.#backEnd.hasOwnDescriptor) this.changed();
    else this.#backEnd.watched((fd) => this.#watched.has(fd) || this.changed());
  }

  /** This one is not watched any more. */
  forget(fd: number): void {
    const watched = this.#watched.get(fd);
    if (!watched || this.#backEnd.hasOwnDescriptor) return;
    this.#watched.delete(fd);
    watched.watch.close();
  }

  /** Whether it keeps the process alive while it is started; it does by default. */
  setAlive(isAlive: boolean): void {
    this.#isAlive = isAlive;
    for (const { watch } of this.#watched.values()) watch.setAlive(isAlive);
  }

  close(): void {
    this.#isStarted = false;
    this.#closeAll();
    this.#onClose();
  }

  /** Several descriptors that are ready are one call. */
  #ring(): void {
    if (this.#isRinging) return;
    this.#isRinging = true;
    queueMicrotask(() => {
      this.#isRinging = false;
      if (this.#isStarted) this.#callback();
    });
  }

  #sync(): void {
    const round = ++this.#round;
    this.#backEnd.watched((fd, directions, generation) => this.#watchOne(fd, directions, generation, round));
    for (const [fd, watched] of this.#watched) {
      if (watched.round === round) continue;
      watched.watch.close();
      this.#watched.delete(fd);
    }
  }

  #watchOne(fd: number, directions: number, generation: number, round: number): void {
    const old = this.#watched.get(fd);
    if (old?.generation === generation && old.directions === directions) {
      old.round = round;
      return;
    }
    // Another registration under the same number may be of another file.
    old?.watch.close();
    this.#watched.delete(fd);
    const watch = this.#watch(fd, directionsOf(directions), () => this.#ring());
    watch.setAlive(this.#isAlive);
    this.#watched.set(fd, { watch, directions, generation, round });
  }

  #closeAll(): void {
    for (const { watch } of this.#watched.values()) watch.close();
    this.#watched.clear();
  }
}

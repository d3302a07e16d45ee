/**
 * What the fibers of the showcase are measured beside: generators and async functions that do the same, in the same order, with the
 * same checks, timed at the same places.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export interface PeerMeasurement {
  nanosecondsPerSwitch: number;
  /** Of the heap, for each that waits for its turn; 0 when not asked for, since it takes two collections of garbage. */
  bytesEach: number;
}

/** Counts steps and time, and checks that each runs in the order of its start; as examples/million.ts does. */
class Turns {
  ended = 0;
  #steps = 0;
  #next = 0;
  #begin = 0;
  #milliseconds = 0;
  readonly #count: number;
  readonly #yields: number;

  constructor(count: number, yields: number) {
    this.#count = count;
    this.#yields = yields;
  }

  take(place: number, round: number): void {
    if (this.#next !== place) throw new Error(`it is the turn of ${this.#next}, but ${place} runs`);
    this.#next = place + 1 < this.#count ? place + 1 : 0;
    if (place === 0) this.#takeTime(round);
    this.#steps++;
  }

  #takeTime(round: number): void {
    if (round === 1) this.#begin = performance.now();
    else if (round === this.#yields - 1) this.#milliseconds = performance.now() - this.#begin;
  }

  nanosecondsPerSwitch(): number {
    if (this.#steps !== this.#count * this.#yields || this.ended !== this.#count) {
      throw new Error(`${this.#steps} steps, and ${this.ended} of ${this.#count} have ended`);
    }
    return (this.#milliseconds * 1e6) / (this.#count * (this.#yields - 2));
  }
}

/** Generators, resumed in turn by a loop over an array. */
export function measureGenerators(count: number, yields: number, withBytes: boolean): PeerMeasurement {
  const turns = new Turns(count, yields);
  function* walk(place: number): Generator<void> {
    for (let round = 0; round < yields; round++) {
      turns.take(place, round);
      yield;
    }
    turns.ended++;
  }
  const before = withBytes ? heapBytes() : 0;
  const walks = Array.from({ length: count }, (_, place) => walk(place));
  const resumeAll = () => {
    for (const walking of walks) walking.next();
  };
  resumeAll();
  const bytesEach = withBytes ? (heapBytes() - before) / count : 0;
  for (let round = 1; round <= yields; round++) resumeAll();
  return { nanosecondsPerSwitch: turns.nanosecondsPerSwitch(), bytesEach };
}

/** Async functions that await. */
export async function measureAwait(count: number, yields: number, withBytes: boolean): Promise<PeerMeasurement> {
  const turns = new Turns(count, yields);
  async function walk(place: number): Promise<void> {
    for (let round = 0; round < yields; round++) {
      turns.take(place, round);
      // oxlint-disable-next-line unicorn/no-unnecessary-await -- to wait for nothing is what is measured
      await null;
    }
    turns.ended++;
  }
  const before = withBytes ? heapBytes() : 0;
  const walks = Array.from({ length: count }, (_, place) => walk(place));
  const bytesEach = withBytes ? (heapBytes() - before) / count : 0;
  await Promise.all(walks);
  return { nanosecondsPerSwitch: turns.nanosecondsPerSwitch(), bytesEach };
}

let collectGarbage: (() => void) | undefined;

/** Bytes of the heap that are in use, without garbage. */
function heapBytes(): number {
  if (!collectGarbage) {
    setFlagsFromString("--expose-gc");
    collectGarbage = runInNewContext("gc") as () => void;
  }
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/**
 * What the fibers of the showcase are measured beside: generators and async functions that do the same, in the same order, with the
 * same checks.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export interface PeerMeasurement {
  nanosecondsPerSwitch: number;
  /** Of the heap, for each that waits for its turn; 0 when not asked for, since it takes two collections of garbage. */
  bytesEach: number;
}

/** Whose turn it is, and how many steps were made: each checks that it runs in the order of its start. */
class Turns {
  steps = 0;
  ended = 0;
  #next = 0;
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  take(place: number): void {
    if (this.#next !== place) throw new Error(`it is the turn of ${this.#next}, but ${place} runs`);
    this.#next = place + 1 < this.#count ? place + 1 : 0;
    this.steps++;
  }

  check(count: number, yields: number): void {
    if (this.steps !== count * yields || this.ended !== count) {
      throw new Error(`${this.steps} steps, and ${this.ended} of ${count} have ended`);
    }
  }
}

/** Generators, resumed in turn by a loop over an array. */
export function measureGenerators(count: number, yields: number, withBytes: boolean): PeerMeasurement {
  const turns = new Turns(count);
  function* walk(place: number): Generator<void> {
    for (let round = 0; round < yields; round++) {
      turns.take(place);
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
  const begin = performance.now();
  for (let round = 1; round < yields; round++) resumeAll();
  const milliseconds = performance.now() - begin;
  resumeAll();
  turns.check(count, yields);
  return { nanosecondsPerSwitch: (milliseconds * 1e6) / (count * (yields - 1)), bytesEach };
}

/** Async functions that await; the caller takes turns with them. */
export async function measureAwait(count: number, yields: number, withBytes: boolean): Promise<PeerMeasurement> {
  const turns = new Turns(count);
  async function walk(place: number): Promise<void> {
    for (let round = 0; round < yields; round++) {
      turns.take(place);
      // oxlint-disable-next-line unicorn/no-unnecessary-await -- to wait for nothing is what is measured
      await null;
    }
    turns.ended++;
  }
  const before = withBytes ? heapBytes() : 0;
  const walks = Array.from({ length: count }, (_, place) => walk(place));
  const bytesEach = withBytes ? (heapBytes() - before) / count : 0;
  const begin = performance.now();
  // All have made their first step already, and wait before this one.
  // oxlint-disable-next-line unicorn/no-unnecessary-await -- as above
  for (let round = 1; round < yields; round++) await null;
  const milliseconds = performance.now() - begin;
  await Promise.all(walks);
  turns.check(count, yields);
  return { nanosecondsPerSwitch: (milliseconds * 1e6) / ((count + 1) * (yields - 1)), bytesEach };
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

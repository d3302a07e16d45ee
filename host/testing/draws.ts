/**
 * Draws: what the library leaves to chance, decided by the host. Which of several ready cases a `Select` takes; by how much a `Schedule`
 * shortens a pause.
 *
 * Numbers of the program's own, of `Math.random`, are none: they follow the seed.
 */
import { Random } from "../drivers/virtual/random.ts";

/** Decides one draw: 0 to count - 1. */
export type Drawer = (count: number) => number;

/** Each possibility as likely as the others. */
export function drawAtRandom(seed: number): Drawer {
  const numbers = new Random(seed ^ 0x1b873593);
  return (count) => Math.floor(numbers.next() * count);
}

/** Repeats these; where there are fewer possibilities than that, the last one, and behind the last draw, the first. */
export function drawAgain(draws: readonly number[]): Drawer {
  let at = 0;
  return (count) => Math.min(draws[at++] ?? 0, count - 1);
}

/** More possibilities than that are looked at in part. */
const MOST = 16;

/** Which of so many possibilities a search looks at: all; of many, as those of a pause, the first, the middle and the last. */
export function possibilities(count: number): number[] {
  return count > MOST ? [0, count >> 1, count - 1] : Array.from({ length: count }, (_, i) => i);
}

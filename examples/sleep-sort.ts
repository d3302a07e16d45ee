// Sorts numbers: one fiber for each, sleeping that long.
import { Fiber, go, print, sleep } from "as-fibers/assembly";

const MILLISECONDS_PER_UNIT = 20;

const sorted: string[] = [];

function append(digits: string): void {
  sleep(parseInt(digits) * MILLISECONDS_PER_UNIT);
  sorted.push(digits);
}

export function main(numbers: string = "5 2 8 1 9 3"): void {
  const words = numbers.split(" ");
  const fibers = new Array<Fiber>();
  for (let i = 0; i < words.length; i++) fibers.push(go(append, words[i], words[i]));
  for (let i = 0; i < fibers.length; i++) fibers[i].join();
  print(sorted.join(" "));
}

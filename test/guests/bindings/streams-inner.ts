/** Streams whose types only this file knows. */
import { Channel as Queue } from "as-fibers/assembly";

class Pair {
  left: i32 = 0;
  right: i32 = 0;
}

@suspends
declare function swap(pairs: Queue<Pair>): Queue<Pair>;

export function swapped(pairs: Queue<Pair>): Queue<Pair> {
  return swap(pairs);
}

export function lefts(pairs: Queue<Pair> | null = null): i32 {
  let sum = 0;
  if (pairs) while (pairs.next()) sum += pairs.value.left;
  return sum;
}

// Asks for more memory than there is, in every way, while a bystander's work must not be lost.
import { sleep, yieldNow } from "as-fibers/assembly";

/** Yields and sleeps while others fail. */
export function stand(rounds: i32): string {
  let text = "";
  for (let i = 0; i < rounds; i++) {
    if (i & 1) yieldNow();
    else sleep(0.25);
    text += `${i} `;
  }
  return text;
}

export function lengthOf(text: string): i32 {
  return text.length;
}

export function suspendAt(depth: i32): i64 {
  if (depth == 0) {
    sleep(1);
    return 0;
  }
  return suspendAt(depth - 1) + depth;
}

export function allocate(bytes: i32): i32 {
  return new StaticArray<u8>(bytes).length;
}

/** Allocates blocks until memory is exhausted; this fiber holds them. Returns how many fitted in `limit`. */
export function hoard(bytes: i32, limit: i32): i32 {
  const held: StaticArray<u8>[] = [];
  while (held.length < limit) {
    held.push(new StaticArray<u8>(bytes));
    yieldNow();
  }
  return held.length;
}

let holder: StaticArray<u8>[] = [];

/** Like `hoard`, but the program goes on holding them. */
export function hold(bytes: i32, limit: i32): i32 {
  while (holder.length < limit) {
    holder.push(new StaticArray<u8>(bytes));
    yieldNow();
  }
  return holder.length;
}

export function release(): i32 {
  const count = holder.length;
  holder = [];
  return count;
}

export function allocateRaw(bytes: u32): bool {
  const block = heap.alloc(bytes);
  heap.free(block);
  return block != 0;
}

class Link {
  constructor(public next: Link | null) {}
}

let links: Link | null = null;

/** Holds more and more of the smallest objects: when memory is exhausted, nothing at all is left. */
export function link(limit: i32): i32 {
  let count = 0;
  while (count < limit) {
    links = new Link(links);
    if (!(++count & 1023)) yieldNow();
  }
  return count;
}

export function unlink(): void {
  links = null;
}

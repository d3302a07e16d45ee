// Two fibers count, and take turns after every step.
import { go, print, yieldNow } from "as-fibers/assembly";

class Counter {
  constructor(
    public name: string,
    public limit: i32,
  ) {}
}

function count(counter: Counter): void {
  for (let i = 1; i <= counter.limit; i++) {
    print(`${counter.name} ${i}`);
    yieldNow();
  }
}

export function main(): void {
  const first = go(count, new Counter("first", 10), "first");
  const second = go(count, new Counter("second", 15), "second");
  first.join();
  second.join();
}

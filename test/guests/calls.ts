// Many calls from JavaScript at once.
import { fail, Fiber, sleep, yieldNow } from "as-fibers/assembly";

export function sleepAndEcho(text: string, milliseconds: f64): string {
  const held = text + "!";
  sleep(milliseconds);
  return held;
}

export function failOdd(n: i32): i32 {
  yieldNow();
  if (n & 1) fail(`${n} is odd`, "E_ODD");
  return n * 10;
}

export function add(a: i32, b: i32): i32 {
  return a + b;
}

export function myId(): i64 {
  return Fiber.current().id;
}

export function myName(): string {
  return Fiber.current().name;
}

export function nothing(): void {}

export { heapBase } from "./support/heap";

import { print, sleep, spawn, Task } from "as-fibers/assembly";

/** Cooks for a while. Only its own fiber waits; the others go on. For JavaScript, it is an async function. */
export function cook(milliseconds: i32): string {
  sleep(milliseconds);
  return `done after ${milliseconds} ms`;
}

/** Where `as-fibers run` begins. It takes as long as the slowest dish. */
export function main(): void {
  const dishes = new Array<Task<string>>();
  for (let i = 3; i > 0; i--) dishes.push(spawn(cook, i * 100));
  print("all are cooking");
  for (let i = 0; i < dishes.length; i++) print(dishes[i].join());
}

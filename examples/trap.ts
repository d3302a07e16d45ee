// A trap fails one fiber of six; the others go on.
import { print, spawn, Task, yieldNow } from "as-fibers/assembly";

const SCORES: i32[] = [3, 1, 4, 1, 5];

/** The best of all scores from the first to this one. */
function best(last: i32): i32 {
  let found = 0;
  for (let i = 0; i <= last; i++) {
    found = max(found, SCORES[i]);
    yieldNow();
  }
  return found;
}

export function main(): void {
  const tasks = new Array<Task<i32>>();
  for (let last = 0; last <= SCORES.length; last++) tasks.push(spawn(best, last, `best of ${last + 1}`));
  for (let i = 0; i < tasks.length; i++) {
    const task = tasks[i];
    if (task.tryJoin()) print(`${task.name}: ${task.value}`);
    else print(`${task.name}: failed`);
  }
  // To join a fiber that failed fails the joiner as well.
  tasks[SCORES.length].join();
}

// A hundred requests at once, the i-th delayed by i times 10 ms: they come back in order, in the time of the last.
import { monotonicNow, print, spawn, Task } from "as-fibers/assembly";
import { startServer } from "./delay-server";
import { get } from "./http/get";

const COUNT = 100;
const STEP = 10;

let port = 0;
let arrived = 0;
let inOrder = 0;

/** Whether the answer is that to this request, and came no earlier than it may. */
function ask(i: i32): bool {
  const delay = i * STEP;
  const begin = monotonicNow();
  const text = get(port, `/${delay}/request-${i}`);
  const elapsed = monotonicNow() - begin;
  if (++arrived == i) inOrder++;
  return text == `request-${i}` && elapsed >= <i64>delay * 1_000_000;
}

export function main(): void {
  port = startServer();
  const begin = monotonicNow();
  const tasks = new Array<Task<bool>>();
  for (let i = 1; i <= COUNT; i++) tasks.push(spawn(ask, i, `request ${i}`));
  let right = 0;
  for (let i = 0; i < COUNT; i++) if (tasks[i].join()) right++;
  const elapsed = (monotonicNow() - begin) / 1_000_000;

  print(`${right} of ${COUNT} answered rightly, none early`);
  print(`${inOrder} of ${COUNT} in order`);
  print(`in the time of the slowest: ${elapsed >= COUNT * STEP && elapsed < 5 * COUNT * STEP}`);
}

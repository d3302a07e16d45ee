// Five requests at once take as long as the slowest; their results are joined in the order in which they were asked for.
import { monotonicNow, print, spawn, Task } from "as-fibers/assembly";
import { startServer } from "./delay-server";
import { get } from "./http/get";

const DELAYS: i32[] = [300, 100, 500, 200, 400];
const SLOWEST = 500;
const SUM = 1500;

let port = 0;

function ask(milliseconds: i32): string {
  return get(port, `/${milliseconds}/waited-${milliseconds}-ms`);
}

export function main(): void {
  port = startServer();
  const begin = monotonicNow();
  const tasks = new Array<Task<string>>();
  for (let i = 0; i < DELAYS.length; i++) tasks.push(spawn(ask, DELAYS[i], `request ${i + 1}`));
  for (let i = 0; i < tasks.length; i++) print(tasks[i].join());
  const elapsed = (monotonicNow() - begin) / 1_000_000;
  print(`in the time of the slowest: ${elapsed >= SLOWEST && elapsed < SUM}`);
}

// The tour: fibers in turn, a million of them, and one trap.
import { measure } from "./million";
import { main as trapOnce } from "./trap";
import { main as countInTurn } from "./two-counters";

/** Prints what both counters do, in the order in which they do it. */
export function counters(): void {
  countInTurn();
}

/** What `measure` has measured, as words. */
export function million(fibers: i32, yields: i32): string {
  const m = measure(fibers, yields);
  return `${m.startTime} ${m.switchTime} ${m.switches} ${m.endTime} ${m.bytes}`;
}

/** Prints what became of each task; then fails, as the task that trapped did. */
export function trap(): void {
  trapOnce();
}

export function main(): void {
  counters();
  million(1_000_000, 12);
  trap();
}

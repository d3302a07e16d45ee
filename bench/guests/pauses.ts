/** A fiber that allocates steadily and reads the clock after every object, beside parked fibers that hold managed locals. */
import { Fiber, go, monotonicNow, run, sleep, yieldNow } from "as-fibers/assembly";

class Box {
  constructor(public value: i32) {}
}

let endless: Fiber | null = null;
let held: i32 = 0;
let lost: i32 = 0;
let kept: Box = new Box(0);

function hold(index: i32): void {
  const a = new Box(index);
  const b = new Box(index + 1);
  const c = new Box(index + 2);
  const d = new Box(index + 3);
  const e = new Box(index + 4);
  const f = new Box(index + 5);
  held++;
  endless!.tryJoin();
  if (a.value != index || b.value != index + 1 || c.value != index + 2) lost++;
  if (d.value != index + 3 || e.value != index + 4 || f.value != index + 5) lost++;
  held--;
}

/** Starts `count` fibers that park with six managed locals each. @returns how many have parked */
export function park(count: i32): i32 {
  endless = run(() => sleep(Infinity), "endless");
  for (let i = 0; i < count; i++) go(hold, i);
  yieldNow();
  return held;
}

/** Lets the parked fibers go on. @returns how many have lost a local, or -1 when some have not ended */
export function unpark(): i32 {
  endless!.cancel();
  endless!.tryJoin();
  while (held) {
    const before = held;
    yieldNow();
    if (held == before) return -1;
  }
  return lost;
}

/** Allocates `count` objects. @returns the address of as many u32: nanoseconds between the clock reads around each */
export function allocate(count: i32): usize {
  const gaps = heap.alloc(count << 2);
  memory.fill(gaps, 0, count << 2);
  let before = monotonicNow();
  for (let i = 0; i < count; i++) {
    kept = new Box(i);
    const now = monotonicNow();
    store<u32>(gaps + (i << 2), <u32>(now - before));
    before = now;
  }
  return gaps;
}

/** Frees what `allocate` has returned. */
export function release(gaps: usize): void {
  heap.free(gaps);
}

// Exported by host-values.ts, from another file.
import { yieldNow } from "as-fibers/assembly";

export function double(value: i32): i32 {
  yieldNow();
  return value * 2;
}

export function half(value: i32): i32 {
  yieldNow();
  return value / 2;
}

export function triple(value: i32): i32 {
  yieldNow();
  return value * 3;
}

/** Sleeps for a millisecond again and again, and prints by how many nanoseconds each was late. */
import { monotonicNow, print, sleep } from "as-fibers/assembly";

const MILLISECOND: i64 = 1_000_000;

export function main(count: i32): void {
  const late = new Array<i64>(count);
  for (let i = 0; i < count; i++) {
    const begun = monotonicNow();
    sleep(1);
    late[i] = monotonicNow() - begun - MILLISECOND;
  }
  print(late.join(" "));
}

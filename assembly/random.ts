/**
 * Random numbers for choices that must be fair: xorshift64*, seeded by the driver when the first one is asked for.
 *
 * Not for secrets.
 */

import { seed } from "./abi";

let state: u64 = 0;

/** A number from 0 to n - 1, each as likely as the others. */
// @ts-ignore: decorator
@inline
export function randomBelow(n: u32): u32 {
  if (!state) begin();
  let x = state;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  state = x;
  return <u32>((((x * 0x2545f4914f6cdd1d) >> 32) * <u64>n) >> 32);
}

function begin(): void {
  // Never 0: it would stay 0. The multiplication spreads seeds that differ little.
  state = (reinterpret<u64>(seed()) * 0x9e3779b97f4a7c15) | 1;
}

/**
 * Calls of the library's own functions by table index, all of which return at once: how a wait is left, and what the cases of a `Select`
 * do. The transform knows these callers by name and takes them at their word: what they call suspends nothing, though by their signatures
 * it might. They are never inlined, so that whoever calls them is not instrumented for nothing.
 */

/** Leaves something behind. */
export function callLeave(leave: u16, what: usize): void {
  call_indirect<void>(leave, what);
}

/** Asks something of a case. */
export function callCase(index: u16, at: usize): bool {
  return call_indirect<bool>(index, at);
}

/** Asks a case when it is ready by itself. */
export function callArm(arm: u16, at: usize, time: f64): f64 {
  return call_indirect<f64>(arm, at, time);
}

/** A module of plain AssemblyScript that calls poll_oneoff in a loop: a clock that is due, by itself and beside standard input. */

@external("wasi_snapshot_preview1", "poll_oneoff")
declare function pollOneoff(subscriptions: usize, events: usize, count: i32, countPointer: usize): i32;

const subscriptions = memory.data(2 * 48, 8);
const events = memory.data(2 * 32, 8);
const countPointer = memory.data(4, 8);

/** A relative clock of 0 ns, monotonic; then a read of descriptor 0. */
function subscribe(): void {
  memory.fill(subscriptions, 0, 2 * 48);
  store<u32>(subscriptions, 1, 16);
  store<u8>(subscriptions, 1, 48 + 8);
}

/** Calls so often with so many of the two. Returns how often the clock's event was the only one. */
export function poll(times: i32, count: i32): i32 {
  subscribe();
  let right = 0;
  for (let i = 0; i < times; i++) {
    const errno = pollOneoff(subscriptions, events, count, countPointer);
    if (errno == 0 && load<u32>(countPointer) == 1 && load<u8>(events, 10) == 0) right++;
  }
  return right;
}

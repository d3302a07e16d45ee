/** One fiber sends numbers through a channel, another takes them out and checks their order. */
import { Channel, go, monotonicNow } from "as-fibers/assembly";

class Supply {
  constructor(
    public channel: Channel<i32>,
    public count: i32,
  ) {}
}

function produce(supply: Supply): void {
  const channel = supply.channel;
  for (let i = 0, count = supply.count; i < count; i++) channel.send(i);
  channel.close();
}

/** Nanoseconds per message, taken by `next`; -1 when one is missing or out of order. */
export function next(capacity: i32, count: i32): f64 {
  const channel = new Channel<i32>(capacity);
  go(produce, new Supply(channel, count));
  let expected = 0;
  const begin = monotonicNow();
  while (channel.next()) {
    if (channel.value != expected) return -1;
    expected++;
  }
  const end = monotonicNow();
  return expected == count ? <f64>(end - begin) / <f64>count : -1;
}

/** The same, taken by `receive`. */
export function receive(capacity: i32, count: i32): f64 {
  const channel = new Channel<i32>(capacity);
  go(produce, new Supply(channel, count));
  const begin = monotonicNow();
  for (let i = 0; i < count; i++) if (channel.receive() != i) return -1;
  const end = monotonicNow();
  return channel.next() ? -1 : <f64>(end - begin) / <f64>count;
}

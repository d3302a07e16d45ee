// Publish and subscribe: every subscriber gets every message, and one that is too slow is told how many it has missed.
import { Broadcast, BroadcastReceiver, Event, print, spawn, yieldNow } from "as-fibers/assembly";

const news = new Broadcast<i32>(4); // so many messages a slow subscriber can catch up with
const evening = new Event();

function readQuickly(messages: BroadcastReceiver<i32>): string {
  const read = new Array<i32>();
  while (messages.next()) read.push(messages.value);
  return read.join(" ");
}

function readSlowly(messages: BroadcastReceiver<i32>): string {
  const read = new Array<string>();
  while (messages.next()) {
    if (messages.missed) read.push(`(${messages.missed} missed)`);
    read.push(messages.value.toString());
    evening.wait(); // busy until then
  }
  return read.join(" ");
}

export function main(): void {
  const quick = spawn(readQuickly, news.subscribe(), "quick");
  const slow = spawn(readSlowly, news.subscribe(), "slow");
  for (let message = 1; message <= 10; message++) {
    news.send(message); // never waits
    yieldNow();
  }
  news.close(); // what was sent before is still read
  evening.set();
  print(`quick: ${quick.join()}`);
  print(`slow: ${slow.join()}`);
}

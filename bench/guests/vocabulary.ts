/** Select, a mutex, an event, and two channels between two fibers. */
import { Channel, Event, go, monotonicNow, Mutex, Select, yieldNow } from "as-fibers/assembly";

const READY_CASES: i32 = 3;

/** Nanoseconds per message that a select takes from three channels, in each of which there are some; -1 when one is missing. */
export function selecting(count: i32): f64 {
  const each = count / READY_CASES;
  const channels = new Array<Channel<i32>>();
  const select = new Select();
  for (let i = 0; i < READY_CASES; i++) {
    // So many more that none is ever empty: then all three are ready, each time.
    const channel = new Channel<i32>(count);
    for (let j = 0; j < count; j++) channel.send(j);
    select.receive(channel);
    channels.push(channel);
  }
  let taken = 0;
  const total = each * READY_CASES;
  const begin = monotonicNow();
  for (let i = 0; i < total; i++) taken += <i32>channels[select.wait()].hasValue;
  const end = monotonicNow();
  let left = 0;
  for (let i = 0; i < READY_CASES; i++) left += channels[i].length;
  return taken == total && left == READY_CASES * count - total ? <f64>(end - begin) / <f64>total : -1;
}

/** Nanoseconds per lock and unlock of a mutex that nobody else wants. */
export function locking(count: i32): f64 {
  const mutex = new Mutex();
  let held = 0;
  const begin = monotonicNow();
  for (let i = 0; i < count; i++) {
    mutex.lock();
    held++;
    mutex.unlock();
  }
  const end = monotonicNow();
  return held == count && !mutex.isLocked ? <f64>(end - begin) / <f64>count : -1;
}

let wanted: Mutex = new Mutex();
let holder: i32 = -1;
let held: i32 = 0;
let misplaced: i32 = 0;
let others: i32 = 0;

/** Whoever unlocks it hands it to the other one, and waits for it again. Two live i32, as in the benchmark of a switch. */
function contend(left: i32): void {
  const index = others++;
  while (left-- > 0) {
    wanted.lock();
    if (holder == index) misplaced++;
    holder = index;
    held++;
    wanted.unlock();
  }
}

/** Nanoseconds per hand-off of a mutex between two fibers that both want it always. */
export function handingOff(count: i32): f64 {
  others = 0;
  holder = -1;
  held = 0;
  misplaced = 0;
  // Both stand in the queue before the first of them has it.
  wanted.lock();
  const one = go(contend, count);
  const other = go(contend, count);
  yieldNow();
  const begin = monotonicNow();
  wanted.unlock();
  one.join();
  other.join();
  const end = monotonicNow();
  return held == 2 * count && misplaced == 0 ? <f64>(end - begin) / <f64>(2 * count) : -1;
}

let turns: i32 = 0;

/** Holds the mutex in a local, as whoever locks it does. */
function takeTurns(left: i32): void {
  const kept = wanted;
  while (left-- > 0) {
    turns++;
    yieldNow();
  }
  turns += <i32>kept.isLocked;
}

/** Nanoseconds per switch of two fibers that hold a reference each. */
export function switching(count: i32): f64 {
  turns = 0;
  const one = go(takeTurns, count);
  const other = go(takeTurns, count);
  const begin = monotonicNow();
  one.join();
  other.join();
  const end = monotonicNow();
  return turns == 2 * count ? <f64>(end - begin) / <f64>(2 * count) : -1;
}

let woken: i32 = 0;

function waitFor(event: Event): void {
  event.wait();
  woken++;
}

/** Nanoseconds until `count` fibers that wait for one event have all been woken by it, and have run to their end. */
export function waking(count: i32): f64 {
  const event = new Event();
  woken = 0;
  let last = go(waitFor, event);
  for (let i = 1; i < count; i++) last = go(waitFor, event);
  yieldNow();
  const begin = monotonicNow();
  event.set();
  last.join();
  const end = monotonicNow();
  return woken == count ? <f64>(end - begin) : -1;
}

class Table {
  constructor(
    public there: Channel<i32>,
    public back: Channel<i32>,
  ) {}
}

function answer(table: Table): void {
  const there = table.there;
  const back = table.back;
  while (there.next()) back.send(there.value);
}

/** Nanoseconds for a number that goes to another fiber over one channel and comes back over another. */
export function pingPong(count: i32): f64 {
  const table = new Table(new Channel<i32>(), new Channel<i32>());
  go(answer, table);
  const begin = monotonicNow();
  for (let i = 0; i < count; i++) {
    table.there.send(i);
    if (table.back.receive() != i) return -1;
  }
  const end = monotonicNow();
  table.there.close();
  return <f64>(end - begin) / <f64>count;
}

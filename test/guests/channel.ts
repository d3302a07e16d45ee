// What channels carry, where they can be used, and what they keep in memory.
import { Channel, Fiber, go, run, spawn, State, Task, yieldNow } from "as-fibers/assembly";
import { log, takeLog } from "./support/log";

export { heapBase } from "./support/heap";

// --- in top-level statements, outside of fibers ---

const early = new Channel<string>(2);
log(`${early.trySend("a")} ${early.trySend("b")} ${early.trySend("c")} ${early.length}`);
log(`${early.tryNext()} ${early.value}`);
early.close();
early.close();
log(`${early.isClosed} ${early.length}`);
const unbuffered = new Channel<i32>();
log(`${unbuffered.trySend(1)} ${unbuffered.tryNext()}`);

/** What the top-level statements have seen, and what a fiber then finds in the same channel. */
export function afterStart(): string {
  while (early.next()) log(`a fiber finds ${early.value}`);
  return takeLog();
}

// --- values ---

class Point {
  constructor(
    public x: i32,
    public y: i32,
  ) {}
}

/** Two values of one type, sent by another fiber. */
class Pair<T> {
  constructor(
    public channel: Channel<T>,
    public one: T,
    public other: T,
  ) {}
}

/** How many of the two arrive as they were, by every way of receiving. */
function carryPair<T>(capacity: i32, one: T, other: T): i32 {
  let right = 0;
  for (let way = 0; way < 3; way++) {
    const channel = new Channel<T>(capacity);
    go(
      (pair: Pair<T>): void => {
        pair.channel.send(pair.one);
        pair.channel.send(pair.other);
        pair.channel.close();
      },
      new Pair<T>(channel, one, other),
    );
    yieldNow();
    if (way == 0) right += <i32>(channel.receive() == one) + <i32>(channel.receive() == other);
    if (way == 1)
      right += <i32>(channel.next() && channel.value == one) + <i32>(channel.next() && channel.value == other);
    if (way == 2) {
      right += <i32>(channel.tryNext() && channel.value == one);
      yieldNow();
      right += <i32>(channel.tryNext() && channel.value == other);
    }
    if (!channel.next()) right += 10;
  }
  return right;
}

/** The names of the types of which not all values have arrived. */
export function carryAll(capacity: i32): string {
  const wrong: string[] = [];
  if (carryPair<i8>(capacity, i8.MIN_VALUE, i8.MAX_VALUE) != 36) wrong.push("i8");
  if (carryPair<u8>(capacity, 0, u8.MAX_VALUE) != 36) wrong.push("u8");
  if (carryPair<i16>(capacity, i16.MIN_VALUE, i16.MAX_VALUE) != 36) wrong.push("i16");
  if (carryPair<u16>(capacity, 0, u16.MAX_VALUE) != 36) wrong.push("u16");
  if (carryPair<i32>(capacity, i32.MIN_VALUE, i32.MAX_VALUE) != 36) wrong.push("i32");
  if (carryPair<u32>(capacity, 0, u32.MAX_VALUE) != 36) wrong.push("u32");
  if (carryPair<i64>(capacity, i64.MIN_VALUE, i64.MAX_VALUE) != 36) wrong.push("i64");
  if (carryPair<u64>(capacity, 0, u64.MAX_VALUE) != 36) wrong.push("u64");
  if (carryPair<f32>(capacity, -1.5, f32.MAX_VALUE) != 36) wrong.push("f32");
  if (carryPair<f64>(capacity, -Infinity, f64.MIN_VALUE) != 36) wrong.push("f64");
  if (carryPair<bool>(capacity, true, false) != 36) wrong.push("bool");
  if (carryPair<State>(capacity, State.DONE, State.READY) != 36) wrong.push("enum");
  if (carryPair<string>(capacity, "", "text") != 36) wrong.push("string");
  if (carryPair<string | null>(capacity, null, "text") != 36) wrong.push("string | null");
  if (carryPair<Point>(capacity, new Point(1, 2), new Point(3, 4)) != 36) wrong.push("class");
  if (carryPair<Point | null>(capacity, new Point(1, 2), null) != 36) wrong.push("class | null");
  if (carryPair<i32[]>(capacity, [], [1, 2]) != 36) wrong.push("array");
  if (carryPair<Uint8Array>(capacity, new Uint8Array(0), new Uint8Array(9)) != 36) wrong.push("typed array");
  if (carryPair<Channel<i32>>(capacity, new Channel<i32>(), new Channel<i32>(1)) != 36) wrong.push("channel");
  if (carryPair<() => i32>(capacity, first, second) != 36) wrong.push("function");
  return wrong.join(", ");
}

function first(): i32 {
  return 1;
}

function second(): i32 {
  return 2;
}

/** A NaN keeps its bits. */
export function carryNan(bits: i64): i64 {
  const channel = new Channel<f64>(1);
  channel.send(reinterpret<f64>(bits));
  return reinterpret<i64>(channel.receive());
}

// --- misuse ---

export function make(capacity: i32): i32 {
  return new Channel<i32>(capacity).capacity;
}

function makeNegative(): void {
  make(-1);
}

let shared: Channel<string> | null = null;

function sendThree(prefix: string): void {
  for (let i = 0; i < 3; i++) shared!.send(`${prefix}${i}`);
}

function sendLate(_: i32): void {
  shared!.send("too late");
}

/** A fiber that sends on the closed channel, and one that makes a wrong one, fail alone; returns what the others have got. */
export function misuseBeside(): string {
  takeLog();
  shared = new Channel<string>(1);
  const good = go(sendThree, "x");
  yieldNow();
  const wrong = run(makeNegative);
  log(`${shared!.receive()} ${shared!.receive()} ${shared!.receive()}`);
  good.join();
  shared!.close();
  const late = go(sendLate, 0);
  log(`${wrong.tryJoin()} ${wrong.error!.code} ${late.tryJoin()} ${late.error!.code} ${shared!.length}`);
  return takeLog();
}

// --- memory ---

let kept: Channel<Point> | null = null;

/** Sends points into a channel that only a global variable holds; returns how many are in it. */
export function fill(capacity: i32, count: i32): i32 {
  if (!kept) kept = new Channel<Point>(capacity);
  const from = kept!.length;
  for (let i = 0; i < count; i++) if (!kept!.trySend(new Point(from + i, -from - i))) break;
  return kept!.length;
}

/** Takes all of them; returns how many were there in their order, and whole. */
export function empty(): i32 {
  let right = 0;
  let seen = 0;
  while (kept!.tryNext()) {
    const point = kept!.value;
    if (point.x == seen && point.y == -seen) right++;
    seen++;
  }
  return right;
}

export function dropKept(): void {
  kept = null;
}

/** Sends until memory is exhausted, and then fails. */
export function fillAll(): void {
  fill(i32.MAX_VALUE, i32.MAX_VALUE);
}

/** As many values through as wanted, some in the ring at all times; returns how many came in order. */
export function circulate(capacity: i32, count: i32): i32 {
  const channel = new Channel<string>(capacity);
  let right = 0;
  let sent = 0;
  for (let received = 0; received < count; received++) {
    while (channel.trySend(`${sent}`)) sent++;
    if (channel.receive() == `${received}`) right++;
  }
  return right;
}

let lonely: Channel<Point> | null = null;
let waiting: Fiber[] = [];

function receiveLonely(_: i32): void {
  lonely!.receive();
}

function sendLonely(n: i32): void {
  lonely!.send(new Point(n, n));
}

/** Fibers that wait at a channel to which nothing else refers any more. */
export function waitAtLostChannel(count: i32, isSending: bool): void {
  lonely = new Channel<Point>();
  for (let i = 0; i < count; i++) waiting.push(isSending ? go(sendLonely, i) : go(receiveLonely, i));
  yieldNow();
  lonely = null;
}

/** Cancels them, after other objects could have taken the channel's place; returns how many were cancelled. */
export function cancelWaiting(): i32 {
  const objects: Point[][] = [];
  for (let i = 0; i < 1000; i++) objects.push([new Point(-1, -1), new Point(-1, -1)]);
  let cancelled = 0;
  for (let i = 0; i < waiting.length; i++) waiting[i].cancel();
  for (let i = 0; i < waiting.length; i++) {
    waiting[i].tryJoin();
    cancelled += <i32>(waiting[i].state == State.CANCELLED);
  }
  waiting = [];
  for (let i = 0; i < objects.length; i++) if (objects[i][0].x != -1 || objects[i][1].y != -1) return -1;
  return cancelled;
}

// --- order among many ---

class Place {
  constructor(
    public channel: Channel<i32>,
    public number: i32,
  ) {}
}

function sendNumber(place: Place): void {
  place.channel.send(place.number);
}

function receiveNumber(place: Place): i32 {
  return place.channel.receive() == place.number ? 1 : 0;
}

/** Many that wait to send, and a receiver; or many that wait to receive, and a sender. Returns how many were served in their turn. */
export function serveInTurn(count: i32, capacity: i32, areSending: bool): i32 {
  const channel = new Channel<i32>(capacity);
  let right = 0;
  if (areSending) {
    for (let i = 0; i < count; i++) go(sendNumber, new Place(channel, i));
    yieldNow();
    for (let i = 0; i < count; i++) right += <i32>(channel.receive() == i);
    return right;
  }
  const tasks: Task<i32>[] = [];
  for (let i = 0; i < count; i++) tasks.push(spawn(receiveNumber, new Place(channel, i)));
  yieldNow();
  // Half by send, half by trySend.
  for (let i = 0; i < count; i++) if (i & 1 || !channel.trySend(i)) channel.send(i);
  for (let i = 0; i < count; i++) right += tasks[i].join();
  return right;
}

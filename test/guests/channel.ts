// What channels carry, where they can be used, and what they keep in memory.
import { Channel, Fiber, go, Overflow, run, Select, spawn, State, Task, yieldNow } from "as-fibers/assembly";
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

export function make(capacity: i32, overflow: i32): i32 {
  return new Channel<i32>(capacity, <Overflow>overflow).capacity;
}

function makeNegative(): void {
  make(-1, Overflow.BLOCK);
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

// --- values that are dropped or given ---

/** Sends points into a channel that keeps only a few; returns how many it has dropped, if it has kept the right ones. */
export function dropMany(capacity: i32, overflow: i32, count: i32): i64 {
  const channel = new Channel<Point>(capacity, <Overflow>overflow);
  for (let i = 0; i < count; i++) if (!channel.trySend(new Point(i, -i))) return -1;
  const isNewestLost = overflow == Overflow.DROP_NEWEST;
  let expected = isNewestLost ? 0 : count - capacity;
  for (; channel.tryNext(); expected++) if (channel.value.x != expected || channel.value.y != -expected) return -2;
  return expected == (isNewestLost ? capacity : count) ? channel.dropped : -3;
}

/** Gives points to a fiber that waits, and makes work for the collector before it runs; returns how many came whole. */
export function giveAndForget(count: i32): i32 {
  const channel = new Channel<Point>();
  const task = spawn((from: Channel<Point>): i32 => {
    let right = 0;
    let seen = 0;
    for (; from.next(); seen++) right += <i32>(from.value.x == seen && from.value.y == -seen);
    return right;
  }, channel);
  for (let i = 0; i < count; i++) {
    yieldNow();
    give(channel, i);
    for (let j = 0; j < 300; j++) new Point(j, j);
  }
  channel.close();
  return task.join();
}

/** In a function of its own: afterwards nothing here refers to the point. */
function give(channel: Channel<Point>, n: i32): void {
  channel.trySend(new Point(n, -n));
}

// --- programs ---

class Link {
  from: Channel<i32>;

  constructor(public to: Channel<i32>) {
    this.from = new Channel<i32>();
  }
}

/** A chain of fibers, each of which adds one to what the next one sends. Returns how many have added their one, to two values. */
export function chain(count: i32): i32 {
  const first = new Channel<i32>();
  let to = first;
  for (let i = 0; i < count; i++) {
    const added = new Link(to);
    go((link: Link): void => {
      for (let i = 0; i < 2; i++) link.to.send(link.from.receive() + 1);
    }, added);
    to = added.from;
  }
  go((last: Channel<i32>): void => {
    last.send(0);
    last.send(1000);
  }, to);
  return first.receive() + first.receive() - 1000;
}

class Filter {
  to: Channel<i32> = new Channel<i32>();

  constructor(
    public from: Channel<i32>,
    public prime: i32,
  ) {}
}

/** The first primes: a chain of fibers, each of which lets pass what its prime does not divide. */
export function sieve(count: i32): string {
  const fibers: Fiber[] = [];
  let candidates = new Channel<i32>();
  fibers.push(
    go((to: Channel<i32>): void => {
      for (let n = 2; ; n++) to.send(n);
    }, candidates),
  );
  const primes: i32[] = [];
  while (primes.length < count) {
    const prime = candidates.receive();
    primes.push(prime);
    const filter = new Filter(candidates, prime);
    fibers.push(
      go((by: Filter): void => {
        while (by.from.next()) {
          const n = by.from.value;
          if (n % by.prime) by.to.send(n);
        }
      }, filter),
    );
    candidates = filter.to;
  }
  for (let i = 0; i < fibers.length; i++) fibers[i].cancel();
  return primes.join(" ");
}

/** A fraction in lowest terms. */
class Ratio {
  constructor(
    public over: i64,
    public under: i64,
  ) {
    let a = over < 0 ? -over : over;
    let b = under;
    while (b) {
      const rest = a % b;
      a = b;
      b = rest;
    }
    this.over = over / a;
    this.under = under / a;
  }
}

/** The coefficients of a power series, one after the other: endless, and made only as they are asked for. */
class Series {
  out: Channel<Ratio> = new Channel<Ratio>();
  one: Channel<Ratio> = new Channel<Ratio>();
  other: Channel<Ratio> = new Channel<Ratio>();

  constructor(
    public first: Ratio,
    public sign: i64,
  ) {}

  /** Comes out twice: in `one`, as it is asked for, and in `other`, to be read at its own pace. */
  fork(): void {
    go((series: Series): void => {
      const forOne: Ratio[] = [];
      const forOther: Ratio[] = [];
      const select = new Select();
      while (true) {
        select.clear();
        select.receive<Ratio>(forOne.length ? null : series.out);
        select.send<Ratio>(forOne.length ? series.one : null, forOne.length ? forOne[0] : series.first);
        select.send<Ratio>(forOther.length ? series.other : null, forOther.length ? forOther[0] : series.first);
        const chosen = select.wait();
        if (chosen == 0) {
          forOne.push(series.out.value);
          forOther.push(series.out.value);
        } else if (chosen == 1) forOne.shift();
        else forOther.shift();
      }
    }, this);
  }

  /** The integral of what the other series' `other` gives, with its sign and first coefficient. */
  integrate(source: Series): void {
    go(
      (sides: Series[]): void => {
        sides[0].out.send(sides[0].first);
        for (let n: i64 = 1; ; n++) {
          const next = sides[1].other.receive();
          sides[0].out.send(new Ratio(next.over * sides[0].sign, next.under * n));
        }
      },
      [this, source],
    );
  }
}

function take(series: Series): string {
  const next = series.one.receive();
  return next.under == 1 ? `${next.over}` : `${next.over}/${next.under}`;
}

/** The exponential function, the sine and the cosine, from what they are the integrals of: each feeds on itself. */
export function powerSeries(count: i32): string {
  takeLog();
  const exponential = new Series(new Ratio(1, 1), 1);
  exponential.fork();
  exponential.integrate(exponential);
  const sine = new Series(new Ratio(0, 1), 1);
  const cosine = new Series(new Ratio(1, 1), -1);
  sine.fork();
  cosine.fork();
  sine.integrate(cosine);
  cosine.integrate(sine);
  for (let i = 0; i < count; i++) log(`${take(exponential)} ${take(sine)} ${take(cosine)}`);
  return takeLog();
}

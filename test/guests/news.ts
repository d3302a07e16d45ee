// Futures, broadcasts, watches and what is local to a fiber.
import {
  Broadcast,
  BroadcastReceiver,
  Fiber,
  FiberLocal,
  Future,
  go,
  run,
  Select,
  spawn,
  Watch,
  WatchObserver,
  yieldNow,
} from "as-fibers/assembly";
import { log, takeLog } from "./support/log";

function endOf(fiber: Fiber): string {
  fiber.tryJoin();
  const error = fiber.error;
  return error ? error.toString() : "done";
}

function drop<T>(_: T): void {}

// --- values of every kind ---

class Point {
  constructor(
    public x: i32,
    public y: i32,
  ) {}
}

class Kit<T> {
  future: Future<T> = new Future<T>();
  broadcast: Broadcast<T>;
  watch: Watch<T>;
  local: FiberLocal<T>;
  receiver: BroadcastReceiver<T>;
  observer: WatchObserver<T>;
  seen: i32 = 0;
  constructor(
    public one: T,
    public other: T,
  ) {
    const broadcast = new Broadcast<T>(2);
    const watch = new Watch<T>(one);
    this.broadcast = broadcast;
    this.watch = watch;
    this.local = new FiberLocal<T>(one);
    this.receiver = broadcast.subscribe();
    this.observer = watch.observe();
  }
}

function receiveAll<T>(kit: Kit<T>): void {
  if (kit.local.value == kit.other) kit.seen++;
  if (kit.future.wait() == kit.one) kit.seen++;
  if (kit.receiver.next() && kit.receiver.value == kit.one) kit.seen++;
  if (kit.receiver.next() && kit.receiver.value == kit.other) kit.seen++;
  if (kit.observer.next() && kit.observer.value == kit.one) kit.seen++;
  if (kit.observer.next() && kit.observer.value == kit.other) kit.seen++;
}

/** How many of nine have arrived as they were. */
function carry<T>(one: T, other: T): i32 {
  const kit = new Kit<T>(one, other);
  if (kit.local.value == one) kit.seen++;
  kit.local.value = other;
  const fiber = go<Kit<T>>((kit: Kit<T>): void => receiveAll<T>(kit), kit);
  yieldNow();
  kit.future.set(one);
  yieldNow();
  kit.broadcast.send(one);
  yieldNow();
  kit.broadcast.send(other);
  yieldNow();
  kit.watch.value = other;
  fiber.join();
  if (kit.future.value == one) kit.seen++;
  if (kit.watch.value == other) kit.seen++;
  return kit.seen;
}

/** The names of the types of which not all values have arrived. */
export function carryAll(): string {
  const wrong: string[] = [];
  if (carry<i8>(i8.MIN_VALUE, i8.MAX_VALUE) != 9) wrong.push("i8");
  if (carry<u8>(0, u8.MAX_VALUE) != 9) wrong.push("u8");
  if (carry<i16>(i16.MIN_VALUE, i16.MAX_VALUE) != 9) wrong.push("i16");
  if (carry<i32>(i32.MIN_VALUE, i32.MAX_VALUE) != 9) wrong.push("i32");
  if (carry<u32>(0, u32.MAX_VALUE) != 9) wrong.push("u32");
  if (carry<i64>(i64.MIN_VALUE, i64.MAX_VALUE) != 9) wrong.push("i64");
  if (carry<f32>(-1.5, f32.MAX_VALUE) != 9) wrong.push("f32");
  if (carry<f64>(-Infinity, f64.MIN_VALUE) != 9) wrong.push("f64");
  if (carry<bool>(true, false) != 9) wrong.push("bool");
  if (carry<string>("", "text") != 9) wrong.push("string");
  if (carry<Point>(new Point(1, 2), new Point(3, 4)) != 9) wrong.push("class");
  if (carry<Point | null>(new Point(1, 2), null) != 9) wrong.push("class | null");
  if (carry<i32[]>([], [1, 2]) != 9) wrong.push("array");
  return wrong.join(", ");
}

// --- future ---

let future: Future<string> = new Future<string>();

function waitForFuture(name: string): void {
  log(`${name} ${future.wait()}`);
}

function selectFuture(name: string): void {
  const select = new Select();
  const other = new Future<string>();
  select.future(other);
  select.future(future);
  log(`${name} case ${select.wait()} ${future.isSet} ${future.isFailed}`);
}

function startWaiting(): Fiber[] {
  future = new Future<string>();
  const fibers = [go(waitForFuture, "a"), go(selectFuture, "b"), go(waitForFuture, "c"), go(waitForFuture, "d")];
  yieldNow();
  return fibers;
}

export function setFuture(): string {
  const fibers = startWaiting();
  log(`${future.isSet} ${future.tryWait()}`);
  fibers[2].cancel();
  future.set("news");
  log(`${future.isSet} ${future.tryWait()} ${future.value} ${future.trySet("more")} ${future.wait()}`);
  for (let i = 0; i < fibers.length; i++) log(endOf(fibers[i]));
  return takeLog();
}

export function failFuture(): string {
  const fibers = startWaiting();
  future.fail("no such thing", "E_MINE");
  log(`${future.isSet} ${future.isFailed} ${future.trySet("more")}`);
  for (let i = 0; i < fibers.length; i++) log(endOf(fibers[i]));
  log(endOf(go(waitForFuture, "late")));
  log(endOf(run((): void => drop(future.tryWait()))));
  log(endOf(run((): void => drop(future.value))));
  return takeLog();
}

// --- broadcast ---

let broadcast: Broadcast<string> = new Broadcast<string>();

function listen(receiver: BroadcastReceiver<string>): void {
  const name = Fiber.current().name;
  while (receiver.next()) log(`${name} ${receiver.value} missed ${receiver.missed}`);
  log(`${name} end ${receiver.hasValue} ${receiver.missed}`);
}

export function broadcastToAll(): string {
  broadcast = new Broadcast<string>(2);
  broadcast.send("before");
  const a = go(listen, broadcast.subscribe(), "a");
  const slow = broadcast.subscribe();
  const b = go(listen, broadcast.subscribe(), "b");
  yieldNow();
  // Those who wait are given the first, whatever comes before they run.
  for (let i = 0; i < 4; i++) broadcast.send(`${i}`);
  yieldNow();
  listen5(slow);
  broadcast.send("last");
  broadcast.close();
  broadcast.close();
  a.join();
  b.join();
  listen5(slow);
  const late = broadcast.subscribe();
  log(`late ${late.next()} ${broadcast.isClosed} ${broadcast.capacity}`);
  return takeLog();
}

function listen5(receiver: BroadcastReceiver<string>): void {
  for (let i = 0; i < 5; i++) {
    const isThere = receiver.tryNext();
    if (!isThere) return log(`slow nothing missed ${receiver.missed}`);
    log(`slow ${receiver.value} missed ${receiver.missed}`);
  }
}

/** So many values to a receiver that looks only after each `every`: how many were received, how many told as missed, how many wrong. */
export function sendToSlow(capacity: i32, count: i32, every: i32): string {
  const numbers = new Broadcast<i32>(capacity);
  const receiver = numbers.subscribe();
  let received = 0;
  let missed: i64 = 0;
  let wrong = 0;
  for (let i = 0; i < count; i++) {
    numbers.send(i);
    if ((i + 1) % every) continue;
    while (receiver.tryNext()) {
      missed += receiver.missed;
      if (receiver.value != received + <i32>missed) wrong++;
      received++;
    }
  }
  return `${received} ${missed} ${wrong}`;
}

/** A select is told what it has missed only of the value that it has. */
export function selectSlow(): string {
  broadcast = new Broadcast<string>(2);
  const receiver = broadcast.subscribe();
  const select = new Select();
  select.broadcast(receiver);
  for (let i = 0; i < 5; i++) broadcast.send(`${i}`);
  go((_: i32): void => {
    broadcast.send("5");
    yieldNow();
    for (let i = 6; i < 9; i++) broadcast.send(`${i}`);
    broadcast.close();
  }, 0);
  do {
    select.wait();
    log(`${receiver.hasValue ? receiver.value : "end"} missed ${receiver.missed}`);
  } while (receiver.hasValue);
  return takeLog();
}

class Shared {
  constructor(
    public receiver: BroadcastReceiver<string>,
    public name: string,
  ) {}
}

function takeOne(shared: Shared): void {
  const isThere = shared.receiver.next();
  log(`${shared.name} ${isThere ? shared.receiver.value : "end"}`);
}

function selectOne(shared: Shared): void {
  const select = new Select();
  const other = broadcast.subscribe();
  select.broadcast(shared.receiver);
  select.broadcast(other);
  select.broadcast(shared.receiver);
  const index = select.wait();
  const winner = index == 1 ? other : shared.receiver;
  log(`${shared.name} case ${index} ${winner.hasValue ? winner.value : "end"}; the other ${other.tryNext()}`);
}

export function shareReceiver(): string {
  broadcast = new Broadcast<string>();
  const shared = broadcast.subscribe();
  const alone = broadcast.subscribe();
  const a = go(takeOne, new Shared(shared, "a"));
  const b = go(takeOne, new Shared(shared, "b"));
  const c = go(selectOne, new Shared(shared, "c"));
  const d = go(takeOne, new Shared(shared, "d"));
  const e = go(takeOne, new Shared(alone, "e"));
  yieldNow();
  b.cancel();
  broadcast.send("1");
  broadcast.send("2");
  // Given already: it runs on with it.
  a.cancel();
  yieldNow();
  shared.close();
  yieldNow();
  log(`${shared.next()} ${shared.tryNext()} ${endOf(a)} ${endOf(b)} ${endOf(c)} ${endOf(d)} ${endOf(e)}`);
  return takeLog();
}

// --- watch ---

let watch: Watch<string> = new Watch<string>("");

function observe(observer: WatchObserver<string>): void {
  const name = Fiber.current().name;
  while (observer.next()) log(`${name} ${observer.value}`);
  log(`${name} end ${observer.hasValue}`);
}

function selectVersion(observer: WatchObserver<string>): void {
  const select = new Select();
  select.watch(observer);
  do {
    select.wait();
    log(`select ${observer.hasValue ? observer.value : "end"}`);
  } while (observer.hasValue);
}

export function watchAll(): string {
  watch = new Watch<string>("0");
  const a = go(observe, watch.observe(), "a");
  const b = go(selectVersion, watch.observe());
  const c = go(observe, watch.observe(), "c");
  const closing = watch.observe();
  const d = go(observe, closing, "d");
  yieldNow();
  c.cancel();
  watch.value = "1";
  watch.set("2");
  yieldNow();
  closing.close();
  watch.set("2");
  yieldNow();
  const late = watch.observe();
  log(`late ${late.tryNext()} ${late.value} ${late.tryNext()}`);
  watch.set("3");
  watch.close();
  watch.close();
  log(`late ${late.tryNext()} ${late.value} ${late.next()} ${watch.value} ${watch.isClosed}`);
  log(`${endOf(a)} ${endOf(b)} ${endOf(c)} ${endOf(d)}`);
  return takeLog();
}

// --- fiber-local ---

const user = new FiberLocal<string>("nobody");
const depth = new FiberLocal<i32>(0);

function tellLocals(name: string): string {
  return `${name}: ${user.value} ${depth.value}`;
}

function inherit(name: string): void {
  log(tellLocals(name));
  user.value = name;
  depth.value = depth.value + 1;
  yieldNow();
  log(tellLocals(name));
  if (depth.value < 3) go(inherit, `${name}'`).join();
  log(tellLocals(name));
}

export function locals(): string {
  log(tellLocals("main"));
  const before = go(inherit, "before");
  user.value = "me";
  depth.value = 1;
  user.value = "myself";
  const after = go(inherit, "after");
  user.value = "I";
  before.join();
  after.join();
  log(tellLocals("main"));
  log(spawn<string, string>(tellLocals, "task").join());
  return takeLog();
}

/** Many in one fiber, in an order that copies. */
export function manyLocals(count: i32): i32 {
  const list: FiberLocal<string>[] = [];
  for (let i = 0; i < count; i++) list.push(new FiberLocal<string>("none"));
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < count; i += round + 1) list[i].value = `${round} ${i}`;
  }
  let right = 0;
  for (let i = 0; i < count; i++) {
    const round = i % 3 == 0 ? 2 : i % 2 == 0 ? 1 : 0;
    if (list[i].value == `${round} ${i}`) right++;
  }
  return right;
}

// --- outside of fibers: what does not wait works ---

const early = new Future<i32>();
const heard = new Broadcast<i32>(2);
const hearing = heard.subscribe();
const seen = new Watch<i32>(1);
const seeing = seen.observe();
early.set(1);
heard.send(2);
seen.value = 3;
log(`${early.wait()} ${hearing.tryNext()} ${hearing.value} ${seeing.tryNext()} ${seeing.value} ${user.value}`);

export function outside(): string {
  return takeLog();
}

// --- misuse ---

export function misuse(what: string): string {
  if (what == "set") return endOf(run((): void => early.set(2)));
  if (what == "fail") return endOf(run((): void => early.fail("late")));
  if (what == "value") return endOf(run((): void => drop(new Future<i32>().value)));
  if (what == "failed") {
    return endOf(
      run((): void => {
        const one = new Future<i32>();
        one.fail("first");
        one.set(1);
      }),
    );
  }
  if (what == "capacity") return endOf(run((): void => drop(new Broadcast<i32>(0))));
  if (what == "send") {
    return endOf(
      run((): void => {
        const one = new Broadcast<i32>();
        one.close();
        one.send(1);
      }),
    );
  }
  if (what == "receiver") return endOf(run((): void => drop(new Broadcast<i32>().subscribe().value)));
  if (what == "foreign") {
    return endOf(
      run((): void => {
        hearing.tryNext();
        heard.send(5);
        hearing.tryNext();
        go((_: i32): void => {
          heard.send(6);
          hearing.tryNext();
        }, 0).join();
        drop(hearing.value);
      }),
    );
  }
  if (what == "watch") {
    return endOf(
      run((): void => {
        const one = new Watch<i32>(0);
        one.close();
        one.value = 1;
      }),
    );
  }
  return endOf(run((): void => drop(new Watch<i32>(0).observe().value)));
}

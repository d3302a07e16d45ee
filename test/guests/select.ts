// What selects do outside of fibers, by chance, many times over, and with the collector. Scripts: see select-scripts.ts.
import { Channel, Fiber, go, monotonicNow, Select, sleep, spawn, State, Task, yieldNow } from "as-fibers/assembly";
import { Case, caseAt, SelectRecord } from "as-fibers/assembly/select-case";
import { log, takeLog } from "./support/log";

export { heapBase } from "./support/heap";

// --- in top-level statements, outside of fibers ---

const early = new Channel<string>(1);
const earlySelect = new Select(true);
earlySelect.receive(early);
earlySelect.send(early, "early");
log(`${earlySelect.poll()} ${earlySelect.poll()} ${early.value} ${early.hasValue}`);
earlySelect.clear();
log(`${earlySelect.poll()} ${earlySelect.receive(early)} ${earlySelect.poll()}`);
earlySelect.timeout(0);
early.close();
log(`${earlySelect.poll()} ${early.hasValue}`);

/** What the top-level statements have seen. */
export function afterStart(): string {
  return takeLog();
}

// --- waits ---

/** Waits in a select in which nothing can ever happen. */
export function waitForNothing(nulls: i32): i32 {
  const select = new Select();
  for (let i = 0; i < nulls; i++) {
    if (i & 1) select.receive<i32>(null);
    else select.send<i32>(null, i);
  }
  if (select.poll() != -1) return -2;
  return select.wait();
}

/** Nanoseconds that a timeout takes. */
export function timeTimeout(milliseconds: f64): f64 {
  const select = new Select();
  select.timeout(milliseconds);
  const before = monotonicNow();
  select.wait();
  return <f64>(monotonicNow() - before);
}

export function addTimeout(milliseconds: f64): i32 {
  return new Select().timeout(milliseconds);
}

// --- chances ---

/** Which of so many ready cases, among others that are not, was chosen in each of so many waits. */
export function choose(ready: i32, rounds: i32, isBiased: bool, isPolling: bool): string {
  const closed = new Channel<i32>();
  closed.close();
  const open = new Channel<i32>();
  const select = new Select(isBiased);
  for (let i = 0; i < ready; i++) {
    select.receive(open);
    select.receive(closed);
  }
  select.timeout(0);
  const letters = new Uint8Array(rounds);
  for (let i = 0; i < rounds; i++) letters[i] = <u8>(0x30 + ((isPolling ? select.poll() : select.wait()) >> 1));
  return String.UTF8.decodeUnsafe(letters.dataStart, rounds);
}

// --- many rounds ---

/** Two channels, and how many values go through them. */
class Course<T> {
  right: i32 = 0;
  one: Channel<T>;
  other: Channel<T>;

  constructor(
    public rounds: i32,
    capacity: i32,
  ) {
    this.one = new Channel<T>(capacity);
    this.other = new Channel<T>(capacity);
  }
}

/** Sends each number into the one channel or the other; the other fiber receives from the one or the other. Returns how many came in order. */
export function doubleSelect(rounds: i32, capacity: i32): i32 {
  const course = new Course<i32>(rounds, capacity);
  const sender = go((to: Course<i32>): void => {
    const select = new Select();
    for (let i = 0; i < to.rounds; i++) {
      select.clear();
      select.send(to.one, i);
      select.send(to.other, i);
      select.wait();
    }
    to.one.close();
  }, course);
  const select = new Select();
  select.receive(course.one);
  select.receive(course.other);
  const seen = new StaticArray<u8>(rounds);
  let left = rounds;
  while (left) {
    const channel = select.wait() ? course.other : course.one;
    if (!channel.hasValue) continue;
    left--;
    if (seen[channel.value]++ == 0 && (capacity || channel.value == rounds - left - 1)) course.right++;
  }
  sender.join();
  return course.right;
}

/** Selects that send and receive on the same channel. Returns how many values they have sent, less those that did not arrive once. */
export function pairWithEachOther(players: i32, rounds: i32): i32 {
  const course = new Course<i32>(rounds, 0);
  const tasks: Task<i32>[] = [];
  for (let i = 0; i < players; i++) {
    tasks.push(
      spawn((on: Course<i32>): i32 => {
        const select = new Select();
        const first = on.right;
        on.right += on.rounds;
        let balance = 0;
        for (let j = 0; j < on.rounds; j++) {
          select.clear();
          select.send(on.one, first + j);
          select.receive(on.one);
          const own = first + j;
          if (!select.wait()) balance += own;
          else if (on.one.value >= first && on.one.value < first + on.rounds) return i32.MIN_VALUE;
          else balance -= on.one.value;
        }
        return balance;
      }, course),
    );
  }
  let sum = 0;
  for (let i = 0; i < players; i++) sum += tasks[i].join();
  return sum;
}

/** A fiber whose select waits each time, and is served by each of its cases in turn. Returns how many rounds went right. */
export function reuse(rounds: i32): i32 {
  const course = new Course<string>(rounds, 0);
  const waiter = go((on: Course<string>): void => {
    const select = new Select();
    select.receive(on.one);
    select.send(on.other, "sent");
    select.timeout(10);
    for (let i = 0; i < on.rounds; i++) {
      const index = select.wait();
      if (index != i % 3) return;
      if (index == 0 && on.one.value != "received") return;
      on.right++;
    }
  }, course);
  for (let i = 0; i < rounds; i++) {
    if (i % 3 == 0) {
      yieldNow();
      course.one.trySend("received");
    } else if (i % 3 == 1) {
      yieldNow();
      if (!course.other.tryNext() || course.other.value != "sent") return -1;
    } else sleep(15);
  }
  waiter.join();
  return course.right;
}

/** One select that fills and empties a buffer, a case of each in turn. Returns how many waits went right. */
export function reuseReady(rounds: i32): i32 {
  const channel = new Channel<string>(1);
  const select = new Select();
  select.send(channel, "sent");
  select.receive(channel);
  let right = 0;
  for (let i = 0; i < rounds; i++) right += <i32>(select.wait() == (i & 1) && channel.length == 1 - (i & 1));
  return right;
}

/** How often a select that is always ready waits before another ready fiber runs. */
export function waitsUntilOthersRun(): i32 {
  const closed = new Channel<i32>();
  closed.close();
  const select = new Select();
  select.receive(closed);
  const other = go((_: i32): void => {}, 0);
  let waits = 0;
  for (; other.state != State.DONE; waits++) select.wait();
  return waits;
}

/** So many fibers wait in selects at one channel. Returns how many were served in their turn. */
export function serveInTurn(count: i32): i32 {
  const course = new Course<i32>(0, 0);
  for (let i = 0; i < count; i++) {
    go((on: Course<i32>): void => {
      const number = on.rounds++;
      const select = new Select();
      select.send(on.one, number);
      select.receive(on.other);
      select.wait();
    }, course);
  }
  yieldNow();
  for (let i = 0; i < count; i += 2) if (course.one.receive() == i) course.right += 2 * <i32>course.other.trySend(i);
  return course.right;
}

// --- what it carries and keeps ---

class Point {
  text: string;

  constructor(public x: i32) {
    this.text = `point ${x}`;
  }

  get isWhole(): bool {
    return this.text == `point ${this.x}`;
  }
}

/** Work for the collector, which takes a step at each allocation. */
function makeGarbage(count: i32): void {
  for (let i = 0; i < count; i++) new Point(i);
}

let kept = new Select();
const old = new Channel<Point>();

/**
 * Adds cases to selects that the collector may have visited before: more than fit at first, and of one kind in each select, since what is
 * told of one kind would help another. Returns how many are whole afterwards.
 */
export function keepInCases(rounds: i32, count: i32): i32 {
  let right = 0;
  for (let round = 0; round < rounds; round++) {
    kept = new Select();
    for (let i = 0; i < count; i++) {
      addCase(kept, round % 3, i);
      makeGarbage((round + i) % 13);
    }
    makeGarbage(300);
    for (let i = 0; i < count; i++) right += <i32>isWhole(kept, round % 3, i);
  }
  return right;
}

function addCase(select: Select, kind: i32, n: i32): void {
  if (kind == 0) select.receive(old);
  else if (kind == 1) select.send(old, new Point(n));
  else {
    const channel = new Channel<Point>(1);
    channel.send(new Point(n));
    select.receive(channel);
  }
}

function isWhole(select: Select, kind: i32, n: i32): bool {
  const added = caseAt(changetype<SelectRecord>(select).cases + n * offsetof<Case>());
  if (kind != 2 && added.object != changetype<usize>(old)) return false;
  if (kind == 0) return true;
  const point = kind == 1 ? changetype<Point>(<usize>added.value) : changetype<Channel<Point>>(added.object).receive();
  return point.isWhole && point.x == n;
}

let lonely: Fiber[] = [];

/** Fibers that alone know the select in which they wait, its channels and the values that it offers. */
export function waitAlone(count: i32): void {
  for (let i = 0; i < count; i++) {
    lonely.push(
      go((n: i32): void => {
        const select = new Select();
        for (let j = 0; j < 6; j++) {
          select.send(new Channel<Point>(), new Point(n + j));
          select.receive(new Channel<Point>());
        }
        select.wait();
      }, i),
    );
  }
  yieldNow();
}

/** Cancels them, after other objects could have taken the place of theirs; returns how many were cancelled. */
export function cancelAlone(): i32 {
  const others: Point[] = [];
  for (let i = 0; i < 1000; i++) others.push(new Point(i));
  let cancelled = 0;
  for (let i = 0; i < lonely.length; i++) {
    lonely[i].cancel();
    lonely[i].tryJoin();
    cancelled += <i32>(lonely[i].state == State.CANCELLED);
  }
  lonely = [];
  for (let i = 0; i < 1000; i++) if (!others[i].isWhole) return -1;
  return cancelled;
}

/** Points through two selects, with garbage between. Returns how many came whole and in order. */
export function carryPoints(rounds: i32): i32 {
  const course = new Course<Point>(rounds, 0);
  go((to: Course<Point>): void => {
    const select = new Select();
    for (let i = 0; i < to.rounds; i++) {
      select.clear();
      select.send(i & 1 ? to.one : to.other, new Point(i));
      select.receive(new Channel<Point>());
      select.wait();
      makeGarbage(i % 50);
    }
  }, course);
  const select = new Select();
  select.receive(course.one);
  select.receive(course.other);
  for (let i = 0; i < rounds; i++) {
    const channel = select.wait() ? course.other : course.one;
    if (i % 7 == 0) yieldNow();
    course.right += <i32>(channel.hasValue && channel.value.isWhole && channel.value.x == i);
  }
  return course.right;
}

/** What comes of two values through selects: by a poll each, and by a wait each. 4 when all is right. */
function carryPair<T>(one: T, other: T): i32 {
  let right = 0;
  const buffered = new Channel<T>(1);
  const send = new Select();
  send.send<T>(buffered, one);
  const receive = new Select();
  receive.receive<T>(buffered);
  right += <i32>(receive.poll() == -1 && send.poll() == 0 && send.poll() == -1);
  right += <i32>(receive.poll() == 0 && buffered.value == one && receive.poll() == -1);
  const unbuffered = new Channel<T>();
  const sender = new Select();
  sender.send<T>(unbuffered, other);
  const receiver = new Select();
  receiver.receive<T>(unbuffered);
  right += <i32>(sender.poll() == -1 && receiver.poll() == -1 && !unbuffered.trySend(one) && !unbuffered.tryNext());
  go((select: Select): void => {
    select.wait();
  }, sender);
  right += <i32>(receiver.wait() == 0 && unbuffered.value == other);
  return right;
}

/** The names of the types of which not all values have arrived. */
export function carryAll(): string {
  const wrong: string[] = [];
  if (carryPair<i8>(i8.MIN_VALUE, i8.MAX_VALUE) != 4) wrong.push("i8");
  if (carryPair<u8>(0, u8.MAX_VALUE) != 4) wrong.push("u8");
  if (carryPair<i16>(i16.MIN_VALUE, i16.MAX_VALUE) != 4) wrong.push("i16");
  if (carryPair<u16>(0, u16.MAX_VALUE) != 4) wrong.push("u16");
  if (carryPair<i32>(i32.MIN_VALUE, i32.MAX_VALUE) != 4) wrong.push("i32");
  if (carryPair<u32>(0, u32.MAX_VALUE) != 4) wrong.push("u32");
  if (carryPair<i64>(i64.MIN_VALUE, i64.MAX_VALUE) != 4) wrong.push("i64");
  if (carryPair<u64>(0, u64.MAX_VALUE) != 4) wrong.push("u64");
  if (carryPair<f32>(-1.5, f32.MAX_VALUE) != 4) wrong.push("f32");
  if (carryPair<f64>(-Infinity, f64.MIN_VALUE) != 4) wrong.push("f64");
  if (carryPair<bool>(true, false) != 4) wrong.push("bool");
  if (carryPair<string>("", "text") != 4) wrong.push("string");
  if (carryPair<Point>(new Point(1), new Point(2)) != 4) wrong.push("class");
  if (carryPair<Point | null>(new Point(1), null) != 4) wrong.push("class | null");
  if (carryPair<i32[]>([], [1, 2]) != 4) wrong.push("array");
  return wrong.join(", ");
}

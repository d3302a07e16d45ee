// What the collector must free, and what it must not.
import { Fiber, go, sleep, spawn, Task, yieldNow } from "as-fibers/assembly";

export { heapBase } from "./support/heap";

const MIB: i32 = 1 << 20;

let finished: i32 = 0;
let fibers: Fiber[] = [];

class Thing {
  other: Thing | null = null;

  constructor(public value: i32) {}
}

/** Starts fibers with an argument of their own, and lets them end; returns how many have. */
export function spawnAndFinish(count: i32): i32 {
  finished = 0;
  for (let i = 0; i < count; i++) {
    go(finish, new Thing(i));
    if ((i & 63) == 63) yieldNow();
  }
  yieldNow();
  return finished;
}

function finish(thing: Thing): void {
  if (thing.value >= 0) finished++;
}

/** The same with a wait in each: with a region of its own. */
export function spawnAndWait(count: i32): i32 {
  finished = 0;
  for (let i = 0; i < count; i++) {
    go(waitAndFinish, new Thing(i));
    if ((i & 63) == 63) yieldNow();
  }
  yieldNow();
  yieldNow();
  return finished;
}

function waitAndFinish(thing: Thing): void {
  const other = new Thing(thing.value + 1);
  yieldNow();
  if (other.value == thing.value + 1) finished++;
}

/** Lives for as many switches as it is told, and counts itself when it has kept its own. */
function liveUnseen(thing: Thing): void {
  const text = `thing ${thing.value}`;
  const own = new Thing(thing.value);
  own.other = thing;
  for (let i = 0; i < thing.value % 13; i++) {
    const garbage = new Thing(i);
    garbage.other = own;
    yieldNow();
  }
  const other = own.other;
  if (other && other.value == own.value && text == `thing ${own.value}`) finished++;
}

/** Fibers that only the scheduler knows, begun one by one while others end; returns how many kept what they held. */
export function startUnseen(count: i32): i32 {
  finished = 0;
  for (let i = 0; i < count; i++) {
    go(liveUnseen, new Thing(i), `unseen ${i}`);
    if (i % 3 == 0) yieldNow();
  }
  for (let i = 0; i < 13; i++) yieldNow();
  return finished;
}

/** Results that are joined, results that nobody asks for, failures that somebody looks at. */
export function spawnAndDrop(count: i32): i32 {
  let length = 0;
  for (let i = 0; i < count; i++) {
    const task = spawn(describe, i);
    spawn(describe, -i);
    length += task.join().length;
  }
  return length;
}

function describe(value: i32): string {
  yieldNow();
  return `thing ${value}`;
}

/** A frame that has a large array to itself, across a wait. */
function holdLarge(value: i32): i32 {
  const large = new Uint8Array(MIB);
  large[MIB - 1] = <u8>value;
  yieldNow();
  return large[MIB - 1];
}

/** The same without a wait. */
function useLarge(value: i32): i32 {
  const large = new Uint8Array(MIB);
  large[MIB - 1] = <u8>value;
  return large[MIB - 1];
}

/** One fiber calls such functions again and again. Returns how often it read what it had written. */
export function callHolders(rounds: i32): i32 {
  let right = 0;
  for (let i = 0; i < rounds; i++) right += <i32>(holdLarge(i) == (i & 255));
  return right;
}

/** The same, without giving way: the fiber runs all the time. */
export function callUsers(rounds: i32): i32 {
  let right = 0;
  for (let i = 0; i < rounds; i++) right += <i32>(useLarge(i) == (i & 255));
  return right;
}

function holdThenPark(value: i32): void {
  if (holdLarge(value) == (value & 255)) finished++;
  sleep(Infinity);
}

function parkHolding(value: i32): void {
  const large = new Uint8Array(MIB);
  large[MIB - 1] = <u8>value;
  sleep(1000);
  if (large[MIB - 1] == (value & 255)) finished++;
}

/** Fibers that have called such a function, and now wait for ever. Returns how many. */
export function parkAfterHolding(count: i32): i32 {
  finished = 0;
  for (let i = 0; i < count; i++) fibers.push(go(holdThenPark, i));
  yieldNow();
  yieldNow();
  return finished;
}

/** Fibers that wait inside it. */
export function parkInside(count: i32): i32 {
  finished = 0;
  for (let i = 0; i < count; i++) fibers.push(go(parkHolding, i));
  yieldNow();
  return fibers.length;
}

export function awaitInside(): i32 {
  for (let i = 0; i < fibers.length; i++) fibers[i].join();
  fibers = [];
  return finished;
}

export function cancelAll(): i32 {
  const count = fibers.length;
  for (let i = 0; i < count; i++) fibers[i].cancel();
  for (let i = 0; i < count; i++) fibers[i].tryJoin();
  fibers = [];
  return count;
}

/** A list that only a parked fiber's frame refers to, grown while it lives. */
function growList(length: i32): i32 {
  let first: Thing | null = null;
  for (let i = 0; i < length; i++) {
    const thing = new Thing(i);
    thing.other = first;
    first = thing;
    if ((i & 7) == 0) yieldNow();
  }
  let sum = 0;
  let thing = first;
  while (thing) {
    sum += thing.value;
    thing = thing.other;
  }
  return sum;
}

/** Many such lists at once; returns how many are whole at the end. */
export function growLists(count: i32, length: i32): i32 {
  const tasks: Task<i32>[] = [];
  for (let i = 0; i < count; i++) tasks.push(spawn(growList, length + i));
  let right = 0;
  for (let i = 0; i < count; i++) {
    const n = length + i;
    if (tasks[i].join() == (n * (n - 1)) / 2) right++;
  }
  return right;
}

export function heldFibers(): i32 {
  return fibers.length;
}

/** Peer: JavaScript's async functions, switched by await. */
// oxlint-disable unicorn/no-unnecessary-await -- an await of nothing is what is measured
import { checkEqual, CheckError, TurnOrder } from "../check.ts";
import { nowNs } from "../clock.ts";

let begin = 0;
let end = 0;
let yields = 0;

function reset(): void {
  begin = 0;
  end = 0;
  yields = 0;
}

/** Two live numbers; the clock runs from the first to stand at its first await until the first to have made the rest, as in the guest. */
async function spin(left: number): Promise<void> {
  let made = 0;
  await null;
  begin ||= nowNs();
  while (left-- > 0) {
    made++;
    await null;
  }
  end ||= nowNs();
  yields += made;
}

/** Nanoseconds per switch of `count` async functions that await `rounds` times each while the clock runs. */
export async function switching(count: number, rounds: number): Promise<number> {
  reset();
  let last = spin(rounds);
  for (let i = 1; i < count; i++) last = spin(rounds);
  await last;
  checkEqual("awaits", yields, count * rounds);
  return (end - begin) / count / rounds;
}

async function takeTickets(order: TurnOrder, index: number): Promise<void> {
  for (let round = 0; round < TurnOrder.rounds; round++) {
    order.note(index, round);
    await null;
  }
}

/** Proves the interleaving of `count` async functions. */
export async function checkTurns(count: number): Promise<void> {
  const order = new TurnOrder("async functions", count);
  const all: Promise<void>[] = [];
  for (let index = 0; index < count; index++) all.push(takeTickets(order, index));
  await Promise.all(all);
  order.verify();
}

/** `level` async functions down to the await, each awaiting the next. */
async function descend(level: number, left: number): Promise<void> {
  if (level > 1) {
    await descend(level - 1, left);
    return;
  }
  await spin(left);
}

/** Nanoseconds per switch of two async functions whose innermost of `depth` calls awaits. */
export async function deep(depth: number, rounds: number): Promise<number> {
  reset();
  const calls = [0, 1].map(() => (depth > 1 ? descend(depth - 1, rounds) : spin(rounds)));
  await Promise.all(calls);
  checkEqual("awaits of nested calls", yields, 2 * rounds);
  return (end - begin) / 2 / rounds;
}

let sum = 0;

async function add(i: number): Promise<void> {
  sum += i;
}

async function addAfterWait(i: number): Promise<void> {
  await null;
  sum += i;
}

/** Nanoseconds per awaited call of an async function that awaits nothing itself. */
export async function calling(count: number): Promise<number> {
  sum = 0;
  const started = nowNs();
  for (let i = 0; i < count; i++) await add(i);
  return timePerCall(started, count);
}

/** Nanoseconds per awaited call of an async function that awaits once itself. A loop of its own, so that the engine may specialize both. */
export async function callingWaiting(count: number): Promise<number> {
  sum = 0;
  const started = nowNs();
  for (let i = 0; i < count; i++) await addAfterWait(i);
  return timePerCall(started, count);
}

function timePerCall(started: number, count: number): number {
  const ended = nowNs();
  checkEqual("sum of awaited calls", sum, (count * (count - 1)) / 2);
  return (ended - started) / count;
}

class RefusedError extends Error {
  readonly code = "E_REFUSED";
}

async function refuse(): Promise<void> {
  throw new RefusedError("the request was refused");
}

/** Nanoseconds per rejected call, caught and looked at. */
export async function rejecting(count: number): Promise<number> {
  let seen = 0;
  const started = nowNs();
  for (let i = 0; i < count; i++) {
    try {
      await refuse();
    } catch (error) {
      if (error instanceof RefusedError && error.code === "E_REFUSED") seen++;
    }
  }
  const ended = nowNs();
  checkEqual("rejections seen", seen, count);
  return (ended - started) / count;
}

let awaiting = 0;

/** Starts `count` async functions that wait for a promise which is never settled. @returns how many wait */
export function park(count: number): number {
  const never = new Promise<void>(() => {});
  return startAll(() => never, count);
}

/** Starts `count` async functions that sleep for an hour. @returns how many sleep */
export function fallAsleep(count: number): number {
  return startAll(() => new Promise<void>((resolve) => void setTimeout(resolve, HOUR)), count);
}

const HOUR = 3_600_000;

function startAll(wait: () => Promise<void>, count: number): number {
  awaiting = 0;
  const stay = async (index: number): Promise<void> => {
    const a = index;
    const b = index * 3;
    awaiting++;
    await wait();
    sum += a ^ b;
  };
  for (let i = 0; i < count; i++) void stay(i);
  return awaiting;
}

/** Starts `others` timers, all of different times, and measures what starting and clearing one more costs, in nanoseconds. */
export function startAndClear(others: number, count: number): number {
  const timers = Array.from({ length: others }, (_, i) => setTimeout(neverCalled, spread(i)));
  const started = nowNs();
  for (let i = 0; i < count; i++) clearTimeout(setTimeout(neverCalled, spread(i)));
  const ended = nowNs();
  for (const timer of timers) clearTimeout(timer);
  return (ended - started) / count;
}

function neverCalled(): never {
  throw new CheckError("a timer of an hour has fired");
}

/** One to two hours in milliseconds, in no order. */
function spread(index: number): number {
  return HOUR + (Math.imul(index, 0x9e3779b1) >>> 0) * (HOUR / 2 ** 32);
}

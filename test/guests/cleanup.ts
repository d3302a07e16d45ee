// Deferred calls: when they run, in which order, and how often.
import { Cleanup, defer, fail, Fiber, go, run, sleep, spawn, State, yieldNow } from "as-fibers/assembly";
import { log, takeLog } from "./support/log";

export { heapBase } from "./support/heap";

function note(text: string): void {
  log(`cleanup ${text}`);
}

function noteSlowly(text: string): void {
  log(`cleanup ${text} begins`);
  sleep(5);
  log(`cleanup ${text} goes on`);
  yieldNow();
  log(`cleanup ${text} ends`);
}

function oweThree(how: i32): void {
  defer(note, "one");
  defer(note, "two");
  defer(note, "three");
  yieldNow();
  log("body");
  if (how == 1) fail("body failed");
  if (how == 2) sleep(Infinity);
  if (how == 3) unreachable();
}

/** Last first, on return, failure, cancellation and trap. */
export function order(how: i32): string {
  const fiber = go(oweThree, how);
  yieldNow();
  yieldNow();
  if (how == 2) fiber.cancel();
  log(`${fiber.tryJoin()} ${fiber.state}`);
  return takeLog();
}

function runAndForget(how: i32): void {
  defer(note, "one");
  const two = defer(note, "two");
  const three = defer(note, "three");
  const four = defer(note, "four");
  if (how & 1) {
    two.run();
    two.run();
  }
  if (how & 2) {
    three.forget();
    three.run();
  }
  if (how & 4) {
    four.run();
    four.forget();
  }
  log("body ends");
}

export function runEarly(how: i32): string {
  go(runAndForget, how).join();
  return takeLog();
}

function oweSlowly(how: i32): void {
  defer(note, "first");
  const slow = defer(noteSlowly, "slow");
  defer(note, "last");
  if (how == 1) slow.run();
  log("body ends");
}

function tick(count: i32): void {
  for (let i = 0; i < count; i++) {
    log(`tick ${i}`);
    sleep(2);
  }
}

/** Cleanups that wait; others go on meanwhile. */
export function slow(how: i32): string {
  const fiber = go(oweSlowly, how);
  const ticker = go(tick, 4);
  fiber.join();
  log("joined");
  ticker.join();
  return takeLog();
}

/** The promise of a call waits for its cleanups. */
export function inCall(): string {
  defer(noteSlowly, "of the call");
  return "result";
}

export function readLog(): string {
  return takeLog();
}

function failing(text: string): void {
  log(`failing ${text}`);
  fail(`cleanup ${text}`, "E_CLEANUP");
}

function oweFailing(how: i32): void {
  defer(note, "one");
  defer(failing, "two");
  defer(note, "three");
  defer(failing, "four");
  if (how == 1) fail("body failed", "E_BODY");
}

/** A cleanup that fails does not keep the others from running, nor hides why the fiber ended. */
export function failures(how: i32): string {
  const fiber = go(oweFailing, how);
  log(`${fiber.tryJoin()} ${fiber.error ? fiber.error!.toString() : ""}`);
  return takeLog();
}

function struck(how: i32): void {
  oweFailing(0);
  yieldNow();
}

/** The same for a fiber that is cancelled after it has begun. */
export function failuresWhenCancelled(): string {
  const fiber = go(struck, 0);
  yieldNow();
  fiber.cancel("stopped");
  log(`${fiber.tryJoin()} ${fiber.error!.toString()}`);
  return takeLog();
}

function deferMore(text: string): void {
  log(`cleanup ${text} defers`);
  defer(note, text + "'s");
}

function oweNested(how: i32): void {
  defer(note, "outer");
  defer(deferMore, "inner");
}

export function nested(): string {
  go(oweNested, 0).join();
  return takeLog();
}

function ofI8(value: i8): void {
  log(`i8 ${value}`);
}
function ofU32(value: u32): void {
  log(`u32 ${value}`);
}
function ofI64(value: i64): void {
  log(`i64 ${value}`);
}
function ofF32(value: f32): void {
  log(`f32 ${value}`);
}
function ofF64(value: f64): void {
  log(`f64 ${value}`);
}
function ofBool(value: bool): void {
  log(`bool ${value}`);
}
function ofArray(value: string[]): void {
  log(`array ${value.toString()}`);
}
function ofNothing(value: string | null): void {
  log(`null ${value == null}`);
}

function oweEveryType(how: i32): void {
  defer<i8>(ofI8, -5);
  defer<u32>(ofU32, u32.MAX_VALUE);
  defer<i64>(ofI64, i64.MIN_VALUE);
  defer<f32>(ofF32, -1.5);
  defer<f64>(ofF64, 0.1);
  defer<bool>(ofBool, true);
  defer(ofArray, ["a", `b${how}`]);
  defer<string | null>(ofNothing, null);
  yieldNow();
  if (ASC_RUNTIME == 2) __collect();
}

export function everyType(): string {
  go(oweEveryType, 7).join();
  return takeLog();
}

let shared: Cleanup | null = null;

function oweShared(): void {
  shared = defer(note, `of ${Fiber.current().name}`);
  sleep(10);
  log("owner goes on");
}

function noteRunner(text: string): void {
  log(`cleanup ${text}, run by ${Fiber.current().name}`);
}

function oweRunner(): void {
  shared = defer(noteRunner, Fiber.current().name);
  sleep(10);
}

/** A cleanup may be run by another fiber, and is owed no more then. After its fiber has ended, it does nothing. */
export function byAnother(): string {
  const owner = run(oweRunner, "owner");
  yieldNow();
  const cleanup = shared!;
  cleanup.run();
  owner.join();
  log("owner has ended");
  const second = run(oweShared, "second");
  second.join();
  shared!.run();
  shared!.forget();
  return takeLog();
}

/** They belong to the fiber, not to the function. */
function helper(text: string): void {
  const cleanup = defer(note, text);
  log(`helper ${text}`);
  cleanup.run();
}

function useHelpers(): void {
  defer(note, "of the body");
  helper("a");
  helper("b");
  log("body ends");
}

export function helpers(): string {
  run(useHelpers).join();
  return takeLog();
}

function joinInCleanup(target: Fiber): void {
  log(`cleanup joins: ${target.tryJoin()}`);
}

function sleepThenSay(milliseconds: f64): void {
  sleep(milliseconds);
  log("slept");
}

function oweJoin(target: Fiber): void {
  defer(joinInCleanup, target);
  fail("ends early");
}

/** A cleanup that joins another fiber; its own fiber's joiner waits for both. */
export function joining(): string {
  const target = go(sleepThenSay, 3);
  const fiber = go(oweJoin, target);
  log(`${fiber.tryJoin()} ${target.state == State.DONE}`);
  return takeLog();
}

let count: i32 = 0;

function increment(by: i32): void {
  count += by;
}

function oweMany(many: i32): i32 {
  const list: Cleanup[] = [];
  for (let i = 0; i < many; i++) list.push(defer(increment, 1));
  for (let i = 0; i < many; i += 3) list[i].forget();
  for (let i = 1; i < many; i += 3) list[i].run();
  yieldNow();
  return count;
}

/** Very many cleanups, run, forgotten and left in between each other. */
export function many(howMany: i32): string {
  count = 0;
  const task = spawn(oweMany, howMany);
  const early = task.join();
  return `${early} early, ${count} in the end`;
}

function oweTrap(how: i32): void {
  defer(note, "one");
  defer(trapping, "two");
  defer(note, "three");
  if (how == 1) fail("body failed", "E_BODY");
}

function trapping(text: string): void {
  log(`trapping ${text}`);
  unreachable();
}

export function traps(how: i32): string {
  const fiber = go(oweTrap, how);
  log(`${fiber.tryJoin()} ${fiber.error!.toString()}`);
  return takeLog();
}

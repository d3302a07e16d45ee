// Cancels fibers in every state, for every reason that they can wait.
import { defer, Fiber, go, print, run, sleep, spawn, State, Task, yieldNow } from "as-fibers/assembly";
import { timerCount } from "as-fibers/assembly/timers";
import { log, takeLog } from "./support/log";

export { heapBase } from "./support/heap";

function note(text: string): void {
  log(`cleanup ${text}`);
}

function tell(fiber: Fiber): void {
  const error = fiber.error;
  log(`state ${fiber.state}, ${error ? error.toString() : "no error"}`);
}

function work(text: string): void {
  defer(note, text);
  log(`${text} begins`);
  yieldNow();
  log(`${text} goes on`);
  sleep(10);
  log(`${text} ends`);
}

export function ready(): string {
  const fiber = go(work, "a");
  fiber.cancel("before it began");
  tell(fiber);
  yieldNow();
  tell(fiber);
  return takeLog();
}

export function yielding(): string {
  const fiber = go(work, "a");
  yieldNow();
  fiber.cancel("while it yielded");
  fiber.tryJoin();
  tell(fiber);
  return takeLog();
}

export function sleeping(): string {
  const fiber = go(work, "a");
  yieldNow();
  yieldNow();
  log(`${timerCount()} timers`);
  fiber.cancel();
  log(`${timerCount()} timers`);
  fiber.tryJoin();
  tell(fiber);
  return takeLog();
}

/** Its timer has expired, and it has not run since: still cancelled at once. */
export function woken(): string {
  const fiber = go(work, "a");
  yieldNow();
  // Of equal deadlines, the one that was started first expires first.
  sleep(10);
  log(`state ${fiber.state}`);
  fiber.cancel("just woken");
  fiber.tryJoin();
  tell(fiber);
  return takeLog();
}

function joinIt(target: Fiber): void {
  defer(note, "of the joiner");
  target.join();
  log("joined");
}

/** A joiner that is cancelled leaves the others waiting, and the joined fiber alone. */
export function joining(): string {
  const target = go(work, "target");
  const first = go(joinIt, target, "first");
  const second = go(joinIt, target, "second");
  const third = go(joinIt, target, "third");
  yieldNow();
  yieldNow();
  second.cancel("not interested");
  second.tryJoin();
  tell(second);
  target.join();
  first.join();
  third.join();
  tell(target);
  return takeLog();
}

function cancelItself(text: string): void {
  defer(note, text);
  log(`${text} cancels itself`);
  Fiber.current().cancel(text);
  log("cannot be here");
}

function cancelDeep(levels: i32): i32 {
  if (levels == 0) Fiber.current().cancel("deep inside");
  return cancelDeep(levels - 1) + 1;
}

export function itself(): string {
  const fiber = go(cancelItself, "a");
  fiber.tryJoin();
  tell(fiber);
  const deep = spawn(cancelDeep, 20);
  deep.tryJoin();
  tell(deep.fiber);
  return takeLog();
}

export function ended(): string {
  const done = go(note, "done");
  const cancelled = go(work, "b");
  cancelled.cancel("first reason");
  cancelled.cancel("second reason");
  yieldNow();
  done.cancel();
  cancelled.cancel("third reason");
  yieldNow();
  tell(done);
  tell(cancelled);
  return takeLog();
}

function cleanSlowly(text: string): void {
  log(`${text} cleans`);
  sleep(5);
  log(`${text} has cleaned`);
}

function owe(text: string): void {
  defer(cleanSlowly, text);
  yieldNow();
}

/** Cleaning is not interrupted, and keeps the reason for which it began. */
export function cleaning(): string {
  const returned = go(owe, "returned");
  const cancelled = go(owe, "cancelled");
  yieldNow();
  cancelled.cancel("the reason");
  sleep(1);
  returned.cancel("too late");
  cancelled.cancel("too late");
  tell(returned);
  returned.join();
  cancelled.tryJoin();
  tell(returned);
  tell(cancelled);
  return takeLog();
}

let victim: Fiber | null = null;

function cancelVictim(text: string): void {
  log(`${text} cancels the other`);
  victim!.cancel(`by ${text}`);
}

function oweCancel(text: string): void {
  defer(cancelVictim, text);
}

export function inCleanup(): string {
  victim = go(work, "other");
  go(oweCancel, "a").join();
  victim!.tryJoin();
  tell(victim!);
  return takeLog();
}

function make(n: i32): string {
  sleep(1);
  return `made ${n}`;
}

export function task(): string {
  const task = spawn(make, 1);
  yieldNow();
  task.cancel("no result wanted");
  log(`${task.tryJoin()}`);
  tell(task.fiber);
  return takeLog();
}

/** The joiners of a cancelled fiber wake when its cleanups have run. */
export function joiners(): string {
  const target = go(owe, "target");
  const joiner = go(joinIt, target);
  yieldNow();
  target.cancel("enough");
  log(`${joiner.tryJoin()}`);
  tell(joiner);
  return takeLog();
}

function cancelBoth(other: Fiber): void {
  other.cancel("by its partner");
  Fiber.current().cancel("by itself");
}

function waitForever(text: string): void {
  sleep(Infinity);
}

export function forever(count: i32): string {
  const fibers: Fiber[] = [];
  for (let i = 0; i < count; i++) fibers.push(go(waitForever, "x"));
  yieldNow();
  log(`${timerCount()} timers`);
  for (let i = 0; i < count; i += 2) fibers[i].cancel();
  log(`${timerCount()} timers`);
  for (let i = count - 1; i >= 0; i--) fibers[i].cancel();
  log(`${timerCount()} timers`);
  let cancelled = 0;
  for (let i = 0; i < count; i++) if (!fibers[i].tryJoin() && fibers[i].state == State.CANCELLED) cancelled++;
  log(`${cancelled} cancelled`);
  return takeLog();
}

function printMuch(text: string): void {
  defer(note, text);
  for (let i = 0; i < 2000; i++) print(`${text} ${i} ..................................................`);
  log(`${text} has printed`);
}

/** Waits for the host to write; returns what became of the two. */
export function printing(): string {
  const first = go(printMuch, "first");
  const second = go(printMuch, "second");
  yieldNow();
  log(`${first.state} ${second.state}`);
  first.cancel("enough printed");
  first.tryJoin();
  second.join();
  tell(first);
  tell(second);
  return takeLog();
}

function stepThrough(n: i32): i32 {
  defer(note, `${n}`);
  let sum = 0;
  for (let i = 0; i < 5; i++) {
    yieldNow();
    sleep(1);
    sum += spawn(make, i).join().length;
  }
  return sum;
}

/** Cancels one after so many switches, and sees whether it ends as it must, and leaves no timer. */
export function cancelAfter(switches: i32): string {
  const task = spawn(stepThrough, 1);
  for (let i = 0; i < switches; i++) yieldNow();
  task.cancel("stopped");
  task.tryJoin();
  sleep(10);
  tell(task.fiber);
  log(`${timerCount()} timers`);
  return takeLog();
}

export function mutual(): string {
  const first = go(waitForever, "a");
  const second = go(cancelBoth, first);
  second.tryJoin();
  first.tryJoin();
  tell(first);
  tell(second);
  return takeLog();
}

let tasks: Task<string>[] = [];

/** Starts fibers that a test then cancels by closing, and logs what their cleanups do. */
export function startOwing(count: i32): i32 {
  for (let i = 0; i < count; i++) tasks.push(spawn(oweAndSleep, i));
  yieldNow();
  return tasks.length;
}

function oweAndSleep(n: i32): string {
  defer(printNote, n);
  sleep(1e9);
  return "";
}

function printNote(n: i32): void {
  print(`cleaned ${n}`);
}

export function selfTwice(): void {
  run(noteNothing);
  Fiber.current().cancel("of a call");
}

function noteNothing(): void {}

/** Who has asked: another fiber, the fiber itself. */
export function asking(): string {
  const victim = go(work, "victim");
  const other = go<Fiber>((target: Fiber): void => target.cancel("in the way"), victim, "other");
  const own = go<i32>((_: i32): void => Fiber.current().cancel("tired"), 0);
  victim.tryJoin();
  other.join();
  own.tryJoin();
  const first = victim.error!;
  const second = own.error!;
  log(`${first.message}: "${first.askedByName}" ${first.askedById == other.id}`);
  log(`${second.message}: "${second.askedByName}" ${second.askedById}`);
  return takeLog();
}

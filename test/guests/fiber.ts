// What a program can do with a fiber: start, name, look at, join.
import { fail, Fiber, go, run, sleep, spawn, State, yieldNow } from "as-fibers/assembly";
import { log, takeLog } from "./support/log";

function say(text: string): void {
  log(`${text} runs`);
}

function sayPlain(): void {
  log(`plain runs`);
}

function sayNumber(n: i32): i32 {
  log(`${n} runs`);
  return n;
}

/** What is started runs when its starter waits, in the order of the starts. */
export function order(): string {
  go(say, "a");
  run(sayPlain);
  spawn(sayNumber, 3);
  log("all started");
  yieldNow();
  log("starter again");
  return takeLog();
}

export function identity(): string {
  const me = Fiber.current();
  const first = go(say, "first");
  const second = run(sayPlain, "second");
  const third = spawn(sayNumber, 3, "drei ③ 🧵");
  log(`${first.id - me.id} ${second.id - me.id} ${third.id - me.id}`);
  log(`"${me.name}" "${first.name}" "${second.name}" "${third.name}"`);
  log(`${third.fiber.id == third.id} ${third.fiber.name == third.name} ${Fiber.current() == me}`);
  return takeLog();
}

function checkIdentity(expected: i64): bool {
  const before = Fiber.current();
  yieldNow();
  return Fiber.current() == before && before.id == expected && before.name == "itself";
}

/** A fiber sees itself as its starter sees it, before and after a wait. */
export function current(): bool {
  const next = Fiber.current().id + 1;
  const task = spawn(checkIdentity, next, "itself");
  return task.join() && task.id == next;
}

let watched: Fiber | null = null;

function stateName(state: State): string {
  const names = ["ready", "running", "parked", "done", "failed", "cancelled"];
  return names[state];
}

function watch(): void {
  const fiber = watched;
  if (fiber) log(stateName(fiber.state));
}

function liveThroughStates(how: i32): void {
  watch();
  yieldNow();
  sleep(1);
  yieldNow();
  if (how == 1) fail("on purpose");
}

/** Every state that its starter can see, and the one that only it sees. */
export function states(how: i32): string {
  const fiber = go(liveThroughStates, how);
  watched = fiber;
  watch();
  yieldNow();
  watch();
  yieldNow();
  watch();
  sleep(1);
  watch();
  if (how == 2) fiber.cancel();
  yieldNow();
  watch();
  return takeLog();
}

class Node {
  constructor(
    public depth: i32,
    public label: string,
  ) {}
}

function branch(node: Node): i32 {
  log(`${node.label} begins`);
  if (node.depth == 0) return 1;
  const left = spawn(branch, new Node(node.depth - 1, node.label + "l"), node.label + "l");
  const right = spawn(branch, new Node(node.depth - 1, node.label + "r"), node.label + "r");
  const sum = right.join() + left.join();
  log(`${node.label} ends`);
  return sum;
}

/** Fibers that start fibers that start fibers. */
export function tree(depth: i32): string {
  const leaves = spawn(branch, new Node(depth, "")).join();
  log(`${leaves} leaves`);
  return takeLog();
}

function joinAndSay(target: Fiber): void {
  target.join();
  log(`${Fiber.current().name} has joined`);
}

function sleepOnce(milliseconds: f64): void {
  sleep(milliseconds);
  log("slept");
}

/** Several joiners of one fiber go on in the order in which they joined, after what was ready before. */
export function joinedBySeveral(): string {
  const target = go(sleepOnce, 5);
  go(joinAndSay, target, "first");
  go(joinAndSay, target, "second");
  const third = go(joinAndSay, target, "third");
  third.join();
  return takeLog();
}

/** Joining what has ended does not wait. */
export function joinEnded(): string {
  const fiber = go(say, "early");
  yieldNow();
  go(say, "other");
  fiber.join();
  fiber.join();
  log("joined");
  yieldNow();
  return takeLog();
}

function joinItself(): void {
  Fiber.current().join();
  log("cannot be here");
}

export function joinSelf(): string {
  const fiber = run(joinItself);
  log(`${fiber.tryJoin()} ${fiber.error!.toString()}`);
  return takeLog();
}

export function joinMyself(): void {
  Fiber.current().tryJoin();
}

function failAfter(text: string): void {
  yieldNow();
  fail(text, "E_TOLD");
}

function joinIt(target: Fiber): void {
  target.join();
  log("cannot be here");
}

/** A failure travels along a chain of joins, each with its own message. */
export function joinFailed(): string {
  const first = go(failAfter, "the disk is full", "writer");
  const second = go(joinIt, first);
  const third = go(joinIt, second, "outer");
  third.tryJoin();
  let error = third.error;
  while (error) {
    log(`${error.fiberId == second.id ? "second" : error.fiberName} ${error.toString()}`);
    error = error.cause;
  }
  return takeLog();
}

export function joinCancelled(): string {
  const sleeper = go(sleepOnce, Infinity, "sleeper");
  const joiner = go(joinIt, sleeper, "joiner");
  yieldNow();
  sleeper.cancel("no longer needed");
  joiner.tryJoin();
  log(`${stateName(sleeper.state)} ${sleeper.error!.toString()}`);
  log(`${stateName(joiner.state)} ${joiner.error!.toString()}`);
  return takeLog();
}

/** Fails as its joined fiber did: for JavaScript. */
export function joinFailing(): void {
  go(failAfter, "the disk is full", "writer").join();
}

export function tryJoinAll(): string {
  const done = go(say, "done");
  const failed = go(failAfter, "no");
  const cancelled = go(sleepOnce, 1);
  cancelled.cancel();
  log(`${done.error == null} ${failed.error == null} ${cancelled.error == null}`);
  log(`${done.tryJoin()} ${failed.tryJoin()} ${cancelled.tryJoin()}`);
  log(`${done.tryJoin()} ${failed.tryJoin()} ${cancelled.tryJoin()}`);
  log(`${done.error == null} ${failed.error!.message} ${cancelled.error!.message}`);
  return takeLog();
}

export function lastErrorAtFirst(): string {
  return Fiber.current().lastError;
}

let others: Fiber[] = [];

function sleepFor(milliseconds: f64): void {
  sleep(milliseconds);
}

/** Starts fibers that end at these times, for looking at the list of all fibers. */
export function startSleepers(durations: string): i64 {
  const texts = durations.split(",");
  for (let i = 0; i < texts.length; i++) others.push(go(sleepFor, parseFloat(texts[i]), texts[i]));
  return others[0].id;
}

export function sleepHere(milliseconds: f64): void {
  sleep(milliseconds);
}

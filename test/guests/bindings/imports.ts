/** Imports that JavaScript serves with promises, and what becomes of the fibers that call them. */
import { defer, fail, Fiber, go, sleep, spawn, State, Task, yieldNow } from "as-fibers/assembly";
import { callOther } from "./more-imports";

@external("app", "fetchText")
@suspends
declare function fetchText(url: string): string;

@external("app", "fetchText")
@suspends
declare function fetchTextOrError(url: string): string | null;

@external("app", "add")
@suspends
declare function add(a: i32, b: i64, c: f64, d: bool): f64;

@external("app", "addOrError")
@suspends
declare function addOrError(a: i32, b: i64, c: f64, d: bool): f64;

@external("app", "big")
@suspends
declare function big(value: u64): u64;

@external("app", "pause")
@suspends
declare function pause(): void;

@external("app", "note")
declare function note(text: string): void;

export function title(url: string): string {
  return `<${fetchText(url)}>`;
}

export function titleOrError(url: string): string {
  const text = fetchTextOrError(url);
  return `${text == null ? "null" : text} ${Fiber.current().lastError}`;
}

export function sum(a: i32): f64 {
  return add(a, 2, 3.5, true);
}

export function sumOrError(a: i32): string {
  return `${addOrError(a, 2, 3.5, true)} ${Fiber.current().lastError}`;
}

export function doubled(value: u64): u64 {
  return big(value);
}

export function other(value: string): string {
  return callOther(value);
}

/** Three in a row. */
export function thrice(value: i32): i32 {
  for (let i = 0; i < 3; i++) value = <i32>add(value, 1, 0, false);
  return value;
}

export function pausing(name: string): void {
  note(`${name} begins`);
  pause();
  note(`${name} ends`);
}

export function ticking(times: i32): void {
  for (let i = 0; i < times; i++) {
    note(`tick ${i}`);
    yieldNow();
  }
}

function noteCleanup(text: string): void {
  sleep(1);
  note(text);
}

export function cleaning(url: string): string {
  defer(noteCleanup, `cleaned ${url}`);
  return fetchText(url);
}

/** Cancels a fiber that waits for JavaScript. */
export function cancelling(url: string): string {
  const task = spawn(fetchText, url, "fetcher");
  sleep(1);
  task.cancel("enough");
  if (task.tryJoin()) return "not cancelled";
  return task.error!.toString();
}

export function joining(url: string): string {
  return spawn(fetchText, url, "fetcher").join();
}

function fetchUnseen(url: string): void {
  fetchText(url);
}

export function unseen(url: string): void {
  const fiber = go(fetchUnseen, url, "unseen");
  while (fiber.state < State.DONE) yieldNow();
}

/** Makes and drops much, so that the collector runs between the call and the answer. */
export function collecting(url: string): string {
  let text = fetchText(url);
  for (let i = 0; i < 2000; i++) text = text.slice(0, 20) + i.toString();
  return text;
}

export function plain(value: i32): i32 {
  return value + 1;
}

export function failing(): void {
  fail("on purpose", "E_PURPOSE");
}

export function lengthOf(text: string): i32 {
  return text.length;
}

@external("app", "delay")
@suspends
declare function delay(milliseconds: i32, request: string): string;

class Request {
  constructor(
    public milliseconds: i32,
    public name: string,
  ) {}
}

function send(request: Request): string {
  return delay(request.milliseconds, request.name);
}

/** Sends all requests at once; the answers in the order of the requests. */
export function sendAll(milliseconds: i32[], instance: string): string[] {
  const tasks = milliseconds.map<Task<string>>((ms) => spawn(send, new Request(ms, `after ${ms}`)));
  const answers: string[] = [];
  for (let i = 0; i < tasks.length; i++) answers.push(`${instance}: ${tasks[i].join()}`);
  return answers;
}

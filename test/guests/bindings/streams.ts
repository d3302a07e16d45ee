/** Channels that cross the border: as parameters and results of exports, and of imports that suspend. */
import { Channel, defer, fail, go, Select, sleep, spawn, Task, yieldNow } from "as-fibers/assembly";

export { lefts } from "./streams-inner";
export * from "./streams-inner";

declare function note(text: string): void;

// --- from JavaScript ---

/** All of it, a character between any two. */
export function collect(values: Channel<string>): string {
  let text = "";
  while (values.next()) text += values.value + ",";
  return text;
}

export function first(values: Channel<string>): string {
  return values.receive();
}

/** Needs no more of it after the first, and goes on. */
export function firstAndMore(values: Channel<string>): string {
  const value = values.receive();
  values.close();
  sleep(10);
  note("goes on");
  return value;
}

/** Closes it while it waits for JavaScript. */
export function closing(values: Channel<string>): void {
  yieldNow();
  values.close();
  note(values.next() ? "open" : "closed");
}

export function unread(_values: Channel<string>): string {
  return "nothing";
}

/** By each way to receive, what a channel that has failed says. */
export function waiting(values: Channel<string>, way: string): string {
  if (way == "receive") return values.receive();
  if (way == "next") return values.next() ? "value" : "end";
  if (way == "select") {
    const select = new Select();
    select.receive(values);
    return select.wait().toString();
  }
  sleep(1);
  if (way == "tryNext") return values.tryNext() ? "value" : "end";
  const select = new Select();
  select.receive(values);
  return select.poll().toString();
}

export function either(one: Channel<i32> | null, other: Channel<i32> | null = null): i32 {
  let sum = 0;
  if (one) while (one.next()) sum += one.value;
  if (other) while (other.next()) sum += other.value * 100;
  return sum;
}

// --- to JavaScript ---

class Range {
  constructor(
    public from: i32,
    public to: i32,
    public out: Channel<i32>,
  ) {}
}

function send(range: Range): void {
  defer<i32>((from: i32): void => note(`${from} has ended`), range.from);
  for (let i = range.from; i < range.to; i++) {
    note(`sends ${i}`);
    range.out.send(i);
  }
  range.out.close();
}

export function numbers(from: i32, to: i32 = 5): Channel<i32> {
  const out = new Channel<i32>();
  go(send, new Range(from, to, out));
  return out;
}

export function buffered(count: i32): Channel<i32> {
  const out = new Channel<i32>(count);
  for (let i = 0; i < count; i++) out.send(i);
  out.close();
  return out;
}

/** Nobody ever sends. */
export function silent(): Channel<i32> {
  defer<i32>((_: i32): void => note("silent has ended"), 0);
  return new Channel<i32>();
}

export function nothing(): Channel<i32> | null {
  return null;
}

let feed = new Channel<i32>();

/** A channel that others send to. */
export function subscribe(): Channel<i32> {
  feed = new Channel<i32>();
  return feed;
}

export function publish(value: i32): void {
  feed.send(value);
}

// --- both ---

class Stage {
  constructor(
    public input: Channel<string>,
    public output: Channel<string>,
  ) {}
}

function shout(stage: Stage): void {
  while (stage.input.next()) {
    const text = stage.input.value;
    if (text == "bad") fail("a bad word", "E_BAD");
    stage.output.send(text.toUpperCase());
  }
  stage.output.close();
}

function quote(stage: Stage): void {
  while (stage.input.next()) stage.output.send(`<${stage.input.value}>`);
  stage.output.close();
}

function shoutAndQuote(stage: Stage): void {
  const between = new Channel<string>();
  go(shout, new Stage(stage.input, between));
  quote(new Stage(between, stage.output));
}

export function shouted(words: Channel<string>): Channel<string> {
  const output = new Channel<string>();
  go(shout, new Stage(words, output));
  return output;
}

/** Two stages, the first of which the second one has started. */
export function transform(words: Channel<string>): Channel<string> {
  const output = new Channel<string>();
  go(shoutAndQuote, new Stage(words, output));
  return output;
}

export function same(values: Channel<string>): Channel<string> {
  return values;
}

class Point {
  x: f64 = 0;
  tags: string[] = [];
}
export function points(values: Channel<Point>): Channel<Point> {
  return values;
}

export function chunks(values: Channel<Uint8Array>): Channel<Uint8Array> {
  return values;
}

export function longs(values: Channel<i64>): Channel<i64> {
  return values;
}

type Flags = Channel<bool>;
export function flags(values: Flags): Flags {
  return values;
}

export function optional(values: Channel<string | null>): Channel<string | null> {
  return values;
}

// --- failures of fibers ---

function failNow(_out: Channel<i32>): void {
  fail("it cannot begin", "E_EARLY");
}

/** The sender has failed before the function returns. */
export function failingEarly(): Channel<i32> {
  const out = new Channel<i32>();
  go(failNow, out);
  yieldNow();
  return out;
}

function failWith(out: Channel<i32>): i32 {
  fail("looked at", "E_SEEN");
  return out.length;
}

function sendSeen(task: Task<i32>): void {
  const seen = task.tryJoin() ? "returned" : task.error!.code;
  fromSeen.send(seen == "E_SEEN" ? 1 : 0);
  fromSeen.close();
}

let fromSeen = new Channel<i32>();

/** A fiber fails, and another one looks at that. */
export function failingSeen(): Channel<i32> {
  fromSeen = new Channel<i32>();
  go(sendSeen, spawn(failWith, fromSeen));
  return fromSeen;
}

function workThenFail(range: Range): void {
  range.out.send(range.from);
  range.out.send(range.to);
  fail("it cannot go on", "E_LATE");
}

/** One sender fails; another one would go on for ever. */
export function failingLate(): Channel<i32> {
  const out = new Channel<i32>();
  go(workThenFail, new Range(1, 2, out), "worker");
  go(wait, 0);
  return out;
}

function wait(_: i32): void {
  defer<i32>((_: i32): void => note("the other has ended"), 0);
  sleep(1e9);
}

// --- imports ---

@suspends
declare function write(name: string, values: Channel<string>): i32;

@suspends
declare function read(name: string): Channel<string>;

@suspends
declare function readOrError(name: string): Channel<string> | null;

class Words {
  constructor(
    public words: string[],
    public out: Channel<string>,
  ) {}
}

function sendWords(sent: Words): i32 {
  const words = sent.words;
  const out = sent.out;
  for (let i = 0; i < words.length; i++) out.send(words[i]);
  out.close();
  return words.length;
}

export function writing(words: string[]): i32 {
  const out = new Channel<string>();
  const sender = spawn(sendWords, new Words(words, out));
  const written = write("file", out);
  if (!sender.tryJoin()) note(sender.error!.code);
  return written;
}

export function failingWriting(): i32 {
  return write("file", read("broken"));
}

export function reading(name: string): string {
  return collect(read(name));
}

export function readingFirst(name: string): string {
  const values = read(name);
  const value = values.receive();
  values.close();
  return value;
}

export function readingOrError(name: string): string {
  const values = readOrError(name);
  return values ? collect(values) : "null";
}

/** The channel of an import, as the result of an export. */
export function passing(name: string): Channel<string> {
  return read(name);
}

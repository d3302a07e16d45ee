// Runs programs over channels that are given as text. What the instructions mean is written in
// test/setup/channel-programs.ts. The three channels carry an i64, a string, and an object that may be null.
import { Channel, defer, Fiber, go, sleep, State, yieldNow } from "as-fibers/assembly";
import { log, takeLog } from "./support/log";

export { heapBase } from "./support/heap";

/** What the third channel carries. */
class Item {
  text: string;

  constructor(
    public fiber: i32,
    public count: i32,
  ) {
    this.text = `${fiber}.${count}`;
  }
}

/** The value that a fiber sends as its so manieth. */
function encode<T>(fiber: i32, count: i32): T {
  if (isInteger<T>()) return <T>(((<i64>fiber) << 40) | count);
  if (isString<T>()) return changetype<T>(`${fiber}.${count}`);
  const item: Item | null = count % 4 == 3 ? null : new Item(fiber, count);
  return changetype<T>(item);
}

function decode<T>(value: T): string {
  if (isInteger<T>()) return `${value >> 40}.${value & 0xff_ffff_ffff}`;
  if (isString<T>()) return changetype<string>(value);
  const item = changetype<Item | null>(value);
  if (!item) return "null";
  return item.text == `${item.fiber}.${item.count}` ? item.text : "damaged";
}

/** A channel without its type. */
abstract class Line {
  abstract send(me: Running): string;
  abstract trySend(me: Running): string;
  abstract receive(): string;
  abstract next(): string;
  abstract tryNext(): string;
  abstract value(): string;
  abstract close(): void;
  abstract look(): string;
  abstract drain(): string;
}

class TypedLine<T> extends Line {
  channel: Channel<T>;

  constructor(capacity: i32) {
    super();
    this.channel = new Channel<T>(capacity);
  }

  send(me: Running): string {
    const value = encode<T>(me.number, me.sent++);
    this.channel.send(value);
    return decode<T>(value);
  }

  trySend(me: Running): string {
    const value = encode<T>(me.number, me.sent++);
    const happened = this.channel.trySend(value);
    return `${decode<T>(value)} ${happened}`;
  }

  receive(): string {
    return decode<T>(this.channel.receive());
  }

  next(): string {
    return this.channel.next() ? decode<T>(this.channel.value) : "closed";
  }

  tryNext(): string {
    return this.channel.tryNext() ? decode<T>(this.channel.value) : "nothing";
  }

  value(): string {
    return decode<T>(this.channel.value);
  }

  close(): void {
    this.channel.close();
  }

  look(): string {
    const channel = this.channel;
    return `${channel.length} of ${channel.capacity}, ${channel.isClosed ? "closed" : "open"}`;
  }

  drain(): string {
    let text = "";
    while (this.channel.tryNext()) text += ` ${decode<T>(this.channel.value)}`;
    return text;
  }
}

/** A fiber of the program. */
class Running {
  sent: i32 = 0;

  constructor(
    public number: i32,
    public script: string,
  ) {}
}

/** The argument of a cleanup: the instruction that it executes. */
class Debt {
  constructor(
    public owner: Running,
    public words: string[],
    public at: i32,
  ) {}
}

let lines: Line[] = [];
let fibers: Fiber[] = [];

export function execute(program: string): string {
  const scripts = program.split(" | ");
  const capacities = scripts[0].split(" ");
  lines = [
    new TypedLine<i64>(<i32>parseInt(capacities[0])),
    new TypedLine<string>(<i32>parseInt(capacities[1])),
    new TypedLine<Item | null>(<i32>parseInt(capacities[2])),
  ];
  for (let i = 1; i < scripts.length; i++) fibers.push(go(runScript, new Running(i, scripts[i]), `f${i}`));
  sleep(1);
  for (let i = 0; i < fibers.length; i++) {
    if (fibers[i].state >= State.DONE) continue;
    log(`end cancels ${i + 1}`);
    fibers[i].cancel("end");
  }
  sleep(1);
  for (let i = 0; i < lines.length; i++) {
    log(`end: ${lines[i].look()}`);
    lines[i].close();
  }
  sleep(1);
  for (let i = 0; i < fibers.length; i++) log(`${i + 1} ended: ${describe(fibers[i])}`);
  for (let i = 0; i < lines.length; i++) log(`left in ${i}:${lines[i].drain()}`);
  lines = [];
  fibers = [];
  return takeLog();
}

function describe(fiber: Fiber): string {
  const error = fiber.error;
  if (error) return `${fiber.state == State.CANCELLED ? "cancelled " : ""}${error.toString()}`;
  return fiber.state == State.DONE ? "done" : "still there";
}

function runScript(me: Running): void {
  const instructions = me.script.split(", ");
  for (let i = 0; i < instructions.length; i++) perform(me, instructions[i].split(" "), 0);
  log(`${me.number} returns`);
}

function payDebt(debt: Debt): void {
  perform(debt.owner, debt.words, debt.at);
}

function perform(me: Running, words: string[], at: i32): void {
  const verb = words[at++];
  if (verb == "times") {
    const times = <i32>parseInt(words[at++]);
    for (let i = 0; i < times; i++) perform(me, words, at);
  } else if (verb == "defer") {
    defer(payDebt, new Debt(me, words, at));
  } else if (verb == "yield") {
    yieldNow();
    log(`${me.number} yielded`);
  } else if (verb == "garbage") {
    makeGarbage();
  } else if (verb == "collect") {
    // Under `minimal`, objects on the stack would be lost.
    if (ASC_RUNTIME == 2) __collect();
  } else {
    performOn(me, verb, <i32>parseInt(words[at]));
  }
}

function performOn(me: Running, verb: string, index: i32): void {
  const label = `${me.number} ${verb} ${index}`;
  if (verb == "cancel") {
    log(label);
    const other = fibers[(index - 1) % fibers.length];
    other.cancel(`by ${me.number}`);
    return;
  }
  const line = lines[index];
  if (verb == "send") log(`${label}: ${line.send(me)}`);
  else if (verb == "trySend") log(`${label}: ${line.trySend(me)}`);
  else if (verb == "receive") log(`${label}: ${line.receive()}`);
  else if (verb == "next") log(`${label}: ${line.next()}`);
  else if (verb == "tryNext") log(`${label}: ${line.tryNext()}`);
  else if (verb == "value") log(`${label}: ${line.value()}`);
  else if (verb == "look") log(`${label}: ${line.look()}`);
  else if (verb == "close") {
    log(label);
    line.close();
  } else {
    log(`${label}: unknown`);
  }
}

function makeGarbage(): void {
  let list: string[] = [];
  for (let i = 0; i < 20; i++) {
    list.push(`garbage ${i}`);
    if (list.length == 7) list = [];
  }
}

// Runs programs over all kinds of shared objects that are given as text. What the instructions mean is written in
// test/setup/vocabulary-programs.ts.
import { Channel, defer, fail, Fiber, go, Mutex, Select, sleep, State, yieldNow } from "as-fibers/assembly";
import { fiberCount } from "as-fibers/assembly/fiber-list";
import { timerCount } from "as-fibers/assembly/timers";
import { log, takeLog } from "./support/log";
import { describe, look, queueCount, reasonOf, Running, toNumber, World } from "./support/vocabulary-world";

export { heapBase } from "./support/heap";

const MAX_FIBERS = 9;
const ROUNDS = 8;
const PLENTY = 1000;
/** Milliseconds in which all happens that can. */
const LONG: f64 = 10_000;

/** The argument of a cleanup, and of what is done with a lock: an instruction. */
class Debt {
  constructor(
    public owner: Running,
    public words: string[],
    public at: i32,
  ) {}
}

let world: World | null = null;

// @ts-ignore: decorator
@inline
function shared(): World {
  return world!;
}

function start(all: World, script: i32): void {
  const number = all.fibers.length + 1;
  all.fibers.push(go(runScript, new Running(number, script), `f${number}`));
}

export function execute(program: string): string {
  alignSelects();
  const scripts = program.split(" | ");
  const all = new World(scripts[0], scripts);
  world = all;
  const fibers = all.fibers;
  for (let i = 1; i < scripts.length; i++) start(all, i);
  sleep(LONG);
  for (let i = 0; i < fibers.length; i++) {
    if (fibers[i].state < State.DONE) log(`${i + 1} waits: ${reasonOf(fibers[i])}`);
  }
  for (let round = 0; round < ROUNDS && isAnyLeft(fibers); round++) endAll(all, round);
  for (let i = 0; i < fibers.length; i++) log(`${i + 1} ended: ${describe(fibers[i])}`);
  log(`end: ${look(all)}`);
  for (let i = 0; i < 2; i++) {
    let text = "left:";
    while (all.channels[i].tryNext()) text += ` ${all.channels[i].value}`;
    log(text);
  }
  log(`${fiberCount() - 1} fibers, ${timerCount()} timers, ${queueCount(all)} queues`);
  world = null;
  return takeLog();
}

let hasYielded = false;

/** A select yields at every so manieth wait. The program begins when that has just been. */
function alignSelects(): void {
  const select = new Select(true);
  const closed = new Channel<i32>();
  closed.close();
  select.receive<i32>(closed);
  hasYielded = false;
  go((_: i32): void => {
    hasYielded = true;
  }, 0);
  while (!hasYielded) select.wait();
}

function isAnyLeft(fibers: Fiber[]): bool {
  return fibers.some((fiber: Fiber): bool => fiber.state < State.DONE);
}

/** Ends what is left: cancels all, and lets pass what waits in a cleanup. */
function endAll(all: World, round: i32): void {
  log(`round ${round}`);
  for (let i = 0; i < all.fibers.length; i++) all.fibers[i].cancel("end");
  sleep(LONG);
  for (let i = 0; i < 2; i++) all.channels[i].close();
  all.event.set();
  all.condition.broadcast();
  all.semaphore.release(PLENTY);
  sleep(LONG);
}

function runScript(me: Running): void {
  const instructions = shared().scripts[me.script].split(", ");
  for (let i = 0; i < instructions.length; i++) perform(me, instructions[i].split(" "), 0);
  log(`${me.number} returns`);
}

function pay(debt: Debt): void {
  perform(debt.owner, debt.words, debt.at);
}

/** Runs the instruction that begins at the word `at`. */
function perform(me: Running, words: string[], at: i32): void {
  const verb = words[at];
  if (verb == "times") {
    const times = toNumber(words[at + 1]);
    for (let i = 0; i < times; i++) perform(me, words, at + 2);
    return;
  }
  if (verb == "defer") {
    defer(pay, new Debt(me, words, at + 1));
    return;
  }
  if (verb == "garbage") {
    makeGarbage();
    return;
  }
  if (verb == "collect") {
    // Under `minimal`, objects on the stack would be lost.
    if (ASC_RUNTIME == 2) __collect();
    return;
  }
  const label = `${me.number} ${words.slice(at).join(" ")}`;
  let result = "";
  if (verb.startsWith("select") || verb.startsWith("poll")) {
    me.cases = words.slice(at + 1);
    me.isRandom = verb.endsWith("Any");
    addCases(me);
    result = runSelect(me, verb.startsWith("select"));
  } else if (verb == "again") {
    result = runSelect(me, true);
  } else if (words.length == at + 1) {
    result = performAlone(verb);
  } else {
    result = performOn(me, verb, words, at + 1);
  }
  log(label + result);
}

/** Instructions without a parameter. */
function performAlone(verb: string): string {
  const all = shared();
  if (verb == "yield") yieldNow();
  else if (verb == "look") return `: ${look(all)}`;
  else if (verb == "signal") all.condition.signal();
  else if (verb == "broadcast") all.condition.broadcast();
  else if (verb == "event") all.event.wait();
  else if (verb == "tryEvent") return `: ${all.event.tryWait()}`;
  else if (verb == "set") all.event.set();
  else if (verb == "reset") all.event.reset();
  else if (verb == "fail") fail("as it was told", "E_PROGRAM");
  else return ": unknown";
  return "";
}

function performOn(me: Running, verb: string, words: string[], at: i32): string {
  const all = shared();
  const n = toNumber(words[at]);
  if (verb == "sleep") sleep(<f64>n / 2);
  else if (verb == "cancel") all.fibers[(n - 1) % all.fibers.length].cancel(`by ${me.number}`);
  else if (verb == "join") return `: ${all.fibers[(n - 1) % all.fibers.length].tryJoin()}`;
  else if (verb == "spawn") return spawnScript(me, n);
  else if (verb == "acquire") all.semaphore.acquire(n);
  else if (verb == "tryAcquire") return `: ${all.semaphore.tryAcquire(n)}`;
  else if (verb == "release") all.semaphore.release(n);
  else if (verb == "withPermits") all.semaphore.with<Debt>(pay, new Debt(me, words, at + 1), n);
  else if (verb == "with") all.mutexes[n].with<Debt>(pay, new Debt(me, words, at + 1));
  else if (verb == "wait") {
    const timeout = words.length > at + 1 ? <f64>toNumber(words[at + 1]) / 2 : Infinity;
    return `: ${all.condition.wait(all.mutexes[n], timeout)}`;
  } else if (verb.toLowerCase().endsWith("lock") || verb == "clear") return performLock(all.mutexes[n], verb);
  else return performChannel(me, all.channels[n], verb);
  return "";
}

function performLock(mutex: Mutex, verb: string): string {
  if (verb == "lock") mutex.lock();
  else if (verb == "unlock") mutex.unlock();
  else if (verb == "tryLock") return `: ${mutex.tryLock()}`;
  else mutex.clearAbandoned();
  return "";
}

function performChannel(me: Running, channel: Channel<string>, verb: string): string {
  if (verb == "send") channel.send(me.nextValue());
  else if (verb == "trySend") return `: ${channel.trySend(me.nextValue())}`;
  else if (verb == "receive") return `: ${channel.receive()}`;
  else if (verb == "next") return `: ${channel.next() ? channel.value : "closed"}`;
  else if (verb == "tryNext") return `: ${channel.tryNext() ? channel.value : "nothing"}`;
  else if (verb == "close") channel.close();
  else return ": unknown";
  return "";
}

function spawnScript(me: Running, script: i32): string {
  const all = shared();
  if (script <= me.script || script >= all.scripts.length || all.fibers.length == MAX_FIBERS) return ": no";
  start(all, script);
  return `: ${all.fibers.length}`;
}

function addCases(me: Running): void {
  const all = shared();
  const select = me.isRandom ? me.random : me.biased;
  select.clear();
  for (let i = 0; i < me.cases.length; i++) {
    const words = me.cases[i].split(":");
    const what = words[0];
    const n = words.length > 1 ? toNumber(words[1]) : 0;
    const channel = n < 2 ? all.channels[n] : null;
    if (what == "receive") select.receive<string>(channel);
    else if (what == "send") select.send<string>(channel, me.nextValue());
    else if (what == "join") select.join(all.fibers[(n - 1) % all.fibers.length]);
    else if (what == "lock") select.lock(all.mutexes[n]);
    else if (what == "acquire") select.acquire(all.semaphore, n);
    else if (what == "event") select.event(all.event);
    else select.timeout(<f64>n / 2);
  }
}

function runSelect(me: Running, isWaiting: bool): string {
  log(`${me.number} selects`);
  const select = me.isRandom ? me.random : me.biased;
  const chosen = isWaiting ? select.wait() : select.poll();
  if (chosen < 0 || !me.cases[chosen].startsWith("receive")) return `: ${chosen}`;
  const channel = shared().channels[toNumber(me.cases[chosen].split(":")[1])];
  return `: ${chosen} ${channel.hasValue ? channel.value : "closed"}`;
}

function makeGarbage(): void {
  let list: string[] = [];
  for (let i = 0; i < 12; i++) {
    list.push(`garbage ${i}`);
    if (list.length == 5) list = [];
  }
}

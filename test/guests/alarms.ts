// Timers, tickers and timeouts.
import {
  Channel,
  defer,
  fail,
  Fiber,
  go,
  MissedTicks,
  monotonicNow,
  Mutex,
  run,
  Select,
  sleep,
  spawn,
  Ticker,
  timeout,
  Timer,
  yieldNow,
} from "as-fibers/assembly";
import { timerCount } from "as-fibers/assembly/timers";
import { log, takeLog } from "./support/log";

export { heapBase } from "./support/heap";

function milliseconds(): f64 {
  return <f64>monotonicNow() / 1e6;
}

/** How it ended: its state and error, as one line. */
function endOf(fiber: Fiber): string {
  fiber.tryJoin();
  const error = fiber.error;
  return error ? error.toString() : "done";
}

// --- random programs with two timers; test/setup/timer-model.ts says what they must log ---

let timers: StaticArray<Timer> = [];
let fibers: Fiber[] = [];
let began: f64 = 0;

class Script {
  constructor(
    public number: i32,
    public text: string,
  ) {}
}

function execute(script: Script): void {
  const words = script.text.split(" ");
  for (let i = 0; i < words.length; i++) {
    const result = perform(script.number, words[i]);
    log(`${script.number} ${words[i]} ${result} ${milliseconds() - began}`);
  }
}

/** `w0` waits for timer 0, `r0:5` resets it, `x0` stops it, `t0` tries it, `s5` sleeps, `c2` cancels fiber 2, `S0:5` and `B:5` select. */
function perform(number: i32, word: string): string {
  const verb = word.charCodeAt(0);
  const which = I32.parseInt(word.charAt(1));
  const colon = word.indexOf(":");
  const time = parseFloat(word.substring(colon < 0 ? 1 : colon + 1));
  switch (verb) {
    case 0x77: // w
      return timers[which].wait().toString();
    case 0x72: // r
      return timers[which].reset(time).toString();
    case 0x78: // x
      return timers[which].stop().toString();
    case 0x74: // t
      return `${timers[which].tryWait()} ${timers[which].isRunning}`;
    case 0x73: // s
      sleep(time);
      return "";
    case 0x63: // c
      if (which != number) fibers[which].cancel();
      return "";
  }
  const select = new Select(true);
  // S: one timer; B: both, the first of them twice.
  if (verb == 0x53) select.timer(timers[which]);
  else {
    select.timer(timers[1]);
    select.timer(timers[0]);
    select.timer(timers[1]);
  }
  select.timeout(time);
  return select.wait().toString();
}

export function executeTimers(program: string): string {
  began = milliseconds();
  timers = [new Timer(10), new Timer(Infinity)];
  fibers = [];
  const scripts = program.split(" | ");
  for (let i = 0; i < scripts.length; i++) fibers.push(go(execute, new Script(i, scripts[i])));
  let ends = "";
  // A timer that nobody resets any more may run forever: then those that wait for it are told so.
  const guard = go(stopAll, 1000.0);
  for (let i = 0; i < fibers.length; i++) ends += `${fibers[i].tryJoin()} `;
  guard.cancel();
  guard.tryJoin();
  log(`${ends}${timerCount()}`);
  return takeLog();
}

function stopAll(after: f64): void {
  while (true) {
    sleep(after);
    for (let i = 0; i < 2; i++) timers[i].stop();
  }
}

// --- timers by hand ---

let timer: Timer = new Timer(0);

function waitAndTell(name: string): void {
  defer((text: string): void => log(`${text} has ended`), name);
  log(`${name}: ${timer.wait()} at ${milliseconds() - began}`);
}

export function cancelWaiting(): string {
  began = milliseconds();
  timer = new Timer(5);
  const a = go(waitAndTell, "a");
  const b = go(waitAndTell, "b");
  const c = run((): void => {
    const select = new Select();
    select.timer(timer);
    select.wait();
  });
  yieldNow();
  log(`${timerCount()} timers`);
  a.cancel();
  c.cancel();
  log(`${timerCount()} timers`);
  b.join();
  log(`${timerCount()} timers, ${a.state} ${c.state}`);
  return takeLog();
}

export function misuse(what: string, value: f64): string {
  badValue = value;
  if (what == "timer") return endOf(run((): void => drop(new Timer(badValue))));
  if (what == "reset") return endOf(run((): void => drop(new Timer(1).reset(badValue))));
  if (what == "ticker") return endOf(run((): void => drop(new Ticker(badValue))));
  const end = endOf(run((): void => drop(timeout<i32>(badValue, unreachableBody, 0))));
  return `${end}${takeLog()}`;
}

let badValue: f64 = 0;

function drop<T>(_: T): void {}

function unreachableBody(_: i32): void {
  log("it ran");
}

/** Several fibers and a select wait, and are put off again and again; then nothing is left. */
export function putOff(rounds: i32): string {
  began = milliseconds();
  timer = new Timer(2);
  for (let i = 0; i < 3; i++) go(waitAndTell, `${i}`);
  const select = go((_: i32): void => {
    const one = new Select();
    one.timer(timer);
    one.wait();
    log(`select at ${milliseconds() - began}`);
  }, 0);
  for (let i = 0; i < rounds; i++) {
    sleep(1);
    if (!timer.reset(2)) log("was over");
  }
  select.join();
  log(`${timerCount()} timers`);
  return takeLog();
}

/** A timer without end is given one under those who wait. */
export function shorten(): string {
  began = milliseconds();
  timer = new Timer(Infinity);
  const a = go(waitAndTell, "a");
  const select = new Select();
  select.timer(timer);
  select.timeout(50);
  go((_: i32): void => {
    timer.reset(7);
    timer.reset(0);
    timer.reset(3);
  }, 0);
  log(`case ${select.wait()} at ${milliseconds() - began}`);
  a.join();
  log(`case ${select.wait()} ${timer.tryWait()}`);
  timer.reset(100);
  log(`case ${select.wait()} ${timer.tryWait()} ${timer.stop()} ${timer.stop()}`);
  log(`case ${select.wait()} ${timer.tryWait()} ${timer.wait()} ${timerCount()}`);
  return takeLog();
}

/** The time of those who wait has come, but nobody has looked at the clock since: what a reset and a stop find, and those who wait. */
export function notice(): string {
  began = milliseconds();
  let result = "";
  for (let way = 0; way < 2; way++) {
    timer = new Timer(1);
    ticker = new Ticker(1);
    const due = monotonicNow() + 1_000_000;
    const waiter = spawn((_: i32): bool => timer.wait(), 0);
    const taker = spawn((_: i32): i64 => ticker.next(), 0);
    const chooser = spawn((_: i32): bool => {
      const select = new Select(true);
      select.timeout(100_000);
      select.timer(timer);
      return select.wait() == 1 && timer.isRunning;
    }, 0);
    yieldNow();
    while (monotonicNow() < due + 500_000) {}
    if (way) ticker.stop();
    else ticker.reset();
    result += `${way ? timer.stop() : timer.reset(10_000)} ${waiter.join()} ${taker.join() > 0} ${chooser.join()} `;
  }
  return `${result}${timerCount()}`;
}

// --- tickers ---

let ticker: Ticker = new Ticker(1);

/** Takes ticks of 10 ms, asleep in between for so many: "instant at missed", in milliseconds since the ticker began. */
export function tickLate(policy: i32, pauses: string, way: string): string {
  began = milliseconds();
  ticker = new Ticker(10, <MissedTicks>policy);
  const select = new Select();
  select.tick(ticker);
  select.timeout(1000);
  const list = pauses.split(" ");
  for (let i = 0; i < list.length; i++) {
    sleep(parseFloat(list[i]));
    let time: i64 = -2;
    if (way == "next") time = ticker.next();
    else if (way == "select") {
      log(`${select.wait()}`);
      time = ticker.time;
    } else if (ticker.tryNext()) time = ticker.time;
    log(`${<f64>time / 1e6 - began} at ${milliseconds() - began} missed ${ticker.missed}`);
  }
  return takeLog();
}

/** 1,000 ticks of a third of a millisecond, each taken late by another time: how many were not where they belong. */
export function drift(): i32 {
  const start = monotonicNow();
  const period: f64 = 1 / 3.0;
  const one = new Ticker(period);
  let wrong = 0;
  for (let n = 1; n <= 1000; n++) {
    const time = one.next();
    if (time != <i64>(<f64>start + <f64>n * (period * 1e6)) || time > monotonicNow()) wrong++;
    sleep(<f64>(n % 5) / 20);
  }
  return wrong;
}

function tickAndTell(name: string): void {
  log(`${name} ${ticker.next()} ${milliseconds() - began}`);
}

function selectTickAndTell(name: string): void {
  const select = new Select();
  select.tick(ticker);
  select.wait();
  log(`${name} ${ticker.time} ${milliseconds() - began}`);
}

export function shareTicks(): string {
  began = milliseconds();
  ticker = new Ticker(10);
  log(`${ticker.time} ${ticker.tryNext()}`);
  const a = go(tickAndTell, "a");
  go(selectTickAndTell, "b");
  go(tickAndTell, "c").cancel();
  sleep(4);
  ticker.reset();
  go(tickAndTell, "d");
  a.join();
  sleep(1);
  go(tickAndTell, "e");
  go(selectTickAndTell, "f");
  go(tickAndTell, "g").cancel();
  const h = go(tickAndTell, "h");
  yieldNow();
  h.cancel();
  yieldNow();
  log(`${timerCount()} timers`);
  ticker.stop();
  log(`${timerCount()} timers`);
  yieldNow();
  log(`${ticker.next()} ${ticker.tryNext()} ${ticker.time}`);
  ticker.reset();
  log(`${<f64>ticker.next() / 1e6 - began}`);
  return takeLog();
}

// --- timeout ---

class Work {
  constructor(
    public name: string,
    public duration: f64,
  ) {}
}

const channel = new Channel<i32>();
const mutex = new Mutex();

function work(one: Work): void {
  const cleanup = defer((work: Work): void => {
    sleep(2);
    log(`${work.name} has cleaned up at ${milliseconds() - began}`);
  }, one);
  if (one.name == "receive") channel.receive();
  else if (one.name == "lock") mutex.lock();
  else if (one.name == "fail") fail("no luck", "E_LUCK");
  else sleep(one.duration);
  cleanup.run();
}

export function within(time: f64, name: string, duration: f64): string {
  began = milliseconds();
  const owner = run((): void => {
    mutex.lock();
    sleep(1000);
    mutex.unlock();
  });
  yieldNow();
  const isInTime = timeout(time, work, new Work(name, duration));
  log(`${isInTime} at ${milliseconds() - began}`);
  owner.cancel();
  owner.tryJoin();
  log(`${timerCount()} timers, ${channel.trySend(1)}`);
  return takeLog();
}

function outer(inner: f64): void {
  defer((_: i32): void => log(`outer has ended at ${milliseconds() - began}`), 0);
  log(`inner: ${timeout(inner, work, new Work("work", 20))} at ${milliseconds() - began}`);
}

export function nest(outside: f64, inside: f64): string {
  began = milliseconds();
  log(`outer: ${timeout(outside, outer, inside)} at ${milliseconds() - began}`);
  log(`${timerCount()} timers`);
  return takeLog();
}

/** The caller is cancelled: in time, or while the fiber cleans up. */
export function cancelCaller(after: f64): string {
  began = milliseconds();
  const caller = go((_: i32): void => {
    timeout(10, work, new Work("work", 20));
    log("went on");
  }, 0);
  sleep(after);
  caller.cancel("enough");
  log(endOf(caller));
  log(`at ${milliseconds() - began}, ${timerCount()} timers`);
  return takeLog();
}

/** `fn` fails: in time; in its cleanup, after its time; and when it is cancelled by somebody else. */
export function failWithin(): string {
  log(endOf(run((): void => drop(timeout(10, work, new Work("fail", 0))))));
  const other = run((): void => drop(timeout<i32>(10, cancelItself, 0)));
  log(endOf(other));
  return takeLog();
}

function receiveLate(code: string): void {
  channel.receive();
  if (code.length) fail("after all", code);
  log("has ended");
}

/** At the end of the time itself, what runs is given what it waits for: it goes on with it, though it is too late. */
export function giveLate(code: string): string {
  began = milliseconds();
  go((_: i32): void => {
    sleep(10);
    channel.send(1);
  }, 0);
  yieldNow();
  lateCode = code;
  log(endOf(run((): void => log(`${timeout(10, receiveLate, lateCode)}`))));
  return takeLog();
}

let lateCode: string = "";

function cancelItself(_: i32): void {
  Fiber.current().cancel("had enough");
}

// --- memory ---

/** All of it once. */
function round(_: i32): void {
  timer = new Timer(3);
  ticker = new Ticker(1);
  const select = new Select();
  select.timer(timer);
  select.tick(ticker);
  const a = go((_: i32): void => drop(timer.wait()), 0);
  select.wait();
  timer.reset(2);
  const b = go((_: i32): void => drop(timer.wait()), 0);
  yieldNow();
  b.cancel();
  timeout<i32>(1, (_: i32): void => sleep(100), 0);
  ticker.next();
  timer.stop();
  a.join();
}

export function rounds(count: i32): u32 {
  for (let i = 0; i < count; i++) round(i);
  return timerCount();
}

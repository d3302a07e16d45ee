// Small programs that tests of as-fibers/testing run in all orders, and again and again.
import {
  Channel,
  Event,
  fail,
  Fiber,
  go,
  monotonicNow,
  Mutex,
  print,
  retry,
  run,
  Schedule,
  Scope,
  Select,
  sleep,
  spawn,
  Stdin,
  TcpListener,
  TcpStream,
  WaitGroup,
  yieldNow,
} from "as-fibers/assembly";

function step(rounds: i32): void {
  for (let i = 0; i < rounds; i++) yieldNow();
}

let all: WaitGroup = new WaitGroup();

function stepAndLeave(rounds: i32): void {
  step(rounds);
  all.done();
}

/** One fiber for each digit, which yields so many times; ends when all have. */
export function joined(digits: string): void {
  all.add(digits.length);
  for (let i = 0; i < digits.length; i++) go(stepAndLeave, digits.charCodeAt(i) - 0x30);
  all.wait();
}

let total: i32 = 0;

function addSlowly(rounds: i32): void {
  for (let i = 0; i < rounds; i++) {
    const before = total;
    yieldNow();
    total = before + 1;
  }
}

/** Two fibers that add so many times each, and lose some. */
export function lostUpdates(rounds: i32): i32 {
  total = 0;
  const one = go(addSlowly, rounds, "one");
  const other = go(addSlowly, rounds, "other");
  one.join();
  other.join();
  return total;
}

/** The same once, among so many others that do something else, which nobody waits for. */
export function crowd(others: i32): i32 {
  for (let i = 0; i < others; i++) go(step, 3, `other ${i}`);
  return lostUpdates(1);
}

function say(word: string): void {
  for (let i = 0; i < 2; i++) {
    print(`${word} ${i}`);
    yieldNow();
  }
}

/** What is printed, and in which order. */
export function words(): void {
  const one = go(say, "one", "one");
  const other = go(say, "other", "other");
  one.join();
  other.join();
}

function produce(channel: Channel<i32>): void {
  for (let i = 1; i <= 2; i++) channel.send(i);
}

/** The sum of what two fibers send; also when values are managed. */
export function channels(): i32 {
  const channel = new Channel<i32>(1);
  go(produce, channel);
  go(produce, channel);
  let sum = 0;
  for (let i = 0; i < 4; i++) sum += channel.receive();
  return sum;
}

function waitFor(flag: Event): void {
  while (!flag.isSet) yieldNow();
}

/** A loop that waits by yielding: its states come again. */
export function spinning(): void {
  const flag = new Event();
  const waiter = go(waitFor, flag);
  yieldNow();
  flag.set();
  waiter.join();
}

export function spinForever(): void {
  while (true) yieldNow();
}

/** A year, in steps of a day. */
export function year(): i32 {
  let days = 0;
  for (; days < 365; days++) sleep(86_400_000);
  return days;
}

export function times(): string {
  const seen: string[] = [];
  seen.push(Date.now().toString());
  sleep(1500);
  seen.push(Date.now().toString());
  return seen.join(" ");
}

export function dice(): string {
  const seen: string[] = [];
  for (let i = 0; i < 4; i++) seen.push((<i32>(Math.random() * 1000)).toString());
  return seen.join(" ");
}

export function echoInput(): void {
  for (let line = Stdin.readLine(); line !== null; line = Stdin.readLine()) print(line!);
}

export function standsStill(): void {
  new Channel<i32>().receive();
}

export function fails(): void {
  go((_: i32): void => sleep(5), 0, "bystander");
  sleep(1);
  fail("out of order", "E_ORDER");
}

function failLater(_: i32): void {
  yieldNow();
  fail("nobody looks", "E_UNSEEN");
}

export function failsUnseen(): void {
  go(failLater, 0, "unseen");
  yieldNow();
}

function traps(_: i32): void {
  unreachable();
}

export function trapsUnseen(): void {
  go(traps, 0, "trapping");
  yieldNow();
}

let garbage: string = "";

function makeGarbage(rounds: i32): void {
  for (let i = 0; i < rounds; i++) {
    for (let k = 0; k < 200; k++) garbage = `${i} ${k} ${rounds}`;
    sleep(i & 1);
  }
}

/** So much garbage that the collector works by itself; then all of it is collected. */
export function wastes(): void {
  for (let i = 0; i < 40_000; i++) {
    garbage = `${i} and more`;
    if (i % 4000 == 0) yieldNow();
  }
  __collect();
}

/** Sleeps of no time, locks, selects at random, garbage: all that a schedule must repeat. */
export function everything(): string {
  const mutex = new Mutex();
  const channel = new Channel<string>();
  const log: string[] = [];
  for (let i = 0; i < 3; i++) go(makeGarbage, 4);
  const task = spawn((c: Channel<string>): string => {
    let seen = "";
    for (let i = 0; i < 4; i++) seen += c.receive();
    return seen;
  }, channel);
  run(() => sleep(0));
  for (let i = 0; i < 4; i++) {
    mutex.lock();
    const select = new Select();
    select.send<string>(channel, `a${i}`);
    select.send<string>(channel, `b${i}`);
    log.push(select.wait().toString());
    mutex.unlock();
    sleep(0);
  }
  return `${task.join()} ${log.join("")}`;
}

/** In which order a select takes what three channels have. */
export function lots(): string {
  const select = new Select();
  for (let i = 0; i < 3; i++) {
    const channel = new Channel<i32>(1);
    channel.send(i);
    select.receive(channel);
  }
  let taken = "";
  for (let i = 0; i < 3; i++) taken += select.wait().toString();
  return taken;
}

let drawn: string = "";

function drawOne(name: string): void {
  const select = new Select();
  for (let i = 0; i < 2; i++) {
    const flag = new Event();
    flag.set();
    select.event(flag);
  }
  drawn += `${name}${select.wait()} `;
}

/** So many fibers, each of which draws one of two. */
export function drawers(count: i32): string {
  drawn = "";
  const scope = new Scope();
  for (let i = 0; i < count; i++) scope.go(drawOne, i.toString());
  scope.wait();
  return drawn;
}

/** Draws until it is the second of two, however often. */
export function drawsAgain(): void {
  const flag = new Event();
  flag.set();
  const select = new Select();
  select.event(flag);
  const second = select.event(flag);
  while (select.wait() != second) {}
}

function failOnce(failures: i32[]): void {
  if (failures.length == 1) return;
  failures.push(1);
  fail("not yet", "E_EARLY");
}

/** Tries twice, and shortens the pause by chance. How long that took, in milliseconds. */
export function triesAgain(): i32 {
  const begin = monotonicNow();
  const attempt = (failures: i32[]): i32 => {
    failOnce(failures);
    return 1;
  };
  retry(attempt, new Array<i32>(), Schedule.fixed(100).jitter(1));
  return <i32>((monotonicNow() - begin) / 1_000_000);
}

function serve(stream: TcpStream): void {
  const buffer = new Uint8Array(64);
  for (let n = stream.read(buffer); n > 0; n = stream.read(buffer)) stream.write(buffer.subarray(0, n));
  stream.close();
}

/** Answers so many connections with what they say. */
export function echo(connections: i32): void {
  const listener = TcpListener.bind("127.0.0.1", 7000);
  for (let i = 0; i < connections; i++) go(serve, listener.accept());
  listener.close();
}

// @ts-ignore: decorator
@external("app", "twice")
declare function twice(value: i32): i32;

export function imports(): i32 {
  return twice(21);
}

/** A fiber that nobody waits for. */
export function leaks(): void {
  go((flag: Event): void => flag.wait(), new Event());
}

function wander(rounds: i32): void {
  for (let i = 0; i < rounds; i++) {
    garbage = `${i}`;
    yieldNow();
  }
}

/** Many choices in a row. */
export function deep(rounds: i32): i32 {
  const one = go(wander, rounds);
  const other = go(wander, rounds);
  one.join();
  other.join();
  return 1;
}

function answer(listener: TcpListener): void {
  const stream = listener.accept();
  const buffer = new Uint8Array(4);
  stream.read(buffer);
  stream.write(Uint8Array.wrap(String.UTF8.encode("pong")));
  stream.close();
}

/** A client and a server in one program. */
export function talk(): string {
  const listener = TcpListener.bind("127.0.0.1", 0);
  const server = go(answer, listener);
  const bystander = go(wander, 3);
  const stream = TcpStream.connect("127.0.0.1", listener.port);
  stream.write(Uint8Array.wrap(String.UTF8.encode("ping")));
  const buffer = new Uint8Array(4);
  const length = stream.read(buffer);
  server.join();
  bystander.join();
  return "ping " + String.UTF8.decode(buffer.buffer.slice(0, length));
}

function milliseconds(): string {
  return `${monotonicNow() / 1_000_000}`;
}

/** Asks a host so many times, a second apart; tells when answers came, or what went wrong, and when. */
export function ask(host: string, rounds: i32): string {
  const told: string[] = [];
  const stream = TcpStream.connectOrError(host, 5432);
  if (!stream) return `${Fiber.current().lastError} ${milliseconds()}`;
  told.push(`connected ${milliseconds()}`);
  const buffer = new Uint8Array(4);
  for (let i = 0; i < rounds; i++) {
    if (i) sleep(1000);
    if (!stream.writeOrError(Uint8Array.wrap(String.UTF8.encode("ping"))) || stream.readOrError(buffer) < 0) {
      told.push(`${Fiber.current().lastError} ${milliseconds()}`);
      return told.join(", ");
    }
    told.push(milliseconds());
  }
  return told.join(", ");
}

/** Writes so many bytes; milliseconds until all are taken. */
export function flood(host: string, bytes: i32): f64 {
  const stream = TcpStream.connect(host, 5432);
  stream.write(new Uint8Array(bytes));
  return <f64>monotonicNow() / 1e6;
}

/** Writes over the allocator's own words: the next who allocates traps there. */
export function destroys(): void {
  yieldNow();
  memory.fill(__heap_base, 0xff, 1600);
  garbage = `${monotonicNow()}`;
}

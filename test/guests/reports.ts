// Fibers that are looked at: what each waits for, and what is left when all calls have ended.
import {
  Channel,
  fail,
  Fiber,
  go,
  Mutex,
  print,
  Scope,
  Select,
  Semaphore,
  sleep,
  spawn,
  TcpListener,
  yieldNow,
} from "as-fibers/assembly";

// @ts-ignore: decorator
@external("app", "note")
declare function note(): void;

const queue = new Channel<i32>(2);
const lock = new Mutex();

function receive(channel: Channel<i32>): void {
  channel.receive();
}

function own(milliseconds: f64): void {
  lock.lock();
  sleep(milliseconds);
}

function choose(permits: Semaphore): void {
  const select = new Select();
  select.receive(queue);
  select.acquire(permits);
  select.lock(lock);
  select.timeout(70_000);
  select.wait();
}

function listen(port: i32): void {
  TcpListener.bind("127.0.0.1", port).accept();
}

/** A scope in a scope; the fibers of each below the one that has made it. */
export function tree(): void {
  const scope = new Scope();
  scope.go(branch, 2, "branch");
  scope.go(receive, queue, "leaf");
  scope.wait();
}

function branch(leaves: i32): void {
  const scope = new Scope();
  for (let i = 0; i < leaves; i++) scope.go(receive, queue);
  scope.wait();
}

export function many(count: i32): void {
  for (let i = 0; i < count; i++) go(receive, queue, `r${i}`);
  yieldNow();
}

export function different(): void {
  go<f64>(own, 90_000, "owner");
  yieldNow();
  go(choose, new Semaphore(0), "chooser");
  go(listen, 0, "server");
  spawn<i32, i32>((n: i32): i32 => n, 1, "new");
  sleep(1500);
}

/** Calls a function of JavaScript while others wait. */
export function noteWithin(): void {
  go(receive, queue, "waiting");
  yieldNow();
  note();
  sleep(1);
}

/** Returns, and leaves so many fibers. */
export function leave(count: i32): void {
  many(count);
}

/** Returns, and has not waited for its scope. */
export function leaveScope(): void {
  const scope = new Scope();
  scope.go(receive, queue, "child");
  yieldNow();
}

/** The same, but it fails. */
export function failInScope(): void {
  const scope = new Scope();
  scope.go(receive, queue, "child");
  yieldNow();
  fail("cannot go on", "E_EXAMPLE");
}

export function leaveFailure(): void {
  go((n: i32): void => fail("nobody looks", "E_UNSEEN"), 1, "unseen");
  yieldNow();
}

/** Fibers that print in turns: what is printed tells the order of all switches. */
export function race(fibers: i32, rounds: i32): void {
  const scope = new Scope();
  for (let i = 0; i < fibers; i++) scope.go(runRounds, rounds, `racer ${i}`);
  scope.wait();
}

function runRounds(rounds: i32): void {
  const me = Fiber.current();
  for (let i = 0; i < rounds; i++) {
    print(`${me.id} ${i}`);
    if (i % 3 == 0) sleep(<f64>(me.id % 3));
    else if (i % 3 == 1) yieldNow();
    else if (!queue.trySend(i)) queue.receive();
  }
}

// What becomes of the fibers of a scope, and what `all`, `map`, `race`, `any` and `shield` make of it.
import {
  all,
  any,
  Channel,
  defer,
  fail,
  Fiber,
  go,
  map,
  monotonicNow,
  race,
  Scope,
  shield,
  sleep,
  spawn,
  yieldNow,
} from "as-fibers/assembly";
import { log, takeLog } from "./support/log";

export { heapBase } from "./support/heap";

function at(): string {
  return `at ${<f64>monotonicNow() / 1e6}`;
}

/** Sleeps so long; its cleanup takes a millisecond. Odd ones fail then. */
function work(milliseconds: i32): i32 {
  defer<i32>((n: i32): void => {
    sleep(1);
    log(`${n} has cleaned up ${at()}`);
  }, milliseconds);
  sleep(milliseconds);
  if (milliseconds % 2) fail(`${milliseconds} is odd`, "E_ODD");
  log(`${milliseconds} returns ${at()}`);
  return milliseconds * 10;
}

function start(scope: Scope, milliseconds: i32): void {
  scope.spawn<i32, i32>(work, milliseconds, `work ${milliseconds}`);
}

/** How the fiber ended, when it has. */
function endOf(fiber: Fiber): string {
  if (fiber.tryJoin()) return `done ${at()}`;
  let text = fiber.error!.toString() + " " + at();
  let cause = fiber.error!.cause;
  while (cause) {
    let attached = cause.attached;
    text += `\n  because ${cause.toString()}`;
    while (attached) {
      text += `\n  and ${attached.toString()}`;
      attached = attached.attached;
    }
    cause = cause.cause;
  }
  return text;
}

function finish(fiber: Fiber): string {
  log(endOf(fiber));
  return takeLog();
}

/** Starts fibers of these times in a scope, and waits for all. `limit` at once; `deadline`, unless it is 0; `cancelAt`, unless it is 0. */
class Plan {
  constructor(
    public times: i32[],
    public limit: i32,
    public deadline: f64,
    public cancelAt: f64,
    public waits: bool,
  ) {}
}

function carryOut(plan: Plan): void {
  const scope = new Scope(plan.limit);
  for (let i = 0; i < plan.times.length; i++) start(scope, plan.times[i]);
  if (plan.deadline) scope.deadline(plan.deadline);
  if (plan.cancelAt) {
    sleep(plan.cancelAt);
    scope.cancel("enough");
  }
  if (!plan.waits) {
    yieldNow();
    log("ends");
    return;
  }
  scope.wait();
  log(`${scope.size} left, cancelled ${scope.isCancelled}, timed out ${scope.isTimedOut} ${at()}`);
}

export function plan(times: string, limit: i32, deadline: f64, cancelAt: f64, waits: bool): string {
  const numbers = times.split(" ").map<i32>((text) => <i32>parseInt(text));
  return finish(go(carryOut, new Plan(numbers, limit, deadline, cancelAt, waits), "owner"));
}

function ownInner(times: i32[]): void {
  const scope = new Scope();
  for (let i = 0; i < times.length; i++) start(scope, times[i]);
  scope.wait();
  log(`inner has ended ${at()}`);
}

/** A scope in a scope: the outer one is cancelled at 5 ms, or fails by its other fiber. */
export function nest(fails: bool): string {
  return finish(
    go<bool>(
      (odd: bool): void => {
        const outer = new Scope();
        outer.go<i32[]>(ownInner, [20, 40], "inner owner");
        if (odd) {
          start(outer, 5);
        } else {
          sleep(5);
          outer.cancel("enough");
        }
        outer.wait();
        log(`outer has ended ${at()}`);
      },
      fails,
      "outer owner",
    ),
  );
}

function descend(depth: i32): void {
  const scope = new Scope();
  if (depth) scope.go(descend, depth - 1);
  else scope.go<i32>((_: i32): void => sleep(Infinity), 0);
  defer<i32>((n: i32): void => log(`${n}`), depth);
  scope.wait();
}

/** Scopes as deep as that; the outermost is cancelled. The cleanups' order, shortened. */
export function deep(depth: i32): string {
  const fiber = go(descend, depth);
  sleep(1);
  fiber.cancel("enough");
  fiber.tryJoin();
  const lines = takeLog().split("\n");
  return `${lines.length} ${lines[0]} ${lines[lines.length - 1]}`;
}

/** A fiber of the scope cancels it, and so itself. */
export function fromInside(): string {
  return finish(
    go<i32>((_: i32): void => {
      const scope = new Scope();
      start(scope, 10);
      scope.go<Scope>((own: Scope): void => {
        sleep(2);
        own.cancel("from inside");
        log("never");
      }, scope);
      scope.wait();
      start(scope, 4);
    }, 0),
  );
}

/** Fibers that are started after it was cancelled end before they begin; another fiber may not wait for it. */
export function late(): string {
  const scope = new Scope();
  const other = go<Scope>((one: Scope): void => one.wait(), scope);
  log(endOf(other));
  scope.cancel();
  const fiber = scope.go<i32>((_: i32): void => log("never"), 0, "late");
  log(endOf(fiber));
  scope.wait();
  return takeLog();
}

export function misuse(what: string): void {
  if (what == "limit") new Scope(-1);
  if (what == "deadline") new Scope().deadline(-1);
  if (what == "race") race<i32, i32>(work, []);
  if (what == "any") any<i32, i32>(work, []);
  const scope = new Scope();
  scope.wait();
  scope.run((): void => {});
}

class Call {
  constructor(
    public name: string,
    public times: i32[],
  ) {}
}

function combine(call: Call): void {
  if (call.name == "all") log(all<i32, i32>(work, call.times).join(" "));
  if (call.name == "map") log(map<i32, i32>(work, call.times, 2).join(" "));
  if (call.name == "race") log(race<i32, i32>(work, call.times).toString());
  if (call.name == "any") log(any<i32, i32>(work, call.times).toString());
}

export function combined(name: string, times: string): string {
  const numbers = times.length ? times.split(" ").map<i32>((text) => <i32>parseInt(text)) : [];
  return finish(go(combine, new Call(name, numbers), "caller"));
}

// --- shield ---

function shielded(milliseconds: f64): void {
  shield<f64>((outer: f64): void => {
    shield<f64>((inner: f64): void => sleep(inner), outer);
    log(`inner shield has ended ${at()}`);
    sleep(outer);
  }, milliseconds);
  log("never");
}

/** Cancelled while it is shielded, or after. */
export function cancelShielded(cancelAt: f64): string {
  const fiber = go(shielded, 5, "shielded");
  sleep(cancelAt);
  fiber.cancel("enough");
  return finish(fiber);
}

export function shieldValue(): string {
  const channel = new Channel<i32>();
  const fiber = go<Channel<i32>>((one: Channel<i32>): void => {
    shield<Channel<i32>>((own: Channel<i32>): void => log(`received ${own.receive()}`), one);
    log("never");
  }, channel);
  yieldNow();
  fiber.cancel("enough");
  channel.send(7);
  return finish(fiber);
}

/** So many scopes, each of which fails, is cancelled or returns. What is left in memory is the test's to see. */
export function many(rounds: i32): i32 {
  let ended = 0;
  for (let i = 0; i < rounds; i++) {
    const owner = spawn<i32, i32>((n: i32): i32 => {
      const scope = new Scope(n % 2 ? 0 : n % 3);
      for (let k = 0; k < 6; k++) {
        scope.go<i32>(
          (x: i32): void => {
            if (x == 5) fail("five");
            if (x == 4) sleep(Infinity);
            yieldNow();
          },
          n % 2 ? k : k % 4,
        );
      }
      if (n % 5) scope.wait();
      return 1;
    }, i);
    owner.tryJoin();
    ended++;
  }
  takeLog();
  return ended;
}

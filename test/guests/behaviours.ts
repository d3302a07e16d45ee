// Programs in which fibers, scopes, cleanups, shields and deadlines meet: what must come of them whatever the library.
import {
  all,
  any,
  Channel,
  defer,
  fail,
  Failure,
  Fiber,
  go,
  map,
  monotonicNow,
  race,
  Restart,
  run,
  Scope,
  shield,
  sleep,
  spawn,
  State,
  Supervisor,
  timeout,
  yieldNow,
} from "as-fibers/assembly";
import { timerCount } from "as-fibers/assembly/timers";
import { log, takeLog } from "./support/log";

export { heapBase } from "./support/heap";

function at(): string {
  return `at ${<i32>(monotonicNow() / 1_000_000)}`;
}

/** How the fiber ends. */
function tellEnd(fiber: Fiber): void {
  const isDone = fiber.tryJoin();
  log(`${fiber.name} ${isDone ? "done" : fiber.error!.toString()} ${at()}`);
}

function finish(fiber: Fiber): string {
  tellEnd(fiber);
  if (timerCount()) log(`${timerCount()} timers`);
  return takeLog();
}

/** Owes so many milliseconds of cleaning up. */
function owe(name: string, milliseconds: f64): void {
  defer(clean, new Owed(name, milliseconds));
}

class Owed {
  constructor(
    public name: string,
    public milliseconds: f64,
  ) {}
}

function clean(owed: Owed): void {
  if (owed.milliseconds) sleep(owed.milliseconds);
  log(`${owed.name} has cleaned up ${at()}`);
}

/** Sleeps so long; a millisecond of cleaning up. Odd times fail. */
function work(milliseconds: i32): i32 {
  owe(`${milliseconds}`, 1);
  sleep(milliseconds);
  if (milliseconds % 2) fail(`${milliseconds} is odd`, "E_ODD");
  return milliseconds;
}

function workForever(name: string): void {
  owe(name, 0);
  sleep(Infinity);
}

function cancelLater(fiber: Fiber, milliseconds: f64, reason: string = "enough"): void {
  sleep(milliseconds);
  fiber.cancel(reason);
}

// --- nesting ---

let returned: i32 = 0;

function descendAndReturn(depth: i32): void {
  const scope = new Scope();
  if (depth) scope.go(descendAndReturn, depth - 1);
  scope.wait();
  returned++;
}

/** The innermost of nested scopes ends, and so do all. */
export function returnThrough(depth: i32): i32 {
  returned = 0;
  go(descendAndReturn, depth).join();
  return returned;
}

function descendAndFail(depth: i32): void {
  if (!depth) fail("at the bottom", "E_BOTTOM");
  const scope = new Scope();
  scope.go(descendAndFail, depth - 1);
  scope.wait();
  log("never");
}

/** The innermost fiber fails: code, how many failures lie between, and the message at the bottom. */
export function failThrough(depth: i32): string {
  const fiber = go(descendAndFail, depth);
  fiber.tryJoin();
  let failure = fiber.error!;
  const code = failure.code;
  let between = 0;
  while (failure.cause) {
    between++;
    failure = failure.cause!;
  }
  return `${code} ${between} ${failure.message}`;
}

class Layer {
  constructor(
    public depth: i32,
    public order: i32[],
  ) {}
}

function descendAndSleep(layer: Layer): void {
  const scope = new Scope();
  if (layer.depth) scope.go(descendAndSleep, new Layer(layer.depth - 1, layer.order));
  else scope.run((): void => sleep(Infinity));
  defer<Layer>((own: Layer): void => {
    own.order.push(own.depth);
  }, layer);
  scope.wait();
}

/** The owner of the outermost scope is cancelled: whether the cleanups ran from the inside out. */
export function cancelThrough(depth: i32): bool {
  const order: i32[] = [];
  const fiber = go(descendAndSleep, new Layer(depth, order));
  sleep(1);
  fiber.cancel();
  fiber.tryJoin();
  for (let i = 0; i < order.length; i++) if (order[i] != depth - i) return false;
  return order.length == depth + 1;
}

// --- many ---

let cleaned: i32 = 0;

/** A scope with so many fibers that wait is cancelled: how many have cleaned up. */
export function cancelMany(count: i32): i32 {
  cleaned = 0;
  const scope = new Scope();
  for (let i = 0; i < count; i++) {
    scope.go<i32>((_: i32): void => {
      defer<i32>((_: i32): void => {
        yieldNow();
        cleaned++;
      }, 0);
      sleep(Infinity);
    }, i);
  }
  yieldNow();
  scope.cancel();
  scope.wait();
  return cleaned;
}

class Link {
  next: Fiber | null = null;
}

/** Each one, when it is cancelled, cancels the next: how many were cancelled, each by the one before. */
export function cancelChain(count: i32): i32 {
  const fibers: Fiber[] = [];
  const links: Link[] = [];
  for (let i = 0; i < count; i++) {
    const link = new Link();
    links.push(link);
    fibers.push(
      go<Link>((own: Link): void => {
        defer<Link>((mine: Link): void => {
          if (mine.next) mine.next!.cancel("by the one before");
        }, own);
        sleep(Infinity);
      }, link),
    );
    if (i) links[i - 1].next = fibers[i];
  }
  yieldNow();
  fibers[0].cancel();
  let cancelled = 0;
  for (let i = 0; i < count; i++) {
    if (fibers[i].tryJoin()) continue;
    if (!i || fibers[i].error!.askedById == fibers[i - 1].id) cancelled++;
  }
  return cancelled;
}

/** Two ask at once, each by its own reason. */
export function cancelTogether(): string {
  const victim = go(workForever, "victim", "victim");
  const scope = new Scope();
  for (let i = 1; i <= 2; i++) {
    scope.go<Fiber>(
      (target: Fiber): void => {
        sleep(5);
        target.cancel(`by ${Fiber.current().name}`);
      },
      victim,
      `asker ${i}`,
    );
  }
  scope.wait();
  return finish(victim);
}

let pair: Fiber[] = [];

function cancelOther(index: i32): void {
  owe(`${index}`, 0);
  sleep(5);
  log(`${index} wakes`);
  pair[1 - index].cancel(`by ${index}`);
  sleep(5);
}

/** Two wake at the same time and want to cancel each other. */
export function cancelEachOther(): string {
  pair = [go(cancelOther, 0, "first"), go(cancelOther, 1, "second")];
  tellEnd(pair[0]);
  return finish(pair[1]);
}

// --- a child and its owner ---

/** A child ends so while its owner waits for it and another one. */
export function crash(how: string): string {
  return finish(
    go<string>(
      (own: string): void => {
        const scope = new Scope();
        scope.go(workForever, "sibling");
        scope.go<string>((ending: string): void => end(ending), own, "child");
        scope.wait();
        log("the scope has ended");
      },
      how,
      "owner",
    ),
  );
}

function end(how: string): void {
  sleep(3);
  if (how == "fail") fail("broken", "E_BROKEN");
  if (how == "trap") unreachable();
  if (how == "cancel itself") Fiber.current().cancel("no use");
  if (how == "too deep") descend(100_000);
}

function descend(levels: i32): i32 {
  if (levels == 0) yieldNow();
  return levels ? descend(levels - 1) + 1 : 0;
}

/** A child fails while its owner waits for something else. */
export function failBehind(): string {
  return finish(
    go<i32>(
      (_: i32): void => {
        const scope = new Scope();
        scope.go(workForever, "sibling");
        scope.spawn<i32, i32>(work, 3, "child");
        sleep(10);
        log(`its owner goes on ${at()}`);
        scope.wait();
      },
      0,
      "owner",
    ),
  );
}

/** Two children fail at the same moment, a third one while it is cancelled for that. */
export function failTogether(): string {
  const owner = go<i32>(
    (_: i32): void => {
      const scope = new Scope();
      scope.spawn<i32, i32>(work, 3, "first");
      scope.spawn<i32, i32>(work, 3, "second");
      scope.go<i32>(
        (_: i32): void => {
          defer<i32>((_: i32): void => fail("while it cleans up", "E_LATE"), 0);
          sleep(Infinity);
        },
        0,
        "third",
      );
      scope.wait();
    },
    0,
    "owner",
  );
  owner.tryJoin();
  let failure: Failure | null = owner.error!.cause;
  while (failure) {
    log(failure.toString());
    failure = failure.attached;
  }
  return finish(owner);
}

/** A fiber of an inner scope cancels the outer one. */
export function cancelFromBelow(): string {
  return finish(
    go<i32>(
      (_: i32): void => {
        const outer = new Scope();
        outer.go<Scope>(
          (above: Scope): void => {
            owe("inner owner", 0);
            const inner = new Scope();
            inner.go(workForever, "cousin");
            inner.go<Scope>((target: Scope): void => {
              owe("who asks", 0);
              sleep(2);
              target.cancel("from below");
              log(`goes on ${at()}`);
              sleep(2);
              log("never");
            }, above);
            inner.wait();
          },
          outer,
          "inner owner",
        );
        outer.wait();
      },
      0,
      "owner",
    ),
  );
}

/** A cleanup in a scope that is cancelled starts another fiber in it, and one outside of it. */
export function startWhileCancelled(): string {
  return finish(
    go<i32>(
      (_: i32): void => {
        const scope = new Scope();
        scope.go<Scope>((own: Scope): void => {
          defer<Scope>((target: Scope): void => {
            target.go<i32>((_: i32): void => log("never"), 0);
            go<i32>((_: i32): void => log("outside"), 0).join();
          }, own);
          sleep(Infinity);
        }, scope);
        yieldNow();
        scope.cancel();
        scope.wait();
        log(`${scope.size} left`);
      },
      0,
      "owner",
    ),
  );
}

// --- values ---

function receiveOne(channel: Channel<i32>): void {
  log(`${Fiber.current().name} received ${channel.receive()}`);
  yieldNow();
  log("never");
}

/** A value is sent, and its receiver cancelled, in the same turn, in either order; another receiver waits behind. */
export function valueOrCancel(isValueFirst: bool): string {
  const channel = new Channel<i32>();
  const first = go(receiveOne, channel, "first");
  const second = go(receiveOne, channel, "second");
  yieldNow();
  if (isValueFirst) channel.send(7);
  first.cancel("enough");
  if (!isValueFirst) channel.send(7);
  tellEnd(first);
  second.cancel("enough");
  return finish(second);
}

class Exchange {
  channel: Channel<i32> = new Channel<i32>();
  received: i32 = 0;
}

/** A value comes at the moment at which its receiver's time is over; of the two timers, either is the first. */
export function valueOrDeadline(isValueFirst: bool): string {
  const exchange = new Exchange();
  if (isValueFirst) go(sendAtTen, exchange);
  const receiver = go<Exchange>(
    (own: Exchange): void => {
      const isInTime = timeout<Exchange>(
        10,
        (mine: Exchange): void => {
          mine.received += mine.channel.receive();
        },
        own,
      );
      log(`in time ${isInTime}`);
    },
    exchange,
    "receiver",
  );
  yieldNow();
  if (!isValueFirst) go(sendAtTen, exchange);
  sleep(20);
  const isLeft = exchange.channel.tryNext();
  log(`received ${exchange.received}, left ${isLeft}`);
  return finish(receiver);
}

function sendAtTen(exchange: Exchange): void {
  sleep(10);
  exchange.channel.send(1);
}

// --- cleanups ---

let runs: i32 = 0;

/** Three cleanups, of which one waits. How often each ran, in order, when the fiber ended so. */
export function countCleanups(how: string): string {
  const fiber = go<string>(
    (own: string): void => {
      defer<i32>((_: i32): void => log(`first ${++runs}`), 0);
      defer<i32>((_: i32): void => {
        sleep(2);
        log(`second ${++runs}`);
      }, 0);
      defer<i32>((_: i32): void => log(`third ${++runs}`), 0);
      if (own == "cancelled") sleep(Infinity);
      end(own);
    },
    how,
    "fiber",
  );
  runs = 0;
  sleep(3.5);
  fiber.cancel("enough");
  fiber.cancel("enough of that");
  sleep(1);
  fiber.cancel("while it cleans up");
  return finish(fiber);
}

/** One of three cleanups ends so, in a fiber that is cancelled. */
export function brokenCleanup(how: string): string {
  const fiber = go<string>(
    (own: string): void => {
      owe("first", 0);
      defer(end, own);
      owe("third", 0);
      sleep(Infinity);
    },
    how,
    "fiber",
  );
  cancelLater(fiber, 1);
  return finish(fiber);
}

/** A cleanup owes another one. */
export function oweWhileCleaning(): string {
  const fiber = go<i32>(
    (_: i32): void => {
      owe("first", 0);
      defer<i32>((_: i32): void => {
        owe("owed by a cleanup", 0);
        log("second");
      }, 0);
      sleep(Infinity);
    },
    0,
    "fiber",
  );
  cancelLater(fiber, 1);
  return finish(fiber);
}

/** It takes long to clean up: who has asked goes on at once, who owns it waits. */
export function slowAbort(): string {
  const owner = go<i32>(
    (_: i32): void => {
      const scope = new Scope();
      scope.go<i32>((_: i32): void => {
        owe("slow", 1000);
        sleep(Infinity);
      }, 0);
      scope.deadline(10);
      scope.wait();
      log(`the scope has ended ${at()}`);
    },
    0,
    "owner",
  );
  sleep(10);
  owner.cancel("enough");
  log(`who has asked goes on ${at()}`);
  return finish(owner);
}

/** The cleanup of one waits for the end of another one, which is cancelled at the same time. */
export function cleanupJoins(): string {
  const other = go(workForever, "other", "other");
  const fiber = go<Fiber>(
    (target: Fiber): void => {
      defer<Fiber>((own: Fiber): void => log(`the other one returned: ${own.tryJoin()} ${at()}`), target);
      sleep(Infinity);
    },
    other,
    "fiber",
  );
  yieldNow();
  fiber.cancel("enough");
  other.cancel("enough");
  return finish(fiber);
}

/** Cancels itself in a cleanup: there is nothing left to cancel. */
export function cancelItselfWhileCleaning(): string {
  const fiber = go<i32>(
    (_: i32): void => {
      owe("first", 0);
      defer<i32>((_: i32): void => {
        Fiber.current().cancel("while it cleans up");
        log("goes on");
      }, 0);
    },
    0,
    "fiber",
  );
  return finish(fiber);
}

// --- where it strikes ---

/** Never waits, or only yields. */
export function busy(isYielding: bool): string {
  const fiber = go<bool>(
    (yields: bool): void => {
      let sum = 0;
      for (let i = 0; i < 1000; i++) {
        sum += i;
        if (yields) yieldNow();
      }
      log(`sum ${sum}`);
    },
    isYielding,
    "fiber",
  );
  const other = go<Fiber>((target: Fiber): void => target.cancel("enough"), fiber);
  other.join();
  return finish(fiber);
}

/** With something in hand it fails or returns before the cancellation can strike. */
export function endWithPending(how: string): string {
  const channel = new Channel<string>();
  const fiber = go<Channel<string>>(
    (own: Channel<string>): void => {
      if (own.receive() == "fail") fail("for another reason", "E_OTHER");
    },
    channel,
    "fiber",
  );
  yieldNow();
  channel.send(how);
  fiber.cancel("first reason");
  fiber.cancel("second reason");
  return finish(fiber);
}

/** Behind a shield: it cancels itself; before, it may have been cancelled by another one. */
export function cancelItselfShielded(isCancelledBefore: bool): string {
  const fiber = go<i32>(
    (_: i32): void => {
      owe("fiber", 0);
      shield<i32>((_: i32): void => {
        sleep(5);
        Fiber.current().cancel("by itself");
        log("goes on");
      }, 0);
      log("never");
    },
    0,
    "fiber",
  );
  sleep(1);
  if (isCancelledBefore) fiber.cancel("by another one");
  return finish(fiber);
}

/** A joiner sees why the one that it has joined was cancelled, and who has asked. */
export function joinCancelled(): string {
  const target = go(workForever, "target", "target");
  const joiner = go<Fiber>((own: Fiber): void => own.join(), target, "joiner");
  go<Fiber>((own: Fiber): void => own.cancel("in the way"), target, "asker").join();
  joiner.tryJoin();
  const failure = joiner.error!;
  log(`${joiner.state == State.FAILED ? "failed" : "cancelled"} ${failure.code}`);
  log(`${failure.cause!.message}, asked by ${failure.cause!.askedByName}`);
  return finish(joiner);
}

// --- deadlines ---

class Deadlines {
  constructor(
    public outer: f64,
    public inner: f64,
  ) {}
}

/** A scope with a deadline in a scope with a deadline; both wait for a fiber that takes 40 ms. */
export function nestDeadlines(outer: f64, inner: f64): string {
  return finish(
    go<Deadlines>(
      (own: Deadlines): void => {
        const scope = new Scope();
        scope.deadline(own.outer);
        scope.go<f64>(
          (milliseconds: f64): void => {
            owe("inner owner", 0);
            const below = new Scope();
            below.deadline(milliseconds);
            below.spawn<i32, i32>(work, 40);
            below.wait();
            log(`inner timed out ${below.isTimedOut} ${at()}`);
          },
          own.inner,
          "inner owner",
        );
        scope.wait();
        log(`outer timed out ${scope.isTimedOut} ${at()}`);
      },
      new Deadlines(outer, inner),
      "owner",
    ),
  );
}

/** The deadline of a scope is set twice. */
export function moveDeadline(first: f64, second: f64): string {
  return finish(
    go<Deadlines>(
      (own: Deadlines): void => {
        const scope = new Scope();
        scope.deadline(own.outer);
        scope.deadline(own.inner);
        scope.spawn<i32, i32>(work, 40);
        scope.wait();
        log(`timed out ${scope.isTimedOut}`);
      },
      new Deadlines(first, second),
      "owner",
    ),
  );
}

/** `timeout` in `timeout`, around something that takes 40 ms. */
export function nestTimeouts(outer: f64, inner: f64): string {
  return finish(
    go<Deadlines>(
      (both: Deadlines): void => {
        const isInTime = timeout<Deadlines>(
          both.outer,
          (own: Deadlines): void => {
            owe("outer", 0);
            const isInnerInTime = timeout<i32>(
              own.inner,
              (milliseconds: i32): void => {
                work(milliseconds);
              },
              40,
            );
            log(`inner in time ${isInnerInTime} ${at()}`);
          },
          both,
        );
        log(`outer in time ${isInTime} ${at()}`);
      },
      new Deadlines(outer, inner),
      "caller",
    ),
  );
}

/** The time is over while a shield is closed. */
export function deadlineBehindShield(): string {
  return finish(
    go<i32>(
      (_: i32): void => {
        const isInTime = timeout<i32>(10, (_: i32): void => shield<f64>((own: f64): void => sleep(own), 30), 0);
        log(`in time ${isInTime} ${at()}`);
      },
      0,
      "caller",
    ),
  );
}

// --- races ---

/** The loser takes long: to clean up, or behind a shield. */
export function slowLoser(isShielded: bool): string {
  return finish(
    go<bool>(
      (own: bool): void => {
        const first = race<string, string>(compete, ["quick", own ? "shielded" : "slow"]);
        log(`${first} wins ${at()}`);
      },
      isShielded,
      "caller",
    ),
  );
}

function compete(name: string): string {
  if (name == "quick") {
    sleep(1);
    return name;
  }
  owe(name, 50);
  if (name == "shielded") shield<f64>((milliseconds: f64): void => sleep(milliseconds), 30);
  sleep(100);
  log("never");
  return name;
}

/** Of those that race, one ends so, and first. */
export function raceEnds(how: string): string {
  return finish(
    go<string>(
      (own: string): void => {
        const first = race<string, string>(
          (name: string): string => {
            if (name == "other") workForever(name);
            else end(name);
            return name;
          },
          ["other", own],
        );
        log(`${first} wins ${at()}`);
      },
      how,
      "caller",
    ),
  );
}

/** The caller is cancelled meanwhile. */
export function cancelCaller(name: string): string {
  const fiber = go<string>(
    (own: string): void => {
      if (own == "race") race<i32, i32>(work, [20, 40]);
      if (own == "any") any<i32, i32>(work, [20, 40]);
      if (own == "all") all<i32, i32>(work, [20, 40]);
      if (own == "map") map<i32, i32>(work, [20, 40], 1);
      log("never");
    },
    name,
    "caller",
  );
  cancelLater(fiber, 5);
  return finish(fiber);
}

/** None of them returns: each fails or cancels itself. */
export function anyOfNone(): string {
  return finish(
    go<i32>(
      (_: i32): void => {
        any<string, string>(
          (how: string): string => {
            owe(how, 1);
            end(how);
            return how;
          },
          ["fail", "trap", "cancel itself"],
        );
        log("never");
      },
      0,
      "caller",
    ),
  );
}

/** All have their results at the same moment: every one cleans up, the first one wins. */
export function tie(count: i32): string {
  return finish(
    go<i32>(
      (own: i32): void => {
        const names: i32[] = [];
        for (let i = 0; i < own; i++) names.push(i);
        cleaned = 0;
        const first = race<i32, i32>((name: i32): i32 => {
          defer<i32>((_: i32): void => {
            cleaned++;
          }, 0);
          sleep(3);
          return name;
        }, names);
        log(`${first} wins, ${cleaned} have cleaned up`);
      },
      count,
      "caller",
    ),
  );
}

// --- supervision ---

let starts: i32 = 0;

/** A child that fails always: how often it has begun when its supervisor gives up, and what is left of its sister. */
export function restartIntensity(limit: i32, within: f64): string {
  starts = 0;
  return finish(
    go<Deadlines>(
      (own: Deadlines): void => {
        const supervisor = new Supervisor(Restart.ONE, <i32>own.outer, own.inner);
        supervisor.add<f64>(
          (milliseconds: f64): void => {
            owe("sister", 0);
            sleep(milliseconds);
          },
          300,
          "sister",
        );
        supervisor.add<i32>(
          (_: i32): void => {
            starts++;
            sleep(10);
            if (starts < 10) fail("broken", "E_BROKEN");
          },
          0,
          "child",
        );
        defer<i32>((_: i32): void => log(`begun ${starts} times ${at()}`), 0);
        supervisor.run();
      },
      new Deadlines(limit, within),
      "supervisor",
    ),
  );
}

// --- results ---

/** A task has its result, or is cancelled; both before anybody looks. */
export function cancelWithResult(isFirst: bool): string {
  const task = spawn<i32, i32>((n: i32): i32 => n * 2, 21, "task");
  if (!isFirst) yieldNow();
  task.cancel("enough");
  if (task.tryJoin()) log(`${task.value}`);
  return finish(task.fiber);
}

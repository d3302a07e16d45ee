// Runs trees of scopes and fibers that are given as text. What the steps mean is written in test/setup/scope-programs.ts.
import { defer, fail, Fiber, go, monotonicNow, Scope, shield, sleep, State, yieldNow } from "as-fibers/assembly";
import { fiberCount } from "as-fibers/assembly/fiber-list";
import { timerCount } from "as-fibers/assembly/timers";
import { log, takeLog } from "./support/log";

export { heapBase } from "./support/heap";

/** What a fiber of the program knows. */
class Running {
  /** Numbers of the scopes that it has opened and not waited for, the innermost last. */
  open: i32[] = [];
  hasBottom: bool = false;
  cleanups: i32 = 0;

  constructor(public number: i32) {}

  tell(what: string): void {
    log(`${<i64>((<f64>monotonicNow() - world!.begin) / 1e6)} ${this.number} ${what}`);
  }
}

class World {
  fibers: (Fiber | null)[];
  /** The scope that each fiber was started in; -1: none. */
  scopeOf: i32[];
  scopes: Scope[] = [];
  owners: i32[] = [];
  begin: f64 = <f64>monotonicNow();

  constructor(public scripts: string[]) {
    this.fibers = new Array<Fiber | null>(scripts.length).fill(null);
    this.scopeOf = new Array<i32>(scripts.length).fill(-1);
  }

  /** How many fibers have not ended that this scope, or one below it, was to keep. */
  countAlive(scope: i32): i32 {
    let alive = 0;
    for (let i = 0; i < this.fibers.length; i++) {
      const fiber = this.fibers[i];
      if (fiber === null || fiber.state >= State.DONE) continue;
      let above = this.scopeOf[i];
      while (above >= 0 && above != scope) above = this.scopeOf[this.owners[above]];
      if (above == scope) alive++;
    }
    return alive;
  }
}

/** The argument of a cleanup, and of what is done in a shield. */
class Debt {
  constructor(
    public owner: Running,
    public verb: string,
    public value: i32,
    public number: i32,
    /** How many scopes there were when it was made. */
    public scopes: i32,
  ) {}
}

let world: World | null = null;

export function execute(program: string): string {
  const all = new World(program.split(" | "));
  world = all;
  const root = go(runScript, new Running(0), "0");
  all.fibers[0] = root;
  root.tryJoin();
  // A deadline that was stopped ends now.
  yieldNow();
  for (let i = 0; i < all.fibers.length; i++) {
    const fiber = all.fibers[i];
    if (fiber) log(`end ${i} ${describe(fiber)}`);
  }
  for (let i = 0; i < all.scopes.length; i++) log(`failures ${i}${failuresOf(all.scopes[i])}`);
  log(`left ${fiberCount() - 1} ${timerCount()}`);
  world = null;
  return takeLog();
}

function describe(fiber: Fiber): string {
  const error = fiber.error;
  const state = fiber.state;
  const name =
    state == State.DONE ? "done" : state == State.FAILED ? "failed" : state == State.CANCELLED ? "cancelled" : "alive";
  if (!error) return name;
  const cause = error.cause;
  return `${name} ${error.code} ${cause ? cause.fiberName : "-"}`;
}

function failuresOf(scope: Scope): string {
  let text = "";
  let failure = scope.error;
  while (failure) {
    text += ` ${failure.fiberName}`;
    failure = failure.attached;
  }
  return text;
}

function runScript(me: Running): void {
  me.tell("begins");
  const steps = world!.scripts[me.number].split(", ");
  for (let i = 0; i < steps.length; i++) {
    const words = steps[i].split(" ");
    perform(
      me,
      words[0],
      words.length > 1 ? <i32>parseInt(words[1]) : 0,
      words.length > 2 ? <i32>parseInt(words[2]) : 0,
    );
  }
  me.tell("returns");
}

function perform(me: Running, verb: string, a: i32, b: i32): void {
  if (verb == "sleep") rest(me, a);
  else if (verb == "yield") yieldNow();
  else if (verb == "scope") open(me, a);
  else if (verb == "go") start(me, innermost(me), a);
  else if (verb == "into") start(me, anyScope(me, b), a);
  else if (verb == "wait" || verb == "try") wait(me, verb);
  else if (verb == "deadline") limitTime(me, a);
  else if (verb == "cancel") cancel(me, innermost(me));
  else if (verb == "cancelScope") cancel(me, anyScope(me, a));
  else if (verb == "cancelFiber") cancelFiber(me, a);
  else if (verb == "shield" || verb == "shieldWait") hide(me, verb, a);
  else if (verb.startsWith("defer")) owe(me, verb, a);
  else if (verb == "fail") {
    me.tell("fails");
    fail("as planned", "E_PROGRAM");
  }
}

function rest(me: Running, milliseconds: i32): void {
  me.tell(`sleeps ${milliseconds}`);
  sleep(milliseconds);
  me.tell("slept");
}

/** A fiber that opens a scope or defers tells when the last of its cleanups runs. The others tell their last step. */
function makeBottom(me: Running): void {
  if (me.hasBottom) return;
  me.hasBottom = true;
  defer<Running>((own: Running): void => own.tell(`ends ${countAliveSince(own, 0)}`), me);
}

function countAliveSince(me: Running, first: i32): i32 {
  const all = world!;
  let alive = 0;
  for (let i = first; i < all.scopes.length; i++) {
    if (all.owners[i] == me.number) alive += all.countAlive(i);
  }
  return alive;
}

function open(me: Running, limit: i32): void {
  makeBottom(me);
  const all = world!;
  const number = all.scopes.length;
  all.scopes.push(new Scope(limit));
  all.owners.push(me.number);
  me.open.push(number);
  me.tell(`opens ${number} ${limit}`);
}

function innermost(me: Running): i32 {
  if (!me.open.length) open(me, 0);
  return me.open[me.open.length - 1];
}

function anyScope(me: Running, number: i32): i32 {
  const count = world!.scopes.length;
  return count ? number % count : innermost(me);
}

function start(me: Running, scope: i32, script: i32): void {
  me.tell(`starts ${script} ${scope}`);
  const all = world!;
  all.scopeOf[script] = scope;
  all.fibers[script] = all.scopes[scope].go(runScript, new Running(script), `${script}`);
}

function wait(me: Running, verb: string): void {
  if (!me.open.length) return;
  const number = me.open.pop();
  const scope = world!.scopes[number];
  me.tell(`${verb == "try" ? "tries" : "waits"} ${number}`);
  if (verb == "try") scope.waitOrError();
  else scope.wait();
  me.tell(`waited ${number} ${world!.countAlive(number)}`);
}

function limitTime(me: Running, milliseconds: i32): void {
  const scope = innermost(me);
  me.tell(`limits ${scope} ${milliseconds}`);
  world!.scopes[scope].deadline(milliseconds);
}

function cancel(me: Running, scope: i32): void {
  me.tell(`cancels ${scope}`);
  world!.scopes[scope].cancel();
}

function cancelFiber(me: Running, number: i32): void {
  const all = world!;
  const fiber = all.fibers[number % all.fibers.length];
  if (!fiber) return;
  me.tell(`strikes ${number % all.fibers.length}`);
  fiber.cancel();
}

function hide(me: Running, verb: string, milliseconds: i32): void {
  me.tell("shields");
  shield<Debt>(
    (debt: Debt): void => {
      if (debt.verb == "shield") rest(debt.owner, debt.value);
      else wait(debt.owner, "wait");
      debt.owner.tell("unshields");
    },
    new Debt(me, verb, milliseconds, 0, 0),
  );
}

function owe(me: Running, verb: string, value: i32): void {
  makeBottom(me);
  const number = me.cleanups++;
  me.tell(`defers ${number}`);
  defer(pay, new Debt(me, verb, value, number, world!.scopes.length));
}

function pay(debt: Debt): void {
  const me = debt.owner;
  const time = debt.verb == "deferGo" ? -1 : debt.value;
  me.tell(`cleans ${debt.number} ${countAliveSince(me, debt.scopes)} ${time}`);
  if (time >= 0) {
    sleep(time);
  } else {
    open(me, 0);
    start(me, innermost(me), debt.value);
    wait(me, "wait");
  }
  if (debt.verb != "deferFail") {
    me.tell(`cleaned ${debt.number}`);
    return;
  }
  me.tell(`breaks ${debt.number}`);
  fail("cannot clean up", "E_CLEANUP");
}

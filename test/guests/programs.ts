// Runs programs that are given as text: scripts of two-letter instructions, each run by a fiber. What the instructions mean, and what
// must come out, is written in test/setup/programs.ts. Every frame holds managed and plain locals across every wait, and checks them.
import { Cleanup, defer, fail, Fiber, go, maybeYield, sleep, spawn, State, Task, yieldNow } from "as-fibers/assembly";
import { timerCount } from "as-fibers/assembly/timers";

export { heapBase } from "./support/heap";

const MAX_FIBERS = 40;
const LONG = 100_000.0;

/** A fiber of the program. */
class Running {
  cleanups: Cleanup[] = [];
  debts: i32 = 0;

  constructor(
    public number: i32,
    public script: i32,
  ) {}
}

/** The argument of a cleanup. */
class Debt {
  constructor(
    public owner: Running,
    public kind: i32,
    public number: i32,
  ) {}
}

/** What a frame holds beside strings. */
class Level {
  constructor(
    public number: i32,
    public depth: i32,
  ) {}
}

let scripts: string[] = [];
let lines: string[] = [];
let fibers: Fiber[] = [];
let tasks: (Task<string> | null)[] = [];

export function execute(program: string): string {
  scripts = program.split("|");
  start(0, false);
  sleep(LONG);
  for (let i = 0; i < fibers.length; i++) {
    if (fibers[i].state >= State.DONE) continue;
    log(`end cancels ${i}`);
    fibers[i].cancel("end");
  }
  sleep(LONG);
  for (let i = 0; i < fibers.length; i++) log(`${i} ended ${describe(i)}`);
  log(`${timerCount()} timers`);
  const text = lines.join("\n");
  scripts = [];
  lines = [];
  fibers = [];
  tasks = [];
  return text;
}

function log(line: string): void {
  lines.push(line);
}

function start(script: i32, hasResult: bool): void {
  const running = new Running(fibers.length, script);
  const name = `f${running.number}`;
  if (hasResult) {
    const task = spawn(runTask, running, name);
    fibers.push(task.fiber);
    tasks.push(task);
  } else {
    fibers.push(go(runFiber, running, name));
    tasks.push(null);
  }
}

function runFiber(me: Running): void {
  log(`${me.number} begins`);
  executeFrom(me, 0, scripts[me.script].length / 2, 0);
  log(`${me.number} returns`);
}

function runTask(me: Running): string {
  runFiber(me);
  return `result of ${me.number}`;
}

/** Executes instructions, the nested ones one frame deeper; returns where it stopped. */
function executeFrom(me: Running, from: i32, end: i32, depth: i32): i32 {
  const script = scripts[me.script];
  const label = `${me.number} at depth ${depth}`;
  const level = new Level(me.number, depth);
  const other = new Level(-me.number, from);
  const list = [label, `${from}`, script];
  const wide: i64 = ((<i64>me.number) << 40) + depth;
  const real: f64 = <f64>me.number + 0.5;
  const single: f32 = <f32>depth + 0.25;
  let at = from;
  while (at < end) {
    const code = script.charCodeAt(at * 2);
    const parameter = script.charCodeAt(at * 2 + 1) - 0x30;
    at++;
    if (code == 0x6e /* n */) at = executeFrom(me, at, min(end, at + parameter), depth + 1);
    else perform(me, code, parameter);
    const isIntact =
      label == `${me.number} at depth ${depth}` &&
      level.number == me.number &&
      level.depth == depth &&
      other.number == -me.number &&
      other.depth == from &&
      list.length == 3 &&
      list[0] == label &&
      list[1] == `${from}` &&
      list[2] == scripts[me.script] &&
      wide == ((<i64>me.number) << 40) + depth &&
      real == <f64>me.number + 0.5 &&
      single == <f32>depth + 0.25;
    if (!isIntact) log(`${me.number} has lost its locals at depth ${depth}`);
  }
  return at;
}

function perform(me: Running, code: i32, parameter: i32): void {
  let i = parameter % fibers.length;
  if (i == me.number && parameter != 9) i = (i + 1) % fibers.length;
  switch (code) {
    case 0x79: // y
      yieldNow();
      log(`${me.number} yielded`);
      break;
    case 0x6d: // m
      maybeYield();
      break;
    case 0x73: // s
      sleep(<f64>parameter / 2);
      log(`${me.number} slept ${parameter}`);
      break;
    case 0x69: // i
      sleep(Infinity);
      log(`${me.number} cannot be here`);
      break;
    case 0x67: // g
    case 0x77: // w
      if (parameter <= me.script || parameter >= scripts.length || fibers.length >= MAX_FIBERS) break;
      log(`${me.number} starts ${fibers.length}`);
      start(parameter, code == 0x77);
      break;
    case 0x6a: // j
      joinFiber(me, i);
      break;
    case 0x74: // t
      log(`${me.number} joined ${i}: ${fibers[i].tryJoin()} ${describe(i)}`);
      break;
    case 0x63: // c
      log(`${me.number} cancels ${i}`);
      fibers[i].cancel(`by ${me.number}`);
      break;
    case 0x66: // f
      log(`${me.number} fails`);
      fail(`reason ${parameter}`, `E_${parameter}`);
      log(`${me.number} cannot be here`);
      break;
    case 0x78: // x
      log(`${me.number} traps`);
      unreachable();
    case 0x64: // d
      me.cleanups.push(defer(clean, new Debt(me, parameter, me.debts++)));
      break;
    case 0x72: // r
      if (me.cleanups.length) me.cleanups.pop().run();
      break;
    case 0x6f: // o
      if (me.cleanups.length) me.cleanups.pop().forget();
      break;
    case 0x71: // q
      log(`${me.number} sees ${i}: ${describe(i)}`);
      break;
    case 0x61: // a
      allocate(parameter);
      break;
    case 0x47: // G; under `minimal`, objects on the stack would be lost
      if (ASC_RUNTIME == 2) __collect();
      break;
  }
}

function joinFiber(me: Running, i: i32): void {
  const task = tasks[i];
  if (task) {
    const result = task.join();
    log(`${me.number} joined ${i}: ${result}`);
  } else {
    fibers[i].join();
    log(`${me.number} joined ${i}`);
  }
}

/** Makes garbage, so that an incremental collector goes on a bit. */
function allocate(size: i32): void {
  let list: string[] = [];
  for (let i = 0; i < size * 8; i++) {
    list.push(`garbage ${i}`);
    if (list.length == 10) list = [];
  }
}

function clean(debt: Debt): void {
  const label = `${debt.owner.number} cleans ${debt.number}`;
  log(`${label}, kind ${debt.kind}`);
  switch (debt.kind) {
    case 1:
      yieldNow();
      break;
    case 2:
      sleep(0.5);
      break;
    case 3:
      fail(`cleanup ${debt.number}`, "E_CLEANUP");
      break;
    case 4:
      defer(clean, new Debt(debt.owner, 0, debt.owner.debts++));
      break;
    case 5:
      Fiber.current().cancel("itself");
      break;
    case 6:
      unreachable();
    case 7:
      allocate(5);
      break;
  }
  log(`${label}, done`);
}

function describe(i: i32): string {
  const fiber = fibers[i];
  const task = tasks[i];
  const error = fiber.error;
  let text = `${fiber.name} ${fiber.state}`;
  if (task && fiber.state == State.DONE) text += ` ${task.value}`;
  if (error) {
    const cause = error.cause;
    text += ` ${error.toString()}`;
    if (cause) text += ` because ${cause.fiberName} ${cause.toString()}`;
  }
  return text;
}

/**
 * Random programs for the guest `programs`, and a reference model that says what each must do.
 *
 * A program is a text: scripts separated by `|`, each a row of instructions of two characters, a letter and a digit p. Script 0 is
 * started first; every fiber runs one script. "Fiber p" is the one numbered p, modulo their number; a fiber that would be its own is
 * the next one, unless p is 9.
 *
 *     y  yield                          j  join fiber p, with its result if it has one
 *     s  sleep p half milliseconds      t  tryJoin it
 *     i  sleep forever                  c  cancel it
 *     g  start script p (go)            q  look at its state and error
 *     w  the same with a result         f  fail with code E_p
 *     n  the next p instructions        x  trap
 *        one frame deeper               d  defer a cleanup of kind p: 0 does nothing, 1 yields, 2 sleeps, 3 fails, 4 defers
 *     m  maybeYield                        another, 5 cancels its own fiber, 6 traps, 7 makes garbage, 8 and 9 nothing
 *     a  make garbage                   r  run the last cleanup now
 *     G  collect garbage                o  forget it
 *
 * A script starts only scripts of higher numbers. When nothing of the program can happen any more, the fibers that are left are
 * cancelled, in their order.
 *
 * The model says the same with JavaScript's generators and arrays. Equal deadlines expire in the order of the sleeps; what is ready
 * runs in the order in which it became so; a fiber that ends for any reason runs its cleanups, last first, when its turn comes.
 */
import * as fc from "fast-check";

const MAX_FIBERS = 40;
const LONG = 100_000;
const ENDED = 3;

/** Text of a random program. Without `sleepsZero`, every sleep lasts. */
export function arbitraryProgram({ sleepsZero }: { sleepsZero: boolean }): fc.Arbitrary<string> {
  const digit = (min: number, max: number) => fc.integer({ min, max });
  const instruction = (letters: string, parameter = digit(0, 9)) =>
    fc.tuple(fc.constantFrom(...letters), parameter).map(([letter, p]) => `${letter}${p}`);
  const start = instruction("gw", digit(1, 4));
  const instructions = fc.oneof(
    { weight: 12, arbitrary: instruction("y") },
    { weight: 12, arbitrary: instruction("s", digit(sleepsZero ? 0 : 1, 6)) },
    { weight: 12, arbitrary: start },
    { weight: 6, arbitrary: instruction("n", digit(1, 4)) },
    { weight: 8, arbitrary: instruction("a", digit(0, 4)) },
    { weight: 12, arbitrary: instruction("d") },
    { weight: 30, arbitrary: instruction("jjttcqq") },
    { weight: 8, arbitrary: instruction("rrommGG") },
    { weight: 4, arbitrary: instruction("fxi") },
  );
  const script = fc.array(instructions, { maxLength: 14, size: "max" });
  const first = fc
    .tuple(fc.array(start, { minLength: 1, maxLength: 4, size: "max" }), script)
    .map((parts) => parts.flat());
  const rest = fc.array(script, { minLength: 1, maxLength: 4, size: "max" });
  return fc.tuple(first, rest).map(([one, others]) => [one, ...others].map((list) => list.join("")).join("|"));
}

interface Failure {
  code: string;
  message: string;
  cause: { failure: Failure; fiber: string } | null;
}

type Code = Generator<undefined, string | null>;

/** Thrown by what ends a fiber at once. */
class End extends Error {
  readonly state: State;

  constructor(state: State) {
    super();
    this.state = state;
  }
}

enum State {
  READY,
  RUNNING,
  PARKED,
  DONE,
  FAILED,
  CANCELLED,
}

class Fiber {
  readonly number: number;
  readonly hasResult: boolean;
  state = State.READY;
  /** What it will have ended as. */
  outcome = State.DONE;
  code: Code | null = null;
  isCleaning = false;
  failure: Failure | null = null;
  result: string | null = null;
  joiners: Fiber[] = [];
  /** Takes it out of what it waits in. */
  leave = () => {};
  /** Cleanups that are owed, the last one first. */
  owed: Cleanup[] = [];
  /** Cleanups that its script can still run or forget. */
  known: Cleanup[] = [];
  debts = 0;

  constructor(number: number, hasResult: boolean) {
    this.number = number;
    this.hasResult = hasResult;
  }

  get name(): string {
    return `f${this.number}`;
  }
}

interface Cleanup {
  number: number;
  kind: number;
}

/** What `execute` of the guest must return for this program. */
export function modelExecute(program: string): string {
  return new Model(program).run();
}

class Model {
  #scripts: string[];
  #lines: string[] = [];
  #fibers: Fiber[] = [];
  #ready: Fiber[] = [];
  #sleepers: { deadline: number; fiber: Fiber }[] = [];
  #clock = 0;

  constructor(program: string) {
    this.#scripts = program.split("|");
  }

  run(): string {
    this.#start(0, false);
    this.#runUntil(LONG);
    for (const fiber of this.#fibers) {
      if (fiber.state >= ENDED) continue;
      this.#log(`end cancels ${fiber.number}`);
      this.#cancel(fiber, "end");
    }
    this.#runUntil(2 * LONG);
    for (const fiber of this.#fibers) this.#log(`${fiber.number} ended ${this.#describe(fiber)}`);
    this.#log(`${this.#sleepers.filter(({ deadline }) => deadline < Infinity).length} timers`);
    return this.#lines.join("\n");
  }

  #log(line: string): void {
    this.#lines.push(line);
  }

  #runUntil(end: number): void {
    while (true) {
      this.#expire();
      const fiber = this.#ready.shift();
      if (fiber) {
        this.#resume(fiber);
        continue;
      }
      const next = Math.min(...this.#sleepers.map(({ deadline }) => deadline));
      if (next > end) break;
      this.#clock = next;
    }
    this.#clock = end;
  }

  #expire(): void {
    while (true) {
      // The earliest; among equals the first in the list, which is in the order of the sleeps.
      const due = this.#sleepers.filter(({ deadline }) => deadline <= this.#clock);
      const first = due.toSorted((a, b) => a.deadline - b.deadline)[0];
      if (!first) return;
      this.#sleepers.splice(this.#sleepers.indexOf(first), 1);
      this.#makeReady(first.fiber);
    }
  }

  #makeReady(fiber: Fiber): void {
    fiber.state = State.READY;
    this.#ready.push(fiber);
  }

  #start(script: number, hasResult: boolean): void {
    const fiber = new Fiber(this.#fibers.length, hasResult);
    this.#fibers.push(fiber);
    fiber.code = this.#body(fiber, script);
    this.#makeReady(fiber);
  }

  #resume(fiber: Fiber): void {
    fiber.state = State.RUNNING;
    try {
      // Without code, it was cancelled while it was ready or waited.
      const step = fiber.code?.next() ?? { done: true, value: null };
      if (!step.done) {
        if (fiber.state === State.RUNNING) this.#makeReady(fiber);
        return;
      }
      fiber.result ??= step.value;
    } catch (end) {
      if (!(end instanceof End)) throw end;
      fiber.outcome = end.state;
    }
    fiber.code = null;
    if (fiber.owed.length) {
      fiber.isCleaning = true;
      fiber.code = this.#cleanAll(fiber);
      this.#makeReady(fiber);
      return;
    }
    fiber.state = fiber.outcome;
    for (const joiner of fiber.joiners.splice(0)) this.#makeReady(joiner);
  }

  /** Ends the running fiber as failed. A fiber that was ending for another reason keeps that one. */
  #fail(fiber: Fiber, failure: Failure): never {
    if (fiber.isCleaning && fiber.outcome !== State.DONE) throw new End(fiber.outcome);
    fiber.failure = failure;
    throw new End(State.FAILED);
  }

  #cancel(fiber: Fiber, reason: string): void {
    if (fiber.state >= ENDED || fiber.isCleaning || fiber.outcome !== State.DONE) return;
    fiber.failure = { code: "E_CANCELLED", message: reason, cause: null };
    if (fiber.state === State.RUNNING) throw new End(State.CANCELLED);
    fiber.outcome = State.CANCELLED;
    fiber.code = null;
    if (fiber.state !== State.PARKED) return;
    fiber.leave();
    this.#makeReady(fiber);
  }

  *#sleep(fiber: Fiber, milliseconds: number): Code {
    const sleeper = { deadline: this.#clock + milliseconds, fiber };
    this.#sleepers.push(sleeper);
    fiber.leave = () => this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
    fiber.state = State.PARKED;
    yield;
    return null;
  }

  *#awaitEnd(fiber: Fiber, target: Fiber): Code {
    if (fiber === target) {
      this.#fail(fiber, {
        code: "E_JOIN_SELF",
        message: "a fiber cannot join itself: it would wait forever",
        cause: null,
      });
    }
    if (target.state < ENDED) {
      target.joiners.push(fiber);
      fiber.leave = () => target.joiners.splice(target.joiners.indexOf(fiber), 1);
      fiber.state = State.PARKED;
      yield;
    }
    return null;
  }

  #failJoin(fiber: Fiber, target: Fiber): never {
    const failure = target.failure as Failure;
    const isCancelled = target.state === State.CANCELLED;
    this.#fail(fiber, {
      code: isCancelled ? "E_CANCELLED" : failure.code,
      message: `joined fiber "${target.name}", which ${isCancelled ? "was cancelled" : "failed"}: ${failure.message}`,
      cause: { failure, fiber: target.name },
    });
  }

  *#body(fiber: Fiber, script: number): Code {
    const text = this.#scripts[script] ?? "";
    this.#log(`${fiber.number} begins`);
    for (let at = 0; at < text.length; at += 2) {
      yield* this.#perform(fiber, script, text[at] ?? "", Number(text[at + 1]));
    }
    this.#log(`${fiber.number} returns`);
    return fiber.hasResult ? `result of ${fiber.number}` : null;
  }

  *#perform(fiber: Fiber, script: number, letter: string, parameter: number): Code {
    const { number } = fiber;
    const other = this.#target(number, parameter);
    switch (letter) {
      case "y":
        yield;
        this.#log(`${number} yielded`);
        break;
      case "s":
        yield* this.#sleep(fiber, parameter / 2);
        this.#log(`${number} slept ${parameter}`);
        break;
      case "i":
        yield* this.#sleep(fiber, Infinity);
        break;
      case "g":
      case "w":
        if (parameter <= script || parameter >= this.#scripts.length || this.#fibers.length >= MAX_FIBERS) break;
        this.#log(`${number} starts ${this.#fibers.length}`);
        this.#start(parameter, letter === "w");
        break;
      case "j":
        yield* this.#awaitEnd(fiber, other);
        if (other.state !== State.DONE) this.#failJoin(fiber, other);
        this.#log(`${number} joined ${other.number}${other.hasResult ? `: ${other.result}` : ""}`);
        break;
      case "t":
        yield* this.#awaitEnd(fiber, other);
        this.#log(`${number} joined ${other.number}: ${other.state === State.DONE} ${this.#describe(other)}`);
        break;
      case "c":
        this.#log(`${number} cancels ${other.number}`);
        this.#cancel(other, `by ${number}`);
        break;
      case "f":
        this.#log(`${number} fails`);
        this.#fail(fiber, { code: `E_${parameter}`, message: `reason ${parameter}`, cause: null });
        break;
      case "x":
        this.#log(`${number} traps`);
        this.#trap(fiber);
        break;
      case "d":
        fiber.known.push(this.#defer(fiber, parameter));
        break;
      case "r":
        yield* this.#runCleanup(fiber, fiber.known.pop());
        break;
      case "o":
        this.#forget(fiber, fiber.known.pop());
        break;
      case "q":
        this.#log(`${number} sees ${other.number}: ${this.#describe(other)}`);
        break;
    }
    return null;
  }

  #target(own: number, parameter: number): Fiber {
    const i = parameter % this.#fibers.length;
    return this.#fibers[i === own && parameter !== 9 ? (i + 1) % this.#fibers.length : i] as Fiber;
  }

  #trap(fiber: Fiber): never {
    return this.#fail(fiber, { code: "E_TRAP", message: "unreachable", cause: null });
  }

  #defer(fiber: Fiber, kind: number): Cleanup {
    const cleanup = { number: fiber.debts++, kind };
    fiber.owed.unshift(cleanup);
    return cleanup;
  }

  /** True when it was owed. */
  #forget(fiber: Fiber, cleanup: Cleanup | undefined): boolean {
    const isOwed = cleanup !== undefined && fiber.owed.includes(cleanup);
    fiber.owed = fiber.owed.filter((owed) => owed !== cleanup);
    return isOwed;
  }

  *#runCleanup(fiber: Fiber, cleanup: Cleanup | undefined): Code {
    if (cleanup && this.#forget(fiber, cleanup)) yield* this.#clean(fiber, cleanup);
    return null;
  }

  *#cleanAll(fiber: Fiber): Code {
    while (fiber.owed.length) yield* this.#runCleanup(fiber, fiber.owed[0]);
    return null;
  }

  *#clean(fiber: Fiber, { number, kind }: Cleanup): Code {
    const label = `${fiber.number} cleans ${number}`;
    this.#log(`${label}, kind ${kind}`);
    if (kind === 1) yield;
    if (kind === 2) yield* this.#sleep(fiber, 0.5);
    if (kind === 3) this.#fail(fiber, { code: "E_CLEANUP", message: `cleanup ${number}`, cause: null });
    if (kind === 4) this.#defer(fiber, 0);
    if (kind === 5) this.#cancel(fiber, "itself");
    if (kind === 6) this.#trap(fiber);
    this.#log(`${label}, done`);
    return null;
  }

  #describe({ name, state, result, failure }: Fiber): string {
    let text = `${name} ${state}`;
    if (state === State.DONE && result !== null) text += ` ${result}`;
    if (state === State.FAILED || state === State.CANCELLED) {
      text += ` ${failure?.code}: ${failure?.message}`;
      const cause = failure?.cause;
      if (cause) text += ` because ${cause.fiber} ${cause.failure.code}: ${cause.failure.message}`;
    }
    return text;
  }
}

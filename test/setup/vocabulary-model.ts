/**
 * The reference model of the vocabulary: what a program of vocabulary-programs.ts must do, said with JavaScript's generators and arrays.
 *
 * Only which of several ready cases a random select takes is not said here. That is read from what the guest has told; here stands which
 * could be taken, and what must follow.
 */
import { Channel, Condition, Event, Mutex, Semaphore } from "./vocabulary-objects.ts";
import { type Code, type Debt, Fiber, Scheduler } from "./vocabulary-scheduler.ts";
import { type Choice, Select } from "./vocabulary-select.ts";

const MAX_FIBERS = 9;
const ROUNDS = 8;
const PLENTY = 1000;

/** What `execute` of the guest must return for this program. @param told what it has returned: only choices are read from it */
export function modelVocabulary(program: string, told: string): string {
  return new Model(program, told).run();
}

/** A fiber that runs a script. */
class Running extends Fiber {
  readonly script: number;
  sent = 0;
  lastSelect: Select;

  constructor(number: number, script: number, select: Select) {
    super(number);
    this.script = script;
    this.lastSelect = select;
  }

  nextValue(): string {
    return `${this.number}.${this.sent++}`;
  }
}

class Model {
  readonly #scripts: string[];
  readonly #told: string[];
  readonly #lines: string[] = [];
  readonly #scheduler = new Scheduler();
  readonly #fibers: Running[] = [];
  readonly #channels: Channel[];
  readonly #mutexes = [new Mutex(this.#scheduler), new Mutex(this.#scheduler)];
  readonly #condition = new Condition(this.#scheduler);
  readonly #semaphore: Semaphore;
  readonly #event = new Event(this.#scheduler);

  constructor(program: string, told: string) {
    const [first = "", ...scripts] = program.split(" | ");
    const [left = "", right = "", permits] = first.split(" ");
    this.#scripts = scripts;
    this.#told = told.split("\n");
    this.#channels = [left, right].map((text) => new Channel(this.#scheduler, text));
    this.#semaphore = new Semaphore(this.#scheduler, Number(permits));
  }

  run(): string {
    for (let script = 1; script <= this.#scripts.length; script++) this.#start(script);
    this.#scheduler.runAll();
    for (const { number, hasEnded, waitsFor } of this.#fibers) if (!hasEnded) this.#log(`${number} waits: ${waitsFor}`);
    for (let round = 0; round < ROUNDS && this.#fibers.some(({ hasEnded }) => !hasEnded); round++) this.#endAll(round);
    for (const { number, hasEnded, ending, failure } of this.#fibers) {
      this.#log(`${number} ended: ${hasEnded ? `${ending} ${ending === "done" ? "" : failure}` : "still there"}`);
    }
    this.#log(`end: ${this.#look()}`);
    for (const { values } of this.#channels) this.#log(`left:${values.map((value) => ` ${value}`).join("")}`);
    this.#log("0 fibers, 0 timers, 0 queues");
    return this.#lines.join("\n");
  }

  #endAll(round: number): void {
    this.#log(`round ${round}`);
    for (const fiber of this.#fibers) if (!fiber.hasEnded) this.#scheduler.cancel(fiber, "E_CANCELLED: end");
    this.#scheduler.runAll();
    for (const channel of this.#channels) channel.close();
    this.#event.set();
    this.#condition.broadcast();
    this.#semaphore.release(null, PLENTY);
    this.#scheduler.runAll();
  }

  #log(line: string): void {
    this.#lines.push(line);
  }

  #look(): string {
    const permits = `${this.#semaphore.available} permits, ${this.#event.isSet ? "set" : "not set"}`;
    return [...this.#channels, ...this.#mutexes].map(({ description }) => `${description}; `).join("") + permits;
  }

  #start(script: number): void {
    const fiber = new Running(this.#fibers.length + 1, script, new Select(this.#scheduler, [], true));
    fiber.code = this.#body(fiber);
    this.#fibers.push(fiber);
    this.#scheduler.makeReady(fiber);
  }

  *#body(fiber: Running): Code {
    for (const instruction of this.#scripts[fiber.script - 1]?.split(", ") ?? []) {
      yield* this.#perform(fiber, instruction.split(" "));
    }
    this.#log(`${fiber.number} returns`);
  }

  *#perform(fiber: Running, words: string[]): Code {
    const [verb = "", first = "", ...rest] = words;
    const label = `${fiber.number} ${words.join(" ")}`;
    let result = "";
    switch (verb) {
      case "times":
        for (let i = 0; i < Number(first); i++) yield* this.#perform(fiber, rest);
        return;
      case "defer":
        fiber.owed.unshift(() => this.#perform(fiber, words.slice(1)));
        return;
      case "with": {
        const mutex = this.#mutex(first);
        yield* mutex.lock(fiber);
        const debt = owe(fiber, () => mutex.unlock(fiber));
        yield* this.#perform(fiber, rest);
        pay(fiber, debt);
        break;
      }
      case "withPermits": {
        let held = 0;
        const debt = owe(fiber, () => {
          if (held) this.#semaphore.release(fiber, held);
        });
        yield* this.#semaphore.acquire(fiber, Number(first));
        held = Number(first);
        yield* this.#perform(fiber, rest);
        pay(fiber, debt);
        break;
      }
      case "garbage":
      case "collect":
        return;
      case "poll":
      case "pollAny":
      case "select":
      case "selectAny":
        fiber.lastSelect = this.#makeSelect(fiber, words);
        result = yield* this.#select(fiber, fiber.lastSelect, label, verb.startsWith("select"));
        break;
      case "again":
        result = yield* this.#select(fiber, fiber.lastSelect, label, true);
        break;
      default:
        result = (yield* this.#performOn(fiber, verb, first, rest)) ?? "";
    }
    this.#log(label + result);
  }

  #mutex(index: string): Mutex {
    return this.#mutexes[Number(index)] as Mutex;
  }

  #channel(index: string): Channel {
    return this.#channels[Number(index)] as Channel;
  }

  #fiber(number: string): Running {
    return this.#fibers[(Number(number) - 1) % this.#fibers.length] as Running;
  }

  *#performOn(fiber: Running, verb: string, first: string, rest: string[]): Code<string | undefined> {
    switch (verb) {
      case "send":
        yield* this.#channel(first).send(fiber, fiber.nextValue());
        return;
      case "trySend":
        return `: ${this.#channel(first).trySend(fiber, fiber.nextValue())}`;
      case "receive":
        return `: ${yield* this.#channel(first).receive(fiber)}`;
      case "next":
        return `: ${(yield* this.#channel(first).next(fiber)) ?? "closed"}`;
      case "tryNext":
        return `: ${this.#channel(first).tryNext() ?? "nothing"}`;
      case "close":
        this.#channel(first).close();
        return;
      case "lock":
        yield* this.#mutex(first).lock(fiber);
        return;
      case "tryLock":
        return `: ${this.#mutex(first).tryLock(fiber)}`;
      case "unlock":
        this.#mutex(first).unlock(fiber);
        return;
      case "clear":
        this.#mutex(first).isAbandoned = false;
        return;
      case "wait":
        return `: ${yield* this.#condition.wait(fiber, this.#mutex(first), Number(rest[0] ?? Infinity) / 2)}`;
      case "acquire":
        yield* this.#semaphore.acquire(fiber, Number(first));
        return;
      case "tryAcquire":
        return `: ${this.#semaphore.tryAcquire(fiber, Number(first))}`;
      case "release":
        this.#semaphore.release(fiber, Number(first));
        return;
      default:
        return yield* this.#performAlone(fiber, verb, first);
    }
  }

  *#performAlone(fiber: Running, verb: string, first: string): Code<string | undefined> {
    switch (verb) {
      case "signal":
        this.#condition.signal();
        return;
      case "broadcast":
        this.#condition.broadcast();
        return;
      case "event":
        yield* this.#event.wait(fiber);
        return;
      case "tryEvent":
        return `: ${this.#event.isSet}`;
      case "set":
        this.#event.set();
        return;
      case "reset":
        this.#event.isSet = false;
        return;
      case "sleep":
        yield* this.#scheduler.sleep(fiber, Number(first) / 2);
        return;
      case "yield":
        yield;
        return;
      case "look":
        return `: ${this.#look()}`;
      case "fail":
        return this.#scheduler.fail(fiber, "E_PROGRAM");
      case "cancel":
        this.#scheduler.cancel(this.#fiber(first), `E_CANCELLED: by ${fiber.number}`);
        return;
      case "join":
        return `: ${yield* this.#join(fiber, this.#fiber(first))}`;
      case "spawn":
        return this.#spawn(fiber, Number(first));
    }
    throw new Error(`${verb} is no instruction`);
  }

  *#join(fiber: Running, other: Running): Code<boolean> {
    if (fiber === other) this.#scheduler.fail(fiber, "E_JOIN_SELF");
    if (!other.hasEnded) yield* this.#scheduler.wait(fiber, "join", [fiber.placeIn(other.joiners)]);
    return other.ending === "done";
  }

  #spawn(fiber: Running, script: number): string {
    if (script <= fiber.script || script > this.#scripts.length || this.#fibers.length === MAX_FIBERS) return ": no";
    this.#start(script);
    return `: ${this.#fibers.length}`;
  }

  #makeSelect(fiber: Running, [verb, ...texts]: string[]): Select {
    const cases = texts.map((text, index) => {
      const [what = "", of = ""] = text.split(":");
      switch (what) {
        case "receive":
          return Select.receive(fiber, this.#channels[Number(of)], index);
        case "send":
          return Select.send(fiber, this.#channels[Number(of)], fiber.nextValue(), index);
        case "lock":
          return Select.lock(fiber, this.#mutex(of), index);
        case "acquire":
          return Select.acquire(fiber, this.#semaphore, Number(of), index);
        case "event":
          return Select.event(fiber, this.#event, index);
        case "join":
          return Select.join(fiber, this.#fiber(of), index);
        default:
          return Select.timeout(Number(of) / 2);
      }
    });
    return new Select(this.#scheduler, cases, !verb?.endsWith("Any"));
  }

  *#select(fiber: Running, select: Select, label: string, isWaiting: boolean): Code<string> {
    this.#log(`${fiber.number} selects`);
    if (isWaiting) yield* this.#yieldNowAndThen();
    return yield* select.run(fiber, isWaiting, () => this.#findChoice(fiber, label));
  }

  #findChoice({ number }: Running, label: string): Choice {
    const line = this.#told[this.#lines.length] ?? "";
    const index = line.startsWith(`${label}: `) ? Number(/^\d+/.exec(line.slice(label.length + 2))) : -1;
    const failed = `${number} ended: failed `;
    const failure = this.#told.find((each) => each.startsWith(failed))?.slice(failed.length) ?? "";
    return { index, failure };
  }

  #waitsToYield = 0;

  /** A select that waits again and again lets the others run after each 128 times. */
  *#yieldNowAndThen(): Code {
    if (++this.#waitsToYield <= 128) return;
    this.#waitsToYield = 0;
    yield;
  }
}

/** What the fiber does when it ends, unless it is paid before. */
function owe(fiber: Fiber, debt: Debt): Debt {
  fiber.owed.unshift(debt);
  return debt;
}

function pay(fiber: Fiber, debt: Debt): void {
  fiber.owed.splice(fiber.owed.indexOf(debt), 1);
  debt();
}

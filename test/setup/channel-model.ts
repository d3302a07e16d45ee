/**
 * The reference model of channels: what a program of channel-programs.ts must do, said with JavaScript's generators and arrays.
 *
 * What is ready runs in the order in which it became so. A fiber that ends for any reason runs its cleanups, last first, when its turn
 * comes. A fiber that was given a value runs on with it; a cancellation strikes at its next wait.
 */

/** What `execute` of the guest must return for this program. */
export function modelChannels(program: string): string {
  return new Model(program).run();
}

type Code = Generator<undefined, void>;

/** What a fiber waits for. */
type Wait = "run" | "value" | "room";

type Ending = "done" | "failed" | "cancelled";

/** Thrown by what ends a fiber at once. */
class End extends Error {
  readonly ending: Ending;

  constructor(ending: Ending) {
    super();
    this.ending = ending;
  }
}

class Fiber {
  readonly number: number;
  code: Code | null = null;
  isRunning = false;
  hasEnded = false;
  /** What it will have ended as. */
  ending: Ending = "done";
  failure = "";
  isCleaning = false;
  owed: string[][] = [];
  sent = 0;
  waitsFor: Wait = "run";
  /** The value that it brings, or that it was given. */
  value = "";
  /** Was given a value, and has not run since. */
  isGiven = false;
  isCancelPending = false;
  isRefused = false;
  /** Takes it out of what it waits in. */
  leave = () => {};

  constructor(number: number) {
    this.number = number;
  }
}

class Channel {
  readonly capacity: number;
  isClosed = false;
  values: string[] = [];
  senders: Fiber[] = [];
  receivers: Fiber[] = [];
  taken: { by: Fiber; value: string } | null = null;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get description(): string {
    return `${this.values.length} of ${this.capacity}, ${this.isClosed ? "closed" : "open"}`;
  }
}

const SEND_ON_CLOSED =
  "E_CLOSED: cannot send: the channel is closed, and its values go to nobody new; close it when all senders have ended";
const RECEIVE_FROM_CLOSED =
  "E_CLOSED: cannot receive: the channel is closed and drained; next() tells the end instead of failing";
const NO_VALUE =
  "E_NO_VALUE: the channel has no value for this fiber: value gives what its own last next(), tryNext() or select took, until it waits";

class Model {
  #lines: string[] = [];
  #ready: Fiber[] = [];
  #fibers: Fiber[];
  #channels: Channel[];

  constructor(program: string) {
    const [capacities = "", ...scripts] = program.split(" | ");
    this.#channels = capacities.split(" ").map((capacity) => new Channel(Number(capacity)));
    this.#fibers = scripts.map((script, index) => {
      const fiber = new Fiber(index + 1);
      fiber.code = this.#body(fiber, script);
      return fiber;
    });
    this.#ready.push(...this.#fibers);
  }

  run(): string {
    this.#runAll();
    for (const fiber of this.#fibers) {
      if (fiber.hasEnded) continue;
      this.#log(`end cancels ${fiber.number}`);
      this.#cancel(fiber, "end");
    }
    this.#runAll();
    for (const channel of this.#channels) {
      this.#log(`end: ${channel.description}`);
      this.#close(channel);
    }
    this.#runAll();
    for (const { number, hasEnded, ending, failure } of this.#fibers) {
      const how = ending === "done" ? ending : `${ending === "cancelled" ? "cancelled " : ""}${failure}`;
      this.#log(`${number} ended: ${hasEnded ? how : "still there"}`);
    }
    this.#channels.forEach(({ values }, i) => this.#log(`left in ${i}:${values.map((value) => ` ${value}`).join("")}`));
    return this.#lines.join("\n");
  }

  #log(line: string): void {
    this.#lines.push(line);
  }

  #runAll(): void {
    for (let fiber = this.#ready.shift(); fiber; fiber = this.#ready.shift()) this.#resume(fiber);
  }

  #wake(fiber: Fiber): void {
    fiber.waitsFor = "run";
    this.#ready.push(fiber);
  }

  #resume(fiber: Fiber): void {
    fiber.isRunning = true;
    fiber.isGiven = false;
    try {
      // Without code, it was cancelled while it was ready or waited.
      const isOver = fiber.code?.next().done ?? true;
      fiber.isRunning = false;
      if (!isOver) {
        if (fiber.isCancelPending) this.#strike(fiber);
        else if (fiber.waitsFor === "run") this.#ready.push(fiber);
        return;
      }
    } catch (end) {
      if (!(end instanceof End)) throw end;
      fiber.isRunning = false;
      fiber.ending = end.ending;
    }
    fiber.code = null;
    fiber.isCancelPending = false;
    if (fiber.owed.length) {
      fiber.isCleaning = true;
      fiber.code = this.#cleanAll(fiber);
      this.#ready.push(fiber);
      return;
    }
    fiber.hasEnded = true;
  }

  /** Ends the running fiber as failed. A fiber that was ending for another reason keeps that one. */
  #fail(fiber: Fiber, failure: string): never {
    if (fiber.isCleaning && fiber.ending !== "done") throw new End(fiber.ending);
    fiber.failure = failure;
    throw new End("failed");
  }

  #cancel(fiber: Fiber, reason: string): void {
    // Cancelled already, with a value that it ran on with: it ends at once, for that reason.
    if (fiber.isRunning && fiber.isCancelPending) throw new End("cancelled");
    if (fiber.hasEnded || fiber.isCleaning || fiber.isCancelPending || fiber.ending !== "done") return;
    fiber.failure = `E_CANCELLED: ${reason}`;
    if (fiber.isRunning) throw new End("cancelled");
    if (fiber.isGiven) fiber.isCancelPending = true;
    else if (fiber.waitsFor === "run") this.#drop(fiber);
    else this.#strike(fiber);
  }

  /** It waits, and is cancelled. */
  #strike(fiber: Fiber): void {
    if (fiber.waitsFor !== "run") fiber.leave();
    this.#drop(fiber);
    this.#wake(fiber);
  }

  #drop(fiber: Fiber): void {
    fiber.code = null;
    fiber.ending = "cancelled";
    fiber.isCancelPending = false;
  }

  *#wait(fiber: Fiber, what: Wait, queue: Fiber[]): Code {
    queue.push(fiber);
    fiber.waitsFor = what;
    fiber.isRefused = false;
    fiber.leave = () => queue.splice(queue.indexOf(fiber), 1);
    yield;
  }

  #close(channel: Channel): void {
    if (channel.isClosed) return;
    channel.isClosed = true;
    for (const fiber of [...channel.receivers.splice(0), ...channel.senders.splice(0)]) {
      fiber.isRefused = true;
      this.#wake(fiber);
    }
  }

  /** False: the sender would have to wait. */
  #offer(channel: Channel, value: string): boolean {
    const receiver = channel.receivers.shift();
    if (receiver) {
      receiver.value = value;
      receiver.isGiven = true;
      this.#wake(receiver);
      return true;
    }
    if (channel.values.length === channel.capacity) return false;
    channel.values.push(value);
    return true;
  }

  /** The oldest value; undefined: the receiver would have to wait. */
  #fetch(channel: Channel): string | undefined {
    const sender = channel.senders.shift();
    if (sender) {
      channel.values.push(sender.value);
      this.#wake(sender);
    }
    return channel.values.shift();
  }

  *#body(fiber: Fiber, script: string): Code {
    for (const instruction of script.split(", ")) yield* this.#perform(fiber, instruction.split(" "));
    this.#log(`${fiber.number} returns`);
  }

  *#cleanAll(fiber: Fiber): Code {
    for (let words = fiber.owed.shift(); words; words = fiber.owed.shift()) yield* this.#perform(fiber, words);
  }

  *#perform(fiber: Fiber, [verb = "", ...words]: string[]): Code {
    switch (verb) {
      case "times":
        for (let i = 0; i < Number(words[0]); i++) yield* this.#perform(fiber, words.slice(1));
        break;
      case "defer":
        fiber.owed.unshift(words);
        break;
      case "yield":
        yield;
        this.#log(`${fiber.number} yielded`);
        break;
      case "garbage":
      case "collect":
        break;
      case "cancel":
        this.#log(`${fiber.number} cancel ${words[0]}`);
        this.#cancel(this.#fibers[(Number(words[0]) - 1) % this.#fibers.length] as Fiber, `by ${fiber.number}`);
        break;
      default:
        yield* this.#performOn(fiber, verb, Number(words[0]));
    }
  }

  *#performOn(fiber: Fiber, verb: string, index: number): Code {
    const channel = this.#channels[index] as Channel;
    const log = (what: string) => this.#log(`${fiber.number} ${verb} ${index}${what}`);
    switch (verb) {
      case "send": {
        const value = nextValue(fiber, index);
        yield* this.#send(fiber, channel, value);
        log(`: ${value}`);
        break;
      }
      case "trySend": {
        const value = nextValue(fiber, index);
        if (channel.isClosed) this.#fail(fiber, SEND_ON_CLOSED);
        log(`: ${value} ${this.#offer(channel, value)}`);
        break;
      }
      case "receive":
        yield* this.#receive(fiber, channel);
        if (fiber.isRefused) this.#fail(fiber, RECEIVE_FROM_CLOSED);
        log(`: ${fiber.value}`);
        break;
      case "next":
        yield* this.#receive(fiber, channel);
        channel.taken = fiber.isRefused ? null : { by: fiber, value: fiber.value };
        log(`: ${fiber.isRefused ? "closed" : fiber.value}`);
        break;
      case "tryNext": {
        const value = this.#fetch(channel);
        channel.taken = value === undefined ? null : { by: fiber, value };
        log(`: ${value ?? "nothing"}`);
        break;
      }
      case "value":
        if (channel.taken?.by !== fiber) this.#fail(fiber, NO_VALUE);
        log(`: ${channel.taken.value}`);
        break;
      case "look":
        log(`: ${channel.description}`);
        break;
      case "close":
        log("");
        this.#close(channel);
        break;
    }
  }

  *#send(fiber: Fiber, channel: Channel, value: string): Code {
    if (channel.isClosed) this.#fail(fiber, SEND_ON_CLOSED);
    if (this.#offer(channel, value)) return;
    fiber.value = value;
    yield* this.#wait(fiber, "room", channel.senders);
    if (fiber.isRefused) this.#fail(fiber, SEND_ON_CLOSED);
  }

  /** Leaves the value in the fiber, or `isRefused`. */
  *#receive(fiber: Fiber, channel: Channel): Code {
    const value = this.#fetch(channel);
    if (value !== undefined) fiber.value = value;
    fiber.isRefused = value === undefined && channel.isClosed;
    if (value === undefined && !channel.isClosed) yield* this.#wait(fiber, "value", channel.receivers);
  }
}

/** The text of the value that a fiber sends next into a channel. */
function nextValue(fiber: Fiber, channel: number): string {
  const count = fiber.sent++;
  return channel === 2 && count % 4 === 3 ? "null" : `${fiber.number}.${count}`;
}

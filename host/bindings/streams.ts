/**
 * `Streams`: the streams of one instance, both ways. To the guest each is a number: one that comes from JavaScript has a number of its own,
 * one that goes there that of the call that serves it. See `assembly/stream.ts`.
 */
import { type GuestMemory, Opcode, type Operation, STREAMS_MODULE } from "../abi.ts";
import { Errno } from "../errno.ts";
import { FibersError } from "../errors.ts";
import type { Answerer, HostCalls } from "./host-calls.ts";
import type { ChannelShape, Shape } from "./shape.ts";
import { Source, type SourceHooks } from "./source.ts";
import { Sink, type StreamOutput } from "./stream.ts";

/** How single values cross. */
export interface ItemValues {
  /** Gives a value to the pending call of the guest at this address. @throws E_INVALID_ARGUMENT, naming `subject` */
  giveItem(shape: ChannelShape, subject: string, call: number, value: unknown): void;
  /** Notes a value that the guest has given. */
  noteItem(value: unknown, shape: Shape): unknown;
}

export interface StreamsParts {
  hostCalls: HostCalls;
  values: ItemValues;
  /** An operation has ended. */
  complete(operation: Operation, result: number): void;
  /** The guest has begun a call by itself, which serves this sink. */
  add(call: number, sink: Sink): void;
}

/** Of a stream that is left: to the guest an operation, which ends when JavaScript has let go. */
class Leaving implements Answerer {
  readonly subject: string;
  readonly fallbackCode = "E_STREAM_FAILED";
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
    this.subject = source.subject;
  }

  ask(): unknown {
    return this.#source.leave();
  }

  give(): number {
    return 0;
  }

  unreadable(thrown: unknown): FibersError {
    return this.#source.unreadable(thrown);
  }
}

export class Streams {
  #parts!: StreamsParts;
  #lastNumber = 0;
  readonly #sources = new Map<number, Source>();
  /** What the calls have been given, by their numbers. */
  readonly #given = new Map<number, Source[]>();
  readonly #sinks = new Map<number, Sink>();
  readonly #hooks: SourceHooks = {
    give: ({ shape, subject }, call, value) => this.#parts.values.giveItem(shape, subject, call, value),
    forget: ({ number }) => void this.#sources.delete(number),
  };

  /** What it works with. Before anything else. */
  attach(parts: StreamsParts): void {
    this.#parts = parts;
  }

  /** What a module imports to give JavaScript the values of channels. */
  imports(module: WebAssembly.Module): WebAssembly.Imports {
    const give = (call: number, value: unknown) => {
      const sink = this.#sinks.get(call);
      if (sink) sink.give(this.#parts.values.noteItem(value, sink.shape.of));
    };
    const names = WebAssembly.Module.imports(module).filter(({ module: from }) => from === STREAMS_MODULE);
    return names.length ? { [STREAMS_MODULE]: Object.fromEntries(names.map(({ name }) => [name, give])) } : {};
  }

  /** Whether the guest waits until JavaScript wants the next value of a stream. */
  get isAwaited(): boolean {
    for (const sink of this.#sinks.values()) if (sink.isAwaited) return true;
    return false;
  }

  /** A stream that comes from JavaScript. Its number; 0 for null. */
  addSource(given: unknown, shape: ChannelShape, subject: string): number {
    if (given === null || given === undefined) return 0;
    const number = (this.#lastNumber = (this.#lastNumber + 1) >>> 0 || 1);
    this.#sources.set(number, new Source(number, given, shape, subject, this.#hooks));
    return number;
  }

  /** These sources were given to a call: they are left when it ends, if not before. */
  assign(call: number, numbers: number[]): void {
    const sources = numbers.map((number) => this.#sources.get(number)).filter((source) => source !== undefined);
    if (sources.length) this.#given.set(call, sources);
  }

  /** These are not needed. */
  drop(numbers: number[]): void {
    for (const number of numbers) this.#sources.get(number)?.drop();
  }

  /** A call whose values go to this sink. */
  addSink(call: number, sink: Sink, cancel: (reason: string) => void): void {
    this.#sinks.set(call, sink);
    sink.attach(cancel);
  }

  /** The guest serves a channel to JavaScript by a call of its own. */
  lend(call: number, shape: ChannelShape): StreamOutput<unknown> {
    const sink = new Sink(shape);
    this.#parts.add(call, sink);
    return sink.open();
  }

  /** A call has ended. */
  endCall(call: number): void {
    if (!this.#sinks.size && !this.#given.size) return;
    this.#sinks.delete(call);
    const given = this.#given.get(call);
    if (!given) return;
    this.#given.delete(call);
    for (const source of given) source.drop();
  }

  /** Begins an operation of the guest. */
  begin(memory: GuestMemory, pointer: number): Operation | number {
    const opcode = memory.opcodeAt(pointer);
    const { hostCalls } = this.#parts;
    if (opcode === Opcode.DEMAND) return this.#awaitDemand(memory.readOperation(pointer));
    const source = this.#sources.get(memory.readOperation(pointer).handle);
    if (opcode === Opcode.LEAVE) return source ? hostCalls.ask(memory, pointer, new Leaving(source)) : 0;
    // It has been left: that is its end.
    return source ? hostCalls.ask(memory, pointer, source) : 1;
  }

  #awaitDemand(operation: Operation): Operation | number {
    const sink = this.#sinks.get(operation.handle);
    if (!sink) return -Errno.EBADF;
    const isDue = sink.awaitDemand(() => this.#parts.complete(operation, 0));
    return isDue ? 0 : operation;
  }

  /** Forgets an operation. */
  cancel(operation: Operation): void {
    if (operation.opcode === Opcode.DEMAND) this.#sinks.get(operation.handle)?.forgetDemand();
    else this.#parts.hostCalls.cancel(operation);
  }

  /** The instance has ended: its sources are left. Its sinks are told by their calls. */
  close(): void {
    for (const source of this.#sources.values()) source.drop();
    this.#sinks.clear();
    this.#given.clear();
  }
}

/** The error for a function that is to be awaited, and returns a stream. */
export function refuseBlocking(name: string): FibersError {
  const message = `${name} returns a channel, whose values only the event loop can take one after the other: call it, and read the stream`;
  return new FibersError("E_UNSUPPORTED_TYPE", message);
}

/**
 * `Caller`: the calls from JavaScript. Each starts a fiber, can be cancelled by a signal, and is settled when the fiber has ended.
 */
import { type GuestExports, newString } from "./abi.ts";
import type { ChannelShape } from "./bindings/shape.ts";
import { Sink, type StreamOutput } from "./bindings/stream.ts";
import type { Streams } from "./bindings/streams.ts";
import { Calls, cancelledError, describeAbort, type PendingCall, splitOptions } from "./calls.ts";
import type { Driver } from "./driver.ts";
import { FiberError, FibersError } from "./errors.ts";
import type { FailureReader } from "./failure-reader.ts";
import { closedError, type Life } from "./life.ts";
import type { ExportDescription, SectionContent } from "./section.ts";
import { describeThrown, isTrap, judgeTrap, type Verdict } from "./trap.ts";
import type { Turns } from "./turns.ts";
import type { Values } from "./values.ts";

export interface CallerParts {
  section: SectionContent;
  driver: Driver;
  values: Values;
  streams: Streams;
  failures: FailureReader;
  turns: Turns;
  life: Life;
  /** A trap has ended the instance. */
  die(verdict: Verdict, cause: unknown): void;
}

export class Caller {
  readonly #parts: CallerParts;
  readonly #calls = new Calls();
  #guest!: GuestExports;
  /** Calls that have ended in this turn. */
  #settled: { call: number; failure: number }[] = [];

  constructor(parts: CallerParts) {
    this.#parts = parts;
  }

  attach(guest: GuestExports): void {
    this.#guest = guest;
  }

  /** How many calls have not ended. */
  get size(): number {
    return this.#calls.size;
  }

  /** The fiber of this call has ended, with this failure; 0: with none. */
  note(call: number, failure: number): void {
    this.#settled.push({ call, failure });
  }

  /** Rejects all that have not ended, each with an error of its own. */
  rejectAll(makeError: () => Error): void {
    this.#calls.rejectAll(makeError);
  }

  /** Calls an exported function. */
  call(description: ExportDescription, given: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => this.begin(description, given, resolve, reject));
  }

  /** A call of a function that returns a channel: it goes on until the stream has ended. */
  stream(description: ExportDescription, shape: ChannelShape, given: unknown[]): StreamOutput<unknown> {
    const sink = new Sink(shape);
    const end = () => sink.end();
    const fail = (error: Error) => sink.end(error);
    try {
      this.begin(description, given, end, fail, sink);
    } catch (error) {
      fail(error as Error);
    }
    return sink.open();
  }

  /** A call that the guest has begun by itself, to serve a channel. */
  addServed(call: number, sink: Sink): void {
    const description = { name: "", parameters: [], required: 0, result: "void", callable: true };
    const resolve = () => sink.end();
    const reject = (error: Error) => sink.end(error);
    const pending: PendingCall = { description, resolve, reject, signal: undefined, sink, forgetSignal: undefined };
    this.#calls.add(call, pending);
    this.#parts.streams.addSink(call, sink, (reason) => this.#cancel(call, pending, reason));
  }

  /**
   * Begins a call, now or when the turn that is on the stack has ended.
   * @throws E_INVALID_ARGUMENT, E_UNSUPPORTED_TYPE
   */
  begin(
    description: ExportDescription,
    given: unknown[],
    resolve: PendingCall["resolve"],
    reject: PendingCall["reject"],
    sink?: Sink,
  ): void {
    const { values, signal } = splitOptions(description, given);
    this.#parts.values.check(description, values);
    const pending: PendingCall = { description, resolve, reject, signal, sink, forgetSignal: undefined };
    if (this.#parts.turns.isInTurn) this.#parts.turns.between(() => this.#start(pending, values));
    else this.#start(pending, values);
  }

  /** Starts the fiber of a call. Between turns. */
  #start(pending: PendingCall, values: unknown[]): void {
    const { description, reject, signal, sink } = pending;
    if (this.#parts.life.state !== "open") {
      reject(this.#parts.life.refusal());
      return;
    }
    if (signal?.aborted) {
      reject(cancelledError(signal));
      return;
    }
    try {
      const call = this.#parts.values.start(description, values);
      // Reading an argument may run anything.
      if (this.#parts.life.isOver) {
        reject(this.#parts.life.refusal());
        return;
      }
      this.#calls.add(call, pending);
      if (sink) this.#parts.streams.addSink(call, sink, (reason) => this.#cancel(call, pending, reason));
      if (signal) this.#watch(call, pending, signal);
      this.#parts.turns.soonest();
    } catch (error) {
      reject(this.#startFailure(description, error));
    }
  }

  /** Cancels a call when its signal is aborted. */
  #watch(call: number, pending: PendingCall, signal: AbortSignal): void {
    const onAbort = () => this.#cancel(call, pending, describeAbort(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    pending.forgetSignal = () => {
      signal.removeEventListener("abort", onAbort);
      pending.forgetSignal = undefined;
    };
  }

  #cancel(call: number, pending: PendingCall, reason: string): void {
    this.#parts.turns.between(() => {
      // The number is another call's, when this one has ended meanwhile.
      if (this.#parts.life.isOver || !this.#calls.isPending(call, pending)) return;
      this.#guest.__fibers_cancel_call(call, newString(this.#guest, reason));
      this.#guest.__fibers_release_strings();
      this.#parts.driver.soon();
    });
  }

  /** The guest could not even take the arguments: they cannot be read, its memory is exhausted, or worse. */
  #startFailure({ name }: ExportDescription, error: unknown): FibersError {
    if (!isTrap(error)) {
      const message = `${name}: an argument cannot be read: ${describeThrown(error)}`;
      return new FibersError("E_INVALID_ARGUMENT", message, { cause: error });
    }
    const verdict = judgeTrap(error, this.#parts.section, this.#guest);
    this.#parts.turns.restoreStackPointer();
    if (!verdict.isIsolated) this.#parts.die(verdict, error);
    return verdict.isIsolated
      ? new FibersError(verdict.code, verdict.message, { cause: error })
      : this.#parts.life.refusal();
  }

  /** Settles the calls that have ended in this turn; tells how many. */
  settle(): number {
    const settled = this.#settled;
    if (!settled.length) return 0;
    this.#settled = [];
    for (const { call, failure } of settled) {
      const pending = this.#calls.take(call);
      this.#parts.streams.endCall(call);
      if (pending && !failure && !pending.sink && pending.description.result !== "void") {
        this.#takeResult(call, pending);
        continue;
      }
      if (failure) pending?.reject(this.#callFailure(failure, pending));
      else pending?.resolve(undefined);
      this.#guest.__fibers_release_call(call);
    }
    return settled.length;
  }

  #callFailure(failure: number, { signal, sink }: PendingCall): FibersError {
    const read = this.#parts.failures.read(failure);
    // The fiber that serves a channel fails like the channel: whoever reads the stream wants to know of the fiber that has failed first.
    const error = sink && read.cause instanceof FiberError && read.cause.message === read.message ? read.cause : read;
    if (error.code !== "E_CANCELLED") return error;
    if (this.#parts.life.state === "closing") return closedError(error);
    if (signal?.aborted) error.cause ??= signal.reason;
    return error;
  }

  #takeResult(call: number, { description, resolve, reject }: PendingCall): void {
    try {
      resolve(this.#parts.values.take(description, call));
    } catch (error) {
      // A structure of a depth that JavaScript's stack does not reach, for one.
      const message = `the result of ${description.name} cannot be taken: ${(error as Error).message}`;
      reject(new FibersError("E_RESULT", message, { cause: error }));
    }
  }
}

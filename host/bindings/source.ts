/**
 * `Source`: a stream that JavaScript has given to the program, as an iterable or a web stream.
 *
 * - It is asked for one value at a time, when the program has room for it; nothing is asked for before the program runs.
 * - It is left once: when the program needs no more of it, or takes nothing of what it has given. Not when it has ended by itself.
 */
import type { Operation } from "../abi.ts";
import { FibersError } from "../errors.ts";
import { describeError } from "../trap.ts";
import type { Answerer } from "./host-calls.ts";
import type { ChannelShape } from "./shape.ts";

/** What of a web stream is used. */
export interface WebStream<T> {
  cancel(reason?: unknown): Promise<void>;
  getReader(): {
    read(): Promise<{ done: boolean; value?: T | undefined }>;
    cancel(reason?: unknown): Promise<void>;
    releaseLock(): void;
  };
}

/** A stream, as JavaScript gives it: an iterable, also an asynchronous one; Node's readable streams are such. Or a web stream. */
export type StreamInput<T> = AsyncIterable<T> | Iterable<T> | WebStream<T>;

type Given = Partial<WebStream<unknown> & { destroy(): void; return(): unknown }> & {
  [Symbol.asyncIterator]?(): AsyncIterator<unknown>;
  [Symbol.iterator]?(): Iterator<unknown>;
};

type Result = { done?: boolean | undefined; value?: unknown };

/** One way for all kinds: an iterator, and how it is left although it has not answered. */
interface Reader {
  next(): Result | PromiseLike<Result>;
  return(): unknown;
  /** Leaves it although it has not answered; undefined: as ever. */
  abort?(): unknown;
  /** It has ended by itself. */
  release?(): void;
}

/** Whether a value can be read as a stream. A text is none. */
export function isStream(value: unknown): value is StreamInput<unknown> {
  if (typeof value !== "object" || value === null) return false;
  const given = value as Given;
  return [given[Symbol.asyncIterator], given[Symbol.iterator], given.getReader].some(
    (one) => typeof one === "function",
  );
}

function openReader(given: Given): Reader {
  // An iterator of a web stream does not let go of it before it has answered.
  if (typeof given.getReader === "function") return webReader(given as WebStream<unknown>);
  const iterator = (given[Symbol.asyncIterator]?.() ?? given[Symbol.iterator]?.()) as AsyncIterator<unknown>;
  const reader: Reader = { next: () => iterator.next(), return: () => iterator.return?.() };
  // Nor does that of a stream of Node.
  if (typeof given.destroy === "function") reader.abort = () => given.destroy?.();
  return reader;
}

function webReader(given: WebStream<unknown>): Reader {
  const reader = given.getReader();
  const cancel = async () => {
    await reader.cancel();
    reader.releaseLock();
  };
  return { next: () => reader.read(), return: cancel, abort: cancel, release: () => reader.releaseLock() };
}

/** What a source does with a value. */
export interface SourceHooks {
  /** Gives it to the pending call of the program at this address. @throws E_INVALID_ARGUMENT when it is of another type */
  give(source: Source, call: number, value: unknown): void;
  /** It has ended, failed, or was left. */
  forget(source: Source): void;
}

/** Whether a promise settles before anything else happens. */
function settlesSoon(promise: unknown): Promise<boolean> {
  const settled = Promise.resolve(promise).then(
    () => true,
    () => true,
  );
  return Promise.race([settled, new Promise<boolean>((resolve) => void setTimeout(resolve, 0, false))]);
}

export class Source implements Answerer {
  /** The guest's name for it. */
  readonly number: number;
  readonly shape: ChannelShape;
  /** What messages call it. */
  readonly subject: string;
  readonly fallbackCode = "E_STREAM_FAILED";
  readonly #given: Given;
  readonly #hooks: SourceHooks;
  #reader: Reader | undefined;
  #isAsked = false;
  /** What it was asked for last. */
  #answer: unknown;
  #isOver = false;

  constructor(number: number, given: unknown, shape: ChannelShape, subject: string, hooks: SourceHooks) {
    this.number = number;
    this.#given = given as Given;
    this.shape = shape;
    this.subject = subject;
    this.#hooks = hooks;
  }

  /** The next value. */
  ask(): unknown {
    this.#isAsked = true;
    this.#reader ??= openReader(this.#given);
    return (this.#answer = this.#reader.next());
  }

  /** Gives it. @returns 0; 1 at the end */
  give({ pointer }: Operation, answer: unknown): number {
    this.#isAsked = false;
    this.#answer = undefined;
    if (typeof answer !== "object" || answer === null) {
      throw new FibersError("E_STREAM_FAILED", `${this.subject}: its next() gave no object, but ${String(answer)}`);
    }
    const { done, value } = answer as Result;
    if (done) {
      this.#end();
      this.#reader?.release?.();
      return 1;
    }
    this.#hooks.give(this, pointer, value);
    return 0;
  }

  unreadable(thrown: unknown): FibersError {
    const message = `${this.subject}: what it gave cannot be read: ${describeError(thrown)}`;
    return new FibersError("E_STREAM_FAILED", message, { cause: thrown });
  }

  /** It has rejected, or what it gave is not taken. */
  refused(): void {
    // One that has rejected is over. One whose value was not taken is not.
    if (!this.#isAsked) this.drop();
    this.#end();
  }

  /** Leaves it, and nobody waits for that. */
  drop(): void {
    const leaving = async () => this.leave();
    leaving().catch(() => {});
  }

  /** No more of it is needed. Resolves when it has let go; or before, when it does not answer, since it may never. */
  leave(): unknown {
    if (this.#isOver) return undefined;
    this.#end();
    const reader = this.#reader;
    if (!reader) return this.#close();
    return this.#isAsked ? this.#interrupt(reader) : reader.return();
  }

  async #interrupt(reader: Reader): Promise<void> {
    const leaving = (async () => (reader.abort ?? reader.return)())();
    // Nobody may come to wait for it.
    leaving.catch(() => {});
    if (reader.abort || (await settlesSoon(this.#answer))) await leaving;
  }

  /** It was never asked for anything, but may hold something nevertheless. */
  #close(): unknown {
    const { destroy, cancel, return: end } = this.#given;
    return ((destroy ?? cancel ?? end) as (() => unknown) | undefined)?.call(this.#given);
  }

  #end(): void {
    this.#isOver = true;
    this.#hooks.forget(this);
  }
}

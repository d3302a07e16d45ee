/**
 * `Stream`: the values of a channel of the program, as JavaScript sees them: an async iterator. `Sink`: what the instance knows of one.
 *
 * - A value is asked of the program when `next()` is called, not before; calls of `next()` are answered in their order.
 * - The sink does not know its stream. So one that JavaScript has lost is collected, and the call that serves it is cancelled.
 */
import type { ChannelShape } from "./shape.ts";

/** Values of a channel of the program. To leave it, `break` out of the loop, or call `return()`: the program is told, and awaited. */
export interface StreamOutput<T> extends AsyncIterator<T, undefined, undefined> {
  /** The next value; waits until the program sends it. Rejects with what the program has failed with. */
  next(): Promise<IteratorResult<T, undefined>>;
  /** Leaves it. Resolves when the program has let go: what it has started for this stream has ended. */
  return(): Promise<IteratorResult<T, undefined>>;
  /** Itself, for `for await`. */
  [Symbol.asyncIterator](): StreamOutput<T>;
  /** The same as `return`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

type Result = IteratorResult<unknown, undefined>;

interface Waiting {
  resolve(result: Result): void;
  reject(error: Error): void;
}

/** Why its call was cancelled. */
const LEFT = "JavaScript has left the stream";

const END: Result = { done: true, value: undefined };

const lost = new FinalizationRegistry<Sink>((sink) => sink.lose());

/** The instance's side: it asks for values, and gives them. */
export class Sink {
  readonly shape: ChannelShape;
  readonly #waiting: Waiting[] = [];
  readonly #ended: (() => void)[] = [];
  #isOver = false;
  #isLeft = false;
  #isLost = false;
  /** Cancels the call that serves it. */
  #cancel: ((reason: string) => void) | undefined;
  /** Why it has ended, until somebody is told. */
  #error: Error | undefined;
  /** The program waits until a value is wanted. */
  #onDemand: (() => void) | undefined;

  constructor(shape: ChannelShape) {
    this.shape = shape;
  }

  /** What JavaScript gets. */
  open(): StreamOutput<unknown> {
    const stream = new Stream(this);
    lost.register(stream, this, this);
    return stream;
  }

  /** The call that serves it has begun. */
  attach(cancel: (reason: string) => void): void {
    this.#cancel = cancel;
    if (this.#isLeft) cancel(LEFT);
  }

  /** Whether the program waits until a value is wanted. */
  get isAwaited(): boolean {
    return this.#onDemand !== undefined;
  }

  /** Whether a value is wanted that has not come. When not, it says so later, once. */
  awaitDemand(onDemand: () => void): boolean {
    if (this.#waiting.length) return true;
    this.#onDemand = onDemand;
    return false;
  }

  /** Nobody waits for that any more. */
  forgetDemand(): void {
    this.#onDemand = undefined;
  }

  /** The next value. */
  give(value: unknown): void {
    this.#waiting.shift()?.resolve({ done: false, value });
    if (this.#isLost && !this.#waiting.length) this.leave();
  }

  /** There are no more; because of an error, if there is one. */
  end(error?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    lost.unregister(this);
    // Who has left it is told nothing.
    if (!this.#isLeft) this.#error = error;
    for (const { resolve, reject } of this.#waiting.splice(0)) this.#tellEnd(resolve, reject);
    for (const ended of this.#ended.splice(0)) ended();
  }

  #tellEnd(resolve: Waiting["resolve"], reject: Waiting["reject"]): void {
    const error = this.#error;
    this.#error = undefined;
    if (error) reject(error);
    else resolve(END);
  }

  /** Asks for the next value, which is answered after those that were asked for before. */
  next(): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#isOver || this.#isLeft) {
        this.#tellEnd(resolve, reject);
        return;
      }
      this.#waiting.push({ resolve, reject });
      const onDemand = this.#onDemand;
      this.#onDemand = undefined;
      onDemand?.();
    });
  }

  /** No more are wanted. Resolves when the program has let go. */
  async leave(): Promise<Result> {
    this.#error = undefined;
    if (this.#isOver) return END;
    for (const { resolve } of this.#waiting.splice(0)) resolve(END);
    const ended = new Promise<void>((resolve) => this.#ended.push(resolve));
    if (!this.#isLeft) this.#cancel?.(LEFT);
    this.#isLeft = true;
    await ended;
    return END;
  }

  /** Nobody can ask any more. Who has asked is still answered. */
  lose(): void {
    this.#isLost = true;
    if (!this.#waiting.length) void this.leave();
  }
}

/** One that JavaScript has been given. */
export class Stream implements StreamOutput<unknown> {
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  next(): Promise<Result> {
    return this.#sink.next();
  }

  return(): Promise<Result> {
    return this.#sink.leave();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sink.leave();
  }
}

/** One that fails when it is read. */
export function failedStream(shape: ChannelShape, error: Error): StreamOutput<unknown> {
  const sink = new Sink(shape);
  const stream = sink.open();
  sink.end(error);
  return stream;
}

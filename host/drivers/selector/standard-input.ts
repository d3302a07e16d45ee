/** Standard input as a descriptor: nothing of it is read before the program asks, and what nobody asks for stays with the process. */
import { type Operation, PENDING } from "../../abi.ts";
import type { DriverSink, Outcome } from "../../driver.ts";
import { Errno } from "../../errno.ts";
import { Interest } from "../../event-queue/interest.ts";
import { errnoOfResult, type ReadyHandler, type System } from "./system.ts";

/** Bytes that are read for one who only wants to know how many are there. */
const READ_AHEAD = 64 << 10;

export class StandardInput implements ReadyHandler, Outcome {
  readonly #system: System;
  readonly #sink: DriverSink;
  readonly #fd: number;
  #reader: Operation | undefined;
  #isComplete = false;
  #ahead: Uint8Array = new Uint8Array(0);
  /** The result of every read from now on. */
  #end: number | undefined;
  readonly #isFile: boolean;

  constructor(system: System, sink: DriverSink, fd: number) {
    this.#system = system;
    this.#sink = sink;
    this.#fd = fd;
    // Files cannot be watched, and never wait for long.
    this.#isFile = system.watch(fd, this) < 0;
  }

  onReady(isReadable: boolean): void {
    if (!isReadable || !this.#reader || this.#isComplete) return;
    this.#isComplete = true;
    this.#sink.complete(this.#reader, this);
  }

  read(operation: Operation, into: Uint8Array): number {
    if (this.#reader) return -Errno.EBUSY;
    const result = this.#receive(into);
    if (result === PENDING) this.#reader = operation;
    return result;
  }

  take(into: Uint8Array): number {
    this.#isComplete = false;
    const result = this.#receive(into);
    if (result !== PENDING) this.#reader = undefined;
    else if (this.#reader) this.#system.pending.add(this.#reader);
    return result;
  }

  cancel(operation: Operation): void {
    if (operation !== this.#reader) return;
    this.#reader = undefined;
    this.#isComplete = false;
  }

  /** PENDING when nothing is there. */
  #receive(into: Uint8Array): number {
    if (this.#ahead.length) return this.#takeAhead(into);
    if (this.#end !== undefined) return this.#end;
    if (!this.#isFile && !this.#system.isReady(this.#fd, Interest.READABLE)) {
      this.#system.selector.exhausted(this.#fd, Interest.READABLE);
      return PENDING;
    }
    if (into.length) return this.#readInto(into);
    const ahead = new Uint8Array(READ_AHEAD);
    const count = this.#readInto(ahead);
    if (count > 0) this.#ahead = ahead.subarray(0, count);
    return count;
  }

  #readInto(into: Uint8Array): number {
    const result = this.#system.calls.read(this.#fd, into);
    const count = result < 0 ? errnoOfResult(result) : result;
    if (count <= 0) this.#end = count;
    return count;
  }

  #takeAhead(into: Uint8Array): number {
    if (!into.length) return this.#ahead.length;
    const count = Math.min(into.length, this.#ahead.length);
    into.set(this.#ahead.subarray(0, count));
    this.#ahead = this.#ahead.subarray(count);
    return count;
  }

  close(): void {
    if (!this.#isFile) this.#system.forget(this.#fd);
  }
}

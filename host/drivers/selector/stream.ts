/** A connection, TCP or Unix, of the driver `selector`, over a socket of its own: bytes go straight between the kernel and the guest's memory. */
import { type Operation, PENDING } from "../../abi.ts";
import type { DriverSink, Outcome } from "../../driver.ts";
import { Errno } from "../../errno.ts";
import { Interest } from "../../event-queue/interest.ts";
import { SHUT_WR, type SocketOption, SocketOptions } from "../../event-queue/socket-calls.ts";
import { Outbox } from "../common/outbox.ts";
import type { SocketStream } from "../common/sockets.ts";
import { errnoOfResult, type ReadyHandler, scratch, type System, WOULD_BLOCK } from "./system.ts";

/** Bytes that are dropped at most so that the end of a connection is one, and no reset. */
const MAX_DRAINED = 1 << 20;

export class SelectorStream implements SocketStream, ReadyHandler, Outcome {
  readonly address: string;
  readonly #system: System;
  readonly #sink: DriverSink;
  readonly #outbox: Outbox;
  #fd: number;
  /** The read that waits, or has ended and is not taken. */
  #reader: Operation | undefined;
  #isComplete = false;
  /** What reading has come to: 0 for the end, or a negative errno. */
  #end: number | undefined;
  /** What the kernel has not taken of the write that waits. */
  #rest: Uint8Array | undefined;
  #isEnding = false;
  /** Nothing is there until the selector tells so: the last read has found less than it had room for. */
  #isDrained = false;
  /** Its end, or a failure, has come: that is told once, and stands behind what is still to be read. */
  #isOver = false;

  /** @param fd of a socket that is watched, for this handler */
  constructor(system: System, sink: DriverSink, fd: number, address: string) {
    this.#system = system;
    this.#sink = sink;
    this.#outbox = new Outbox(sink);
    this.#fd = fd;
    this.address = address;
  }

  get localAddress(): string {
    return this.#system.localAddress(this.#fd);
  }

  onReady(isReadable: boolean, isWritable: boolean, isOver: boolean): void {
    if (isOver) this.#isOver = true;
    if (isReadable) {
      this.#isDrained = false;
      this.#wakeReader();
    }
    if (isWritable && this.#rest) this.#goOn(this.#rest);
  }

  #wakeReader(): void {
    if (!this.#reader || this.#isComplete) return;
    this.#isComplete = true;
    this.#sink.complete(this.#reader, this);
  }

  read(operation: Operation, into: Uint8Array): number {
    if (this.#reader) return -Errno.EBUSY;
    const result = this.#receive(into);
    if (result !== WOULD_BLOCK) return result;
    this.#reader = operation;
    return PENDING;
  }

  take(into: Uint8Array): number {
    this.#isComplete = false;
    const result = this.#receive(into);
    if (result === WOULD_BLOCK) {
      if (this.#reader) this.#system.pending.add(this.#reader);
      return PENDING;
    }
    this.#reader = undefined;
    return result;
  }

  #receive(into: Uint8Array): number {
    if (this.#end !== undefined) return this.#end;
    if (this.#isDrained) return WOULD_BLOCK;
    let result = this.#system.receive(this.#fd, into);
    // A write has been told of the reset, and the kernel tells of it once.
    if (result === 0 && this.#outbox.end === -Errno.ECONNRESET) result = -Errno.ECONNRESET;
    if (result > 0 && result < into.length && !this.#isOver) {
      // What comes from now on is told: the call that would say so is not needed.
      this.#isDrained = true;
      this.#system.selector.exhausted(this.#fd, Interest.READABLE);
    } else if (result <= 0 && result !== WOULD_BLOCK) this.#end = result;
    return result;
  }

  write(operation: Operation, bytes: Uint8Array): number {
    const { obstacle } = this.#outbox;
    if (obstacle) return obstacle;
    const sent = this.#send(bytes);
    if (sent < 0) return sent;
    if (sent === bytes.length) return sent;
    this.#rest = bytes.slice(sent);
    return this.#outbox.wait(operation);
  }

  /** As much as the kernel takes; how many bytes that were, or a negative errno. */
  #send(bytes: Uint8Array): number {
    let sent = 0;
    while (sent < bytes.length) {
      const result = this.#system.send(this.#fd, sent ? bytes.subarray(sent) : bytes);
      if (result === WOULD_BLOCK) break;
      if (result < 0) {
        this.#outbox.refuse(-result);
        return result;
      }
      sent += result;
    }
    return sent;
  }

  #goOn(rest: Uint8Array): void {
    const operation = this.#outbox.waiting;
    const sent = this.#send(rest);
    if (sent < 0) this.#rest = undefined;
    else if (sent < rest.length) this.#rest = rest.subarray(sent);
    else {
      this.#rest = undefined;
      if (operation) this.#outbox.complete(operation.length);
      if (this.#isEnding) this.#system.calls.shutdown(this.#fd, SHUT_WR);
    }
  }

  cancel(operation: Operation): void {
    if (operation === this.#reader) {
      this.#reader = undefined;
      this.#isComplete = false;
    }
    if (operation === this.#outbox.waiting) this.#rest = undefined;
    this.#outbox.cancel(operation);
  }

  shutdown(): number {
    const { end } = this.#outbox;
    if (end) return end;
    this.#outbox.shutdown();
    if (this.#rest) this.#isEnding = true;
    else this.#system.calls.shutdown(this.#fd, SHUT_WR);
    return 0;
  }

  setNoDelay(isOn: boolean): number {
    return this.#set(SocketOptions.NO_DELAY, isOn ? 1 : 0);
  }

  setKeepAlive(seconds: number): number {
    const result = this.#set(SocketOptions.KEEP_ALIVE, seconds ? 1 : 0);
    return result || !seconds ? result : this.#set(SocketOptions.KEEP_ALIVE_AFTER, seconds);
  }

  #set(option: SocketOption, value: number): number {
    const result = this.#system.calls.setOption(this.#fd, option, value);
    return result < 0 ? errnoOfResult(result) : 0;
  }

  /** The program is done with it. What it has written is the kernel's to send. */
  close(): void {
    this.#end = -Errno.EBADF;
    this.#wakeReader();
    this.#outbox.refuse(Errno.EBADF);
    // With bytes that nobody has read, closing would reset the connection, and what was written might be lost.
    for (let drained = 0; drained < MAX_DRAINED;) {
      const count = this.#system.calls.receive(this.#fd, scratch);
      if (count <= 0) break;
      drained += count;
    }
    this.destroy();
  }

  destroy(): void {
    if (this.#fd >= 0) this.#system.close(this.#fd);
    this.#fd = -1;
  }
}

/** The system's calls, as the driver makes them: with the errors of the border, and a selector that tells what is ready. */
import { getSystemErrorMap } from "node:util";
import { EAGAIN, EINTR } from "../../event-queue/c-library.ts";
import type { Operation } from "../../abi.ts";
import type { DescriptorCalls } from "../../event-queue/descriptor-calls.ts";
import { Interest, Mode } from "../../event-queue/interest.ts";
import {
  EVENTS_UNIT,
  FOUND_UNIT,
  type PollCalls,
  POLLFD_UNITS,
  POLLIN,
  POLLOUT,
} from "../../event-queue/poll-calls.ts";
import type { Selector } from "../../event-queue/selector.ts";
import { describeAddress } from "../../event-queue/socket-address.ts";
import type { SocketCalls } from "../../event-queue/socket-calls.ts";
import { localAddressOf } from "../../event-queue/sockets.ts";
import { errnoOf } from "../../errno.ts";

/** What a call returns that would have to wait. No errno of the border is so small. */
export const WOULD_BLOCK = -(2 ** 30);

export type Calls = SocketCalls & DescriptorCalls & PollCalls;

/** Who is told when a descriptor may be ready. It tries, and says when the call would have had to wait. */
export interface ReadyHandler {
  /** @param isOver the peer has ended its direction, or something has failed */
  onReady(isReadable: boolean, isWritable: boolean, isOver: boolean): void;
}

const BOTH = Interest.READABLE | Interest.WRITABLE;

export class System {
  readonly calls: Calls;
  readonly selector: Selector;
  /** Operations that have not ended. One whose outcome turns out to be none when it is taken is added again by whoever finds that. */
  readonly pending = new Set<Operation>();
  readonly #handlers = new Map<number, ReadyHandler>();

  constructor(calls: Calls, selector: Selector) {
    this.calls = calls;
    this.selector = selector;
  }

  /**
   * Watches a descriptor in both directions, on edges: once for its whole life, so that no operation needs a call for that.
   * @returns 0, or a negative errno
   */
  watch(fd: number, handler: ReadyHandler): number {
    try {
      this.selector.register(fd, fd, BOTH, Mode.EDGE);
    } catch (error) {
      return -errnoOf(error);
    }
    this.#handlers.set(fd, handler);
    return 0;
  }

  /** What is watched has another handler from now on. */
  hand(fd: number, handler: ReadyHandler): void {
    this.#handlers.set(fd, handler);
  }

  /** Does not watch it any more. */
  forget(fd: number): void {
    if (this.#handlers.delete(fd)) this.selector.deregister(fd);
  }

  /** The same, and closes it. */
  close(fd: number): void {
    this.forget(fd);
    this.calls.close(fd);
  }

  /** Whether a call in this direction would not wait, on a descriptor that is not ours to make non-blocking. */
  isReady(fd: number, direction: number): boolean {
    polled[0] = fd & 0xffff;
    polled[1] = fd >>> 16;
    polled[EVENTS_UNIT] = direction === Interest.READABLE ? POLLIN : POLLOUT;
    polled[FOUND_UNIT] = 0;
    return this.calls.poll(polled, 1, 0) > 0;
  }

  tell(fd: number, isReadable: boolean, isWritable: boolean, isOver: boolean): void {
    this.#handlers.get(fd)?.onReady(isReadable, isWritable, isOver);
  }

  /** A connection that waits on this socket, whose peer's address is written; otherwise as `receive`. */
  accept(fd: number, address: Uint8Array, length: Uint32Array): number {
    let result: number;
    do result = this.calls.accept(fd, address, length);
    while (result === -EINTR);
    return result >= 0 ? result : this.#refused(fd, Interest.READABLE, result);
  }

  /** How many bytes were read, or are there when none are wanted; WOULD_BLOCK, or a negative errno. Interrupted calls are made again. */
  receive(fd: number, into: Uint8Array): number {
    let result: number;
    do result = into.length ? this.calls.receive(fd, into) : this.calls.peek(fd, scratch);
    while (result === -EINTR);
    return result >= 0 ? result : this.#refused(fd, Interest.READABLE, result);
  }

  /** How many bytes were taken; otherwise as `receive`. */
  send(fd: number, from: Uint8Array): number {
    let result: number;
    do result = this.calls.send(fd, from);
    while (result === -EINTR);
    return result >= 0 ? result : this.#refused(fd, Interest.WRITABLE, result);
  }

  #refused(fd: number, direction: number, result: number): number {
    if (result !== -EAGAIN) return errnoOfResult(result);
    this.selector.exhausted(fd, direction);
    return WOULD_BLOCK;
  }

  /** Any call that is made like those: what it returns; otherwise as `receive`. */
  try(fd: number, direction: number, call: () => number): number {
    let result: number;
    do result = call();
    while (result === -EINTR);
    return result >= 0 ? result : this.#refused(fd, direction, result);
  }

  /** Address and port of a socket. */
  localAddress(fd: number): string {
    return describeAddress(localAddressOf(this.calls, fd));
  }
}

/** One `struct pollfd`. */
const polled = new Int16Array(POLLFD_UNITS);

/** Where bytes are looked at that nobody takes. */
export const scratch = new Uint8Array(64 << 10);

/** The border's errno for the system's: both negative. */
export function errnoOfResult(result: number): number {
  return -errnoOf({ code: getSystemErrorMap().get(result)?.[0] });
}

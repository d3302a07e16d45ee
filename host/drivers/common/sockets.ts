/**
 * The streams and listeners of a driver, whatever they are made of: handles, the operations on them, and the beginnings (listen, connect,
 * lookup) that have no handle yet.
 */
import { type Operation, Opcode, PENDING } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Errno } from "../../errno.ts";
import { type Closable, Handles } from "./handles.ts";

/** A connection, as operations use it. */
export interface SocketStream extends Closable {
  /** Address and port of the peer. */
  readonly address: string;
  read(operation: Operation, into: Uint8Array): number;
  write(operation: Operation, bytes: Uint8Array): number;
  /** Forgets this operation, when it waits here. */
  cancel(operation: Operation): void;
  shutdown(): number;
}

export interface SocketListener extends Closable {
  accept(operation: Operation): number;
  cancel(operation: Operation): void;
}

/** How a driver makes streams and listeners. Each begins an operation, and settles it later; see `Sockets.begin`. */
export interface Network {
  listen(operation: Operation, host: string): number;
  connect(operation: Operation, host: string): number;
  lookup(operation: Operation, host: string): number;
}

export class Sockets {
  readonly #sink: DriverSink;
  readonly #network: Network;
  readonly #handles = new Handles<SocketStream, SocketListener>();
  /** Operations without a handle that are under way, or ended and not taken yet: what forgets each. */
  readonly #beginnings = new Map<Operation, () => void>();

  constructor(sink: DriverSink, network: Network) {
    this.#sink = sink;
    this.#network = network;
  }

  /** Gives a stream its handle. */
  addStream(stream: SocketStream): number {
    return this.#handles.addStream(stream);
  }

  /** Gives a listener its handle. */
  addListener(listener: SocketListener): number {
    return this.#handles.addListener(listener);
  }

  /** Begins any operation, but those on the standard streams. */
  submit(operation: Operation, bytes: Uint8Array): number {
    const { opcode, handle } = operation;
    switch (opcode) {
      case Opcode.READ:
        return this.#handles.stream(handle)?.read(operation, bytes) ?? -Errno.EBADF;
      case Opcode.WRITE:
        return this.#handles.stream(handle)?.write(operation, bytes) ?? -Errno.EBADF;
      case Opcode.ACCEPT:
        return this.#handles.listener(handle)?.accept(operation) ?? -Errno.EBADF;
      case Opcode.SHUTDOWN:
        return this.#handles.stream(handle)?.shutdown() ?? -Errno.EBADF;
      case Opcode.CLOSE:
        return this.#handles.close(handle);
      case Opcode.ADDRESS:
        return this.#address(handle, bytes);
      case Opcode.LISTEN:
        return this.#network.listen(operation, textOf(bytes));
      case Opcode.CONNECT:
        return this.#network.connect(operation, textOf(bytes));
      case Opcode.LOOKUP:
        return this.#network.lookup(operation, textOf(bytes));
      default:
        return -Errno.ENOTSUP;
    }
  }

  #address(handle: number, into: Uint8Array): number {
    const stream = this.#handles.stream(handle);
    return stream ? new TextEncoder().encodeInto(stream.address, into).written : -Errno.EBADF;
  }

  /** Notes an operation that has no handle yet. @returns PENDING */
  begin(operation: Operation, forget: () => void): number {
    this.#beginnings.set(operation, forget);
    return PENDING;
  }

  /** Ends one that was begun, unless it was forgotten: with an errno, or with what is to be taken. Until it is taken, it can be forgotten. */
  settle(operation: Operation, outcome: number | ((into: Uint8Array) => number), detail = 0): void {
    if (!this.#beginnings.has(operation)) return;
    if (typeof outcome === "number") {
      this.#beginnings.delete(operation);
      this.#sink.complete(operation, outcome);
      return;
    }
    const take = (into: Uint8Array) => {
      this.#beginnings.delete(operation);
      return outcome(into);
    };
    this.#sink.complete(operation, { take }, detail);
  }

  /** Forgets a pending operation. */
  cancel(operation: Operation): void {
    this.#beginnings.get(operation)?.();
    this.#beginnings.delete(operation);
    this.#handles.stream(operation.handle)?.cancel(operation);
    this.#handles.listener(operation.handle)?.cancel(operation);
  }

  /** Lets go of everything. */
  close(): void {
    for (const forget of this.#beginnings.values()) forget();
    this.#beginnings.clear();
    this.#handles.destroyAll();
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("utf8");
}

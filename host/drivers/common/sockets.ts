/**
 * The sockets of a driver, whatever they are made of: handles, the operations on them, and the beginnings (listen, connect, lookup, bind) that
 * have no handle yet.
 */
import { DATAGRAM_HEADER, End, type Operation, Opcode, PENDING } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Errno } from "../../errno.ts";
import { type Closable, Handles } from "./handles.ts";

/** A connection, as operations use it. */
export interface SocketStream extends Closable {
  /** Address and port of the peer; empty for a Unix socket. */
  readonly address: string;
  /** Address and port of this end. */
  readonly localAddress: string;
  read(operation: Operation, into: Uint8Array): number;
  write(operation: Operation, bytes: Uint8Array): number;
  /** Forgets this operation, when it waits here. */
  cancel(operation: Operation): void;
  shutdown(): number;
  setNoDelay(isOn: boolean): number;
  /** Asks a silent peer after so many seconds; 0: not at all. */
  setKeepAlive(seconds: number): number;
}

export interface SocketListener extends Closable {
  readonly localAddress: string;
  accept(operation: Operation): number;
  cancel(operation: Operation): void;
}

/** A UDP socket. Bytes are as `assembly/abi.ts` draws a datagram. */
export interface SocketDatagrams extends Closable {
  readonly localAddress: string;
  receive(operation: Operation, into: Uint8Array): number;
  send(operation: Operation, datagram: Uint8Array): number;
  cancel(operation: Operation): void;
}

/** How a driver makes sockets. Each begins an operation, and settles it later; see `Sockets.begin`. */
export interface Network {
  listen(operation: Operation, host: string): number;
  connect(operation: Operation, host: string): number;
  lookup(operation: Operation, host: string): number;
  bind(operation: Operation, host: string): number;
  listenUnix(operation: Operation, path: string): number;
  connectUnix(operation: Operation, path: string): number;
}

/** What brings a new socket about, or a name's addresses. */
const BEGINNINGS: ReadonlySet<number> = new Set([
  Opcode.LISTEN,
  Opcode.CONNECT,
  Opcode.LOOKUP,
  Opcode.LISTEN_UNIX,
  Opcode.CONNECT_UNIX,
  Opcode.BIND,
]);

/** Bytes of the path of a Unix socket. */
const LONGEST_PATH = process.platform === "linux" ? 107 : 103;

export class Sockets {
  readonly #sink: DriverSink;
  readonly #network: Network;
  readonly #handles = new Handles<SocketStream, SocketListener, SocketDatagrams>();
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

  /** Gives a UDP socket its handle. */
  addDatagrams(socket: SocketDatagrams): number {
    return this.#handles.addDatagrams(socket);
  }

  /** Begins any operation, but those on the standard streams. */
  submit(operation: Operation, bytes: Uint8Array): number {
    const { opcode } = operation;
    return BEGINNINGS.has(opcode) ? this.#begin(operation, textOf(bytes)) : this.#perform(operation, bytes);
  }

  #begin(operation: Operation, name: string): number {
    switch (operation.opcode) {
      case Opcode.LISTEN:
        return this.#network.listen(operation, name);
      case Opcode.CONNECT:
        return this.#network.connect(operation, name);
      case Opcode.BIND:
        return this.#network.bind(operation, name);
      case Opcode.LISTEN_UNIX:
        return isPath(name) ? this.#network.listenUnix(operation, name) : -Errno.EINVAL;
      case Opcode.CONNECT_UNIX:
        return isPath(name) ? this.#network.connectUnix(operation, name) : -Errno.EINVAL;
      default:
        return this.#network.lookup(operation, name);
    }
  }

  #perform(operation: Operation, bytes: Uint8Array): number {
    const { opcode, handle, argument } = operation;
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
        return this.#address(operation, bytes);
      case Opcode.RECEIVE:
        return this.#withDatagrams(operation, (socket) => socket.receive(operation, bytes));
      case Opcode.SEND:
        return this.#withDatagrams(operation, (socket) => socket.send(operation, bytes));
      case Opcode.NO_DELAY:
        return this.#handles.stream(handle)?.setNoDelay(argument !== 0) ?? -Errno.EBADF;
      case Opcode.KEEP_ALIVE:
        return this.#handles.stream(handle)?.setKeepAlive(argument) ?? -Errno.EBADF;
      default:
        return -Errno.ENOTSUP;
    }
  }

  #withDatagrams({ handle, length }: Operation, perform: (socket: SocketDatagrams) => number): number {
    const socket = this.#handles.datagrams(handle);
    if (!socket) return -Errno.EBADF;
    return length < DATAGRAM_HEADER ? -Errno.EINVAL : perform(socket);
  }

  #address({ handle, argument }: Operation, into: Uint8Array): number {
    const stream = this.#handles.stream(handle);
    const socket = stream ?? this.#handles.listener(handle) ?? this.#handles.datagrams(handle);
    const address = argument === End.LOCAL ? socket?.localAddress : stream?.address;
    return address === undefined ? -Errno.EBADF : new TextEncoder().encodeInto(address, into).written;
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
    this.#handles.datagrams(operation.handle)?.cancel(operation);
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

/** Longer ones would be cut. */
function isPath(name: string): boolean {
  return name !== "" && !name.includes("\0") && Buffer.byteLength(name) <= LONGEST_PATH;
}

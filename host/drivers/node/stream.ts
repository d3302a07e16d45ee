/** A connection, TCP or Unix, of the driver `node`, over a socket of Node. */
import type { Socket } from "node:net";
import type { Operation } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Errno, errnoOf } from "../../errno.ts";
import type { Inbox } from "../common/inbox.ts";
import { Outbox } from "../common/outbox.ts";
import { placeName } from "../common/places.ts";
import type { SocketStream } from "../common/sockets.ts";
import { readAhead } from "../common/read-ahead.ts";

/** Bytes that are read ahead of the program. */
const READ_AHEAD = 64 << 10;

export class NodeStream implements SocketStream {
  readonly #socket: Socket;
  readonly #inbox: Inbox;
  readonly address: string;
  readonly #outbox: Outbox;
  /** A write did not end: what the system has not taken of it is dropped when the stream is closed. */
  #isTorn = false;

  constructor(socket: Socket, sink: DriverSink) {
    this.#socket = socket;
    this.address = addressOf(socket.remoteAddress, socket.remotePort);
    this.#inbox = readAhead(socket, sink, READ_AHEAD);
    this.#outbox = new Outbox(sink);
    socket.on("error", (error) => this.#outbox.refuse(errnoOf(error)));
    socket.on("close", () => {
      this.#inbox.end(Errno.ECONNRESET);
      this.#outbox.refuse(Errno.EPIPE);
    });
  }

  get localAddress(): string {
    return addressOf(this.#socket.localAddress, this.#socket.localPort);
  }

  read(operation: Operation, into: Uint8Array): number {
    return this.#inbox.read(operation, into);
  }

  write(operation: Operation, bytes: Uint8Array): number {
    const { obstacle } = this.#outbox;
    if (obstacle) return obstacle;
    const { length } = bytes;
    if (!length) return 0;
    // A copy: the socket may hold it for long, and the program may use its array again.
    this.#socket.write(Buffer.from(bytes), (error) => {
      if (operation === this.#outbox.waiting) this.#outbox.complete(error ? -errnoOf(error) : length);
    });
    // Nothing is left in the socket: the system has taken it all, or refused it, which is told later.
    if (this.#socket.writableLength === 0 && !this.#socket.errored) return length;
    return this.#outbox.wait(operation);
  }

  cancel(operation: Operation): void {
    this.#inbox.cancel(operation);
    this.#isTorn ||= operation === this.#outbox.waiting;
    this.#outbox.cancel(operation);
  }

  shutdown(): number {
    const { end } = this.#outbox;
    if (end) return end;
    this.#outbox.shutdown();
    this.#socket.end();
    return 0;
  }

  setNoDelay(isOn: boolean): number {
    this.#socket.setNoDelay(isOn);
    return 0;
  }

  setKeepAlive(seconds: number): number {
    this.#socket.setKeepAlive(seconds > 0, seconds * 1000);
    return 0;
  }

  /** The program is done with it. What it has written still goes out. */
  close(): void {
    // A write that still waits fails, so nobody relies on the rest of it: it must not hold up closing.
    this.#isTorn ||= this.#outbox.waiting !== undefined;
    this.#inbox.discard(Errno.EBADF);
    this.#outbox.refuse(Errno.EBADF);
    if (this.#isTorn) this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  /** At once, whatever is on its way. */
  destroy(): void {
    this.#socket.destroy();
  }
}

/** Empty for a Unix socket, which has none. */
function addressOf(host: string | undefined, port: number | undefined): string {
  return host === undefined || port === undefined ? "" : placeName(host, port);
}

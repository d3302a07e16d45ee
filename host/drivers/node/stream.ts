/** A TCP connection of the driver `node`, over a socket of Node. */
import type { Socket } from "node:net";
import { type Operation, PENDING } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Errno, errnoOf } from "../../errno.ts";
import type { Inbox } from "../common/inbox.ts";
import type { SocketStream } from "../common/sockets.ts";
import { readAhead } from "./read-ahead.ts";

/** Bytes that are read ahead of the program. */
const READ_AHEAD = 64 << 10;

export class NodeStream implements SocketStream {
  readonly #socket: Socket;
  readonly #sink: DriverSink;
  readonly #inbox: Inbox;
  readonly address: string;
  #writer: Operation | undefined;
  /** The writer's operation has ended and is not taken yet. */
  #isComplete = false;
  /** Why writes are refused: an errno; 0 while they are not. */
  #refusal = 0;
  /** Sockets that the program has closed, and that still send what it has written. */
  readonly #lingering: Set<Socket>;
  /** A write was cancelled: what the system has not taken of it must not hold up closing. */
  #isTorn = false;

  constructor(socket: Socket, sink: DriverSink, lingering: Set<Socket>) {
    this.#socket = socket;
    this.#sink = sink;
    this.#lingering = lingering;
    this.address = addressOf(socket);
    this.#inbox = readAhead(socket, sink, READ_AHEAD);
    socket.on("error", (error) => this.#endWrites(errnoOf(error)));
    socket.on("close", () => {
      this.#inbox.end(Errno.ECONNRESET);
      this.#endWrites(Errno.EPIPE);
    });
  }

  read(operation: Operation, into: Uint8Array): number {
    return this.#inbox.read(operation, into);
  }

  write(operation: Operation, bytes: Uint8Array): number {
    if (this.#writer) return -Errno.EBUSY;
    if (this.#refusal) return -this.#refusal;
    const { length } = bytes;
    if (!length) return 0;
    // A copy: the socket may hold it for long, and the program may use its array again.
    this.#socket.write(Buffer.from(bytes), (error) => {
      if (operation === this.#writer) this.#endWrite(error ? -errnoOf(error) : length);
    });
    // Nothing is left in the socket: the system has taken it all, or refused it, which is told later.
    if (this.#socket.writableLength === 0 && !this.#socket.errored) return length;
    this.#writer = operation;
    return PENDING;
  }

  /** Until its result is taken, the write can be cancelled. */
  #endWrite(result: number): void {
    if (!this.#writer || this.#isComplete) return;
    this.#isComplete = true;
    const take = () => {
      this.#leaveWrite();
      return result;
    };
    this.#sink.complete(this.#writer, { take });
  }

  #leaveWrite(): void {
    this.#writer = undefined;
    this.#isComplete = false;
  }

  #endWrites(errno: number): void {
    this.#refusal ||= errno;
    this.#endWrite(-errno);
  }

  cancel(operation: Operation): void {
    this.#inbox.cancel(operation);
    if (operation !== this.#writer) return;
    this.#refusal ||= Errno.EPIPE;
    this.#isTorn ||= !this.#isComplete;
    this.#leaveWrite();
  }

  shutdown(): number {
    if (this.#refusal) return -this.#refusal;
    this.#refusal = Errno.EPIPE;
    this.#socket.end();
    return 0;
  }

  /** The program is done with it. What it has written still goes out. */
  close(): void {
    this.#inbox.discard(Errno.EBADF);
    this.#endWrites(Errno.EBADF);
    if (this.#isTorn) {
      this.#socket.destroy();
      return;
    }
    this.#lingering.add(this.#socket);
    this.#socket.once("close", () => this.#lingering.delete(this.#socket));
    this.#socket.destroySoon();
  }

  /** At once, whatever is on its way. */
  destroy(): void {
    this.#socket.destroy();
  }
}

/** Address and port of the peer. */
function addressOf({ remoteAddress = "", remotePort = 0 }: Socket): string {
  return remoteAddress.includes(":") ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}

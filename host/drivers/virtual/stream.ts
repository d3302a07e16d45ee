/** A TCP connection of the driver `virtual`: the program's end of a simulated connection. */
import { type Operation, PENDING } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Errno } from "../../errno.ts";
import { Inbox } from "../common/inbox.ts";
import type { SocketStream } from "../common/sockets.ts";
import type { Endpoint } from "./pipe.ts";

export class VirtualStream implements SocketStream {
  readonly address: string;
  readonly #endpoint: Endpoint;
  readonly #sink: DriverSink;
  readonly #inbox: Inbox;
  #unread = 0;
  #writer: Operation | undefined;
  /** What the network has not taken of the write that waits. */
  #rest = new Uint8Array();
  /** Why writes are refused: an errno; 0 while they are not. */
  #refusal = 0;

  constructor(endpoint: Endpoint, sink: DriverSink) {
    this.address = endpoint.peer;
    this.#endpoint = endpoint;
    this.#sink = sink;
    this.#inbox = new Inbox(sink, (unread) => {
      const hasRead = unread < this.#unread;
      this.#unread = unread;
      if (hasRead) endpoint.incoming.noteRead();
    });
    const unread = () => this.#unread;
    endpoint.incoming.attach({
      get unread() {
        return unread();
      },
      add: (bytes) => this.#inbox.add(bytes),
      end: (errno) => this.#end(errno),
    });
    endpoint.outgoing.onRoom = () => this.#goOn();
  }

  #end(errno: number): void {
    this.#inbox.end(errno);
    if (!errno) return;
    this.#refuseWrites(errno);
    // A reset ends both directions.
    this.#endpoint.outgoing.end();
  }

  read(operation: Operation, into: Uint8Array): number {
    return this.#inbox.read(operation, into);
  }

  write(operation: Operation, bytes: Uint8Array): number {
    if (this.#writer) return -Errno.EBUSY;
    if (this.#refusal) return -this.#refusal;
    const sent = this.#endpoint.outgoing.send(bytes);
    if (sent === bytes.length) return sent;
    this.#writer = operation;
    this.#rest = Uint8Array.from(bytes.subarray(sent));
    return PENDING;
  }

  #goOn(): void {
    const operation = this.#writer;
    if (!operation) return;
    this.#rest = this.#rest.subarray(this.#endpoint.outgoing.send(this.#rest));
    if (this.#rest.length) return;
    this.#writer = undefined;
    this.#sink.complete(operation, operation.length);
  }

  #refuseWrites(errno: number): void {
    this.#refusal ||= errno;
    const operation = this.#writer;
    this.#writer = undefined;
    if (operation) this.#sink.complete(operation, -errno);
  }

  cancel(operation: Operation): void {
    this.#inbox.cancel(operation);
    if (operation !== this.#writer) return;
    this.#writer = undefined;
    this.#refusal ||= Errno.EPIPE;
  }

  shutdown(): number {
    if (this.#refusal) return -this.#refusal;
    this.#refusal = Errno.EPIPE;
    this.#endpoint.outgoing.end();
    return 0;
  }

  close(): void {
    this.#endpoint.incoming.abandon();
    this.#inbox.discard(Errno.EBADF);
    this.#refuseWrites(Errno.EBADF);
    this.#endpoint.outgoing.end();
  }

  destroy(): void {
    this.#endpoint.incoming.abandon();
    this.#endpoint.outgoing.end(Errno.ECONNRESET);
  }
}

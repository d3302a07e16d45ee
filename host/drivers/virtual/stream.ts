/** A connection, TCP or Unix, of the driver `virtual`: the program's end of a simulated connection. */
import type { Operation } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Errno } from "../../errno.ts";
import { Inbox } from "../common/inbox.ts";
import { Outbox } from "../common/outbox.ts";
import type { SocketStream } from "../common/sockets.ts";
import type { Endpoint } from "./pipe.ts";

export class VirtualStream implements SocketStream {
  readonly address: string;
  readonly localAddress: string;
  readonly #endpoint: Endpoint;
  readonly #inbox: Inbox;
  #unread = 0;
  readonly #outbox: Outbox;
  /** What the network has not taken of the write that waits. */
  #rest = new Uint8Array();

  constructor(endpoint: Endpoint, sink: DriverSink) {
    this.address = endpoint.peer;
    this.localAddress = endpoint.local;
    this.#endpoint = endpoint;
    this.#outbox = new Outbox(sink);
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
    this.#outbox.refuse(errno);
    // A reset ends both directions.
    this.#endpoint.outgoing.end();
  }

  read(operation: Operation, into: Uint8Array): number {
    return this.#inbox.read(operation, into);
  }

  write(operation: Operation, bytes: Uint8Array): number {
    const { obstacle } = this.#outbox;
    if (obstacle) return obstacle;
    const sent = this.#endpoint.outgoing.send(bytes);
    if (sent === bytes.length) return sent;
    this.#rest = Uint8Array.from(bytes.subarray(sent));
    return this.#outbox.wait(operation);
  }

  #goOn(): void {
    const { waiting } = this.#outbox;
    if (!waiting) return;
    this.#rest = this.#rest.subarray(this.#endpoint.outgoing.send(this.#rest));
    if (!this.#rest.length) this.#outbox.complete(waiting.length);
  }

  cancel(operation: Operation): void {
    this.#inbox.cancel(operation);
    this.#outbox.cancel(operation);
  }

  shutdown(): number {
    const { end } = this.#outbox;
    if (end) return end;
    this.#outbox.shutdown();
    this.#endpoint.outgoing.end();
    return 0;
  }

  /** What is written goes out at once, always. */
  setNoDelay(): number {
    return 0;
  }

  /** No peer of this network is gone without a word. */
  setKeepAlive(): number {
    return 0;
  }

  close(): void {
    this.#endpoint.incoming.abandon();
    this.#inbox.discard(Errno.EBADF);
    this.#outbox.refuse(Errno.EBADF);
    this.#endpoint.outgoing.end();
  }

  destroy(): void {
    this.#endpoint.incoming.abandon();
    this.#endpoint.outgoing.end(Errno.ECONNRESET);
  }
}

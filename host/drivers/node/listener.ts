/** A listening socket of the driver `node`. Node accepts by itself; connections wait here until the program does. */
import { createServer, type Server, type Socket } from "node:net";
import { type Operation, PENDING } from "../../abi.ts";
import type { DriverSink, Outcome } from "../../driver.ts";
import { Errno, errnoOf } from "../../errno.ts";
import type { Handles } from "./handles.ts";
import { NodeStream } from "./stream.ts";

/** Connections that the system holds before Node accepts them. */
const BACKLOG = 4096;

export class NodeListener implements Outcome {
  readonly #server: Server;
  readonly #sink: DriverSink;
  readonly #handles: Handles;
  /** Accepted by Node, not yet by the program. The first `#promised` of them belong to operations that have ended. */
  #connections: NodeStream[] = [];
  #promised = new Set<Operation>();
  #waiting: Operation[] = [];
  #isClosed = false;

  private constructor(server: Server, sink: DriverSink, handles: Handles) {
    this.#server = server;
    this.#sink = sink;
    this.#handles = handles;
    server.on("connection", (socket) => this.#add(socket));
  }

  /**
   * Begins to listen. `settle` is called once: with the listener and its port, or with an errno.
   * @returns what forgets it
   */
  static listen(
    host: string,
    port: number,
    sink: DriverSink,
    handles: Handles,
    settle: (listener: NodeListener | null, portOrErrno: number) => void,
  ): () => void {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const listener = new NodeListener(server, sink, handles);
    const forget = () => {
      server.removeAllListeners("listening");
      listener.close();
    };
    server.on("error", (error) => {
      // Errors of a server that listens are those of single connections, which it survives.
      if (!server.listening) settle(null, errnoOf(error));
    });
    server.on("listening", () => settle(listener, portOf(server)));
    try {
      server.listen({ host, port, backlog: BACKLOG });
    } catch (error) {
      queueMicrotask(() => settle(null, errnoOf(error)));
    }
    return forget;
  }

  #add(socket: Socket): void {
    const stream = new NodeStream(socket, this.#sink);
    if (this.#isClosed) {
      stream.destroy();
      return;
    }
    this.#connections.push(stream);
    const operation = this.#waiting.shift();
    if (operation) this.#promise(operation);
  }

  #promise(operation: Operation): void {
    this.#promised.add(operation);
    this.#sink.complete(operation, { take: () => this.#takeFor(operation) });
  }

  #takeFor(operation: Operation): number {
    this.#promised.delete(operation);
    return this.take();
  }

  accept(operation: Operation): number {
    if (this.#connections.length > this.#promised.size) return this.take();
    this.#waiting.push(operation);
    return PENDING;
  }

  take(): number {
    const stream = this.#connections.shift();
    return stream ? this.#handles.add(stream) : -Errno.EBADF;
  }

  cancel(operation: Operation): void {
    if (this.#promised.delete(operation)) {
      // Its connection goes to the next in line.
      const next = this.#waiting.shift();
      if (next) this.#promise(next);
    } else {
      this.#waiting = this.#waiting.filter((waiting) => waiting !== operation);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#server.close();
    for (const stream of this.#connections.splice(0)) stream.destroy();
    for (const operation of this.#waiting.splice(0)) this.#sink.complete(operation, -Errno.EBADF);
  }

  destroy(): void {
    this.close();
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}

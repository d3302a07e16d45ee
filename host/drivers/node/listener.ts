/** A listening socket, TCP or Unix, of the driver `node`. Node accepts by itself; connections wait in a backlog until the program does. */
import { createServer, type Server, type Socket } from "node:net";
import type { Operation } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { errnoOf } from "../../errno.ts";
import { Backlog } from "../common/backlog.ts";
import { placeName } from "../common/places.ts";
import type { SocketListener, Sockets } from "../common/sockets.ts";
import { NodeStream } from "./stream.ts";

/** Connections that the system holds before Node accepts them. */
const SYSTEM_BACKLOG = 4096;

/** Where to listen: a port of a host, or a path. */
export type Place = { host: string; port: number } | { path: string };

export class NodeListener implements SocketListener {
  readonly #server: Server;
  readonly #sink: DriverSink;
  readonly #backlog: Backlog<NodeStream>;
  #isClosed = false;

  private constructor(server: Server, sink: DriverSink, sockets: Sockets) {
    this.#server = server;
    this.#sink = sink;
    this.#backlog = new Backlog(sink, (stream) => sockets.addStream(stream));
    server.on("connection", (socket) => this.#add(socket));
  }

  /**
   * Begins to listen. `settle` is called once: with the listener and its port (0 for a path), or with an errno.
   * @returns what forgets it
   */
  static listen(
    place: Place,
    sink: DriverSink,
    sockets: Sockets,
    settle: (listener: NodeListener | null, portOrErrno: number) => void,
  ): () => void {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const listener = new NodeListener(server, sink, sockets);
    const forget = () => {
      server.removeAllListeners("listening");
      listener.close();
    };
    server.on("error", (error) => {
      // Errors of a server that listens are those of single connections, which it survives.
      if (!server.listening) settle(null, errnoOf(error));
    });
    server.on("listening", () => settle(listener, portOf(server)));
    server.listen({ ...place, backlog: SYSTEM_BACKLOG });
    return forget;
  }

  #add(socket: Socket): void {
    const stream = new NodeStream(socket, this.#sink);
    if (this.#isClosed) stream.destroy();
    else this.#backlog.add(stream);
  }

  get localAddress(): string {
    const address = this.#server.address();
    return typeof address === "object" && address ? placeName(address.address, address.port) : "";
  }

  accept(operation: Operation): number {
    return this.#backlog.take(operation);
  }

  cancel(operation: Operation): void {
    this.#backlog.cancel(operation);
  }

  close(): void {
    this.#isClosed = true;
    this.#server.close();
    for (const stream of this.#backlog.close()) stream.destroy();
  }

  destroy(): void {
    this.close();
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}

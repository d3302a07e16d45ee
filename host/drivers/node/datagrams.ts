/** A UDP socket of the driver `node`, over one of Node. Node receives by itself; datagrams wait in an inbox until the program does. */
import { createSocket, type Socket } from "node:dgram";
import { isIP } from "node:net";
import { DATAGRAM_HEADER, type Operation, PENDING, readReceiver } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Errno, errnoOf } from "../../errno.ts";
import { DatagramInbox } from "../common/datagram-inbox.ts";
import { type Addresses, resolveName } from "../common/names.ts";
import { isPlace, placeName, reachable } from "../common/places.ts";
import type { SocketDatagrams } from "../common/sockets.ts";

export class NodeDatagrams implements SocketDatagrams {
  readonly #socket: Socket;
  readonly #isV6: boolean;
  readonly #sink: DriverSink;
  readonly #inbox: DatagramInbox;
  /** What the system has not taken yet. */
  readonly #sending = new Set<Operation>();
  #isClosed = false;

  private constructor(isV6: boolean, sink: DriverSink) {
    // Addresses need no thread of the resolver: names are looked up before.
    const lookup = (host: string, _: unknown, callback: (error: null, address: string, family: number) => void) =>
      callback(null, host, isV6 ? 6 : 4);
    this.#socket = createSocket({ type: isV6 ? "udp6" : "udp4", lookup });
    this.#isV6 = isV6;
    this.#sink = sink;
    this.#inbox = new DatagramInbox(sink);
    this.#socket.on("message", (bytes, { address, port }) => this.#inbox.add(bytes, { host: address, port }));
  }

  /**
   * Begins to bind a port of an address. `settle` is called once: with the socket and its port, or with an errno.
   * @returns what forgets it
   */
  static bind(
    { host, port }: { host: string; port: number },
    sink: DriverSink,
    settle: (socket: NodeDatagrams | null, portOrErrno: number) => void,
  ): () => void {
    const datagrams = new NodeDatagrams(host.includes(":"), sink);
    const socket = datagrams.#socket;
    const fail = (error: Error) => {
      datagrams.close();
      settle(null, errnoOf(error));
    };
    socket.once("error", fail);
    socket.once("listening", () => {
      socket.off("error", fail);
      socket.on("error", (error) => datagrams.#inbox.fail(-errnoOf(error)));
      settle(datagrams, socket.address().port);
    });
    socket.bind({ address: host, port, exclusive: true });
    return () => {
      socket.removeAllListeners("listening");
      datagrams.close();
    };
  }

  get localAddress(): string {
    const { address, port } = this.#socket.address();
    return placeName(address, port);
  }

  receive(operation: Operation, into: Uint8Array): number {
    return this.#inbox.receive(operation, into);
  }

  send(operation: Operation, datagram: Uint8Array): number {
    const { host, port } = readReceiver(datagram);
    if (!isPlace(host, port) || !port) return -Errno.EINVAL;
    // A copy: Node may hold it for long, and the program may use its array again.
    const bytes = Buffer.from(datagram.subarray(DATAGRAM_HEADER));
    this.#sending.add(operation);
    const go = (addresses: Addresses) => this.#transmit(operation, bytes, addresses, port);
    if (isIP(host)) go([host]);
    else resolveName(host, go);
    return PENDING;
  }

  #transmit(operation: Operation, bytes: Buffer, addresses: Addresses, port: number): void {
    // Forgotten or closed while its name was looked up.
    if (!this.#sending.has(operation)) return;
    const address = typeof addresses === "number" ? addresses : reachable(addresses, this.#isV6);
    if (typeof address !== "string") {
      // Not inside of `submit`: an operation ends after that.
      setImmediate(() => this.#sent(operation, address ?? -Errno.EAFNOSUPPORT));
      return;
    }
    this.#socket.send(bytes, port, address, (error) => this.#sent(operation, error ? -errnoOf(error) : bytes.length));
  }

  #sent(operation: Operation, result: number): void {
    if (this.#sending.delete(operation)) this.#sink.complete(operation, result);
  }

  /** Whether a datagram whose sending is cancelled goes out, nobody knows. */
  cancel(operation: Operation): void {
    this.#sending.delete(operation);
    this.#inbox.cancel(operation);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#inbox.close();
    for (const operation of this.#sending) this.#sent(operation, -Errno.EBADF);
    this.#socket.close();
  }

  destroy(): void {
    this.close();
  }
}

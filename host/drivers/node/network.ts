/** How sockets of the driver `node` come to be: by Node's own. */
import { existsSync } from "node:fs";
import { connect, type NetConnectOpts } from "node:net";
import path from "node:path";
import type { Operation } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Errno, errnoOf } from "../../errno.ts";
import { type Addresses, resolveName, writeLines } from "../common/names.ts";
import { isPlace } from "../common/places.ts";
import type { Network, Sockets } from "../common/sockets.ts";
import { NodeDatagrams } from "./datagrams.ts";
import { NodeListener, type Place } from "./listener.ts";
import { NodeStream } from "./stream.ts";

export class NodeNetwork implements Network {
  readonly #sink: DriverSink;
  readonly #sockets: () => Sockets;

  constructor(sink: DriverSink, sockets: () => Sockets) {
    this.#sink = sink;
    this.#sockets = sockets;
  }

  listen(operation: Operation, host: string): number {
    if (!isPlace(host, operation.argument)) return -Errno.EINVAL;
    return this.#listen(operation, { host, port: operation.argument }, (errno) => errno);
  }

  listenUnix(operation: Operation, at: string): number {
    // Node says EACCES, as on Windows.
    const isMissing = () => !existsSync(path.dirname(at));
    return this.#listen(operation, { path: at }, (errno) => {
      return errno === Errno.EACCES && isMissing() ? Errno.ENOENT : errno;
    });
  }

  #listen(operation: Operation, place: Place, correct: (errno: number) => number): number {
    const sockets = this.#sockets();
    const forget = NodeListener.listen(place, this.#sink, sockets, (listener, portOrErrno) => {
      if (listener) sockets.settle(operation, () => sockets.addListener(listener), portOrErrno);
      else sockets.settle(operation, -correct(portOrErrno));
    });
    return sockets.begin(operation, forget);
  }

  connect(operation: Operation, host: string): number {
    const port = operation.argument;
    if (!isPlace(host, port)) return -Errno.EINVAL;
    return this.#connect(operation, { host, port, allowHalfOpen: true, noDelay: true });
  }

  connectUnix(operation: Operation, at: string): number {
    return this.#connect(operation, { path: at, allowHalfOpen: true });
  }

  #connect(operation: Operation, options: NetConnectOpts): number {
    const sockets = this.#sockets();
    const socket = connect(options);
    const fail = (error: Error) => sockets.settle(operation, -errnoOf(error));
    socket.on("error", fail);
    socket.once("connect", () => {
      socket.off("error", fail);
      const stream = new NodeStream(socket, this.#sink);
      sockets.settle(operation, () => sockets.addStream(stream));
    });
    return sockets.begin(operation, () => socket.destroy());
  }

  bind(operation: Operation, host: string): number {
    const port = operation.argument;
    if (!isPlace(host, port)) return -Errno.EINVAL;
    const sockets = this.#sockets();
    let forgetSocket: (() => void) | undefined;
    let isForgotten = false;
    const pending = sockets.begin(operation, () => {
      isForgotten = true;
      forgetSocket?.();
    });
    const go = (addresses: Addresses) => {
      if (isForgotten) return;
      if (typeof addresses === "number") {
        sockets.settle(operation, addresses);
        return;
      }
      forgetSocket = NodeDatagrams.bind({ host: addresses[0] ?? "", port }, this.#sink, (socket, portOrErrno) => {
        if (socket) sockets.settle(operation, () => sockets.addDatagrams(socket), portOrErrno);
        else sockets.settle(operation, -portOrErrno);
      });
    };
    resolveName(host, go);
    return pending;
  }

  lookup(operation: Operation, host: string): number {
    if (!host) return -Errno.EINVAL;
    const sockets = this.#sockets();
    resolveName(host, (addresses) => {
      sockets.settle(operation, typeof addresses === "number" ? addresses : (into) => writeLines(addresses, into));
    });
    return sockets.begin(operation, () => {});
  }
}

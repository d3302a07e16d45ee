/** How sockets of the driver `selector` come to be: names are looked up first, and connections take their time. */
import type { Operation } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Errno, errnoOf } from "../../errno.ts";
import type { SocketAddress } from "../../event-queue/socket-address.ts";
import { localAddressOf, openDatagrams, openListener } from "../../event-queue/sockets.ts";
import type { Closable } from "../common/handles.ts";
import { type Resolve, writeLines } from "../common/names.ts";
import { isPlace } from "../common/places.ts";
import type { Network, Sockets } from "../common/sockets.ts";
import { Connecting } from "./connecting.ts";
import { SelectorDatagrams } from "./datagrams.ts";
import { SelectorListener } from "./listener.ts";
import type { ReadyHandler, System } from "./system.ts";

/** Connections that the system holds until the program accepts. */
const BACKLOG = 4096;

export class Beginnings implements Network {
  readonly #system: System;
  readonly #sink: DriverSink;
  readonly #sockets: () => Sockets;
  readonly #resolve: Resolve;
  readonly #later: (action: () => void) => void;

  /**
   * @param resolve calls back later, never at once, also for what is an address already
   * @param later does something outside of `submit`
   */
  constructor(
    system: System,
    sink: DriverSink,
    sockets: () => Sockets,
    { resolve, later }: { resolve: Resolve; later: (action: () => void) => void },
  ) {
    this.#system = system;
    this.#sink = sink;
    this.#sockets = sockets;
    this.#resolve = resolve;
    this.#later = later;
  }

  listen(operation: Operation, host: string): number {
    return this.#withAddresses(operation, host, ([address = ""]) => {
      return this.#listen(operation, { host: address, port: operation.argument });
    });
  }

  listenUnix(operation: Operation, path: string): number {
    return this.#postponed(operation, () => this.#listen(operation, { path }));
  }

  #listen(operation: Operation, at: SocketAddress): Forget {
    const sockets = this.#sockets();
    const path = "path" in at ? at.path : "";
    return this.#open(operation, () => {
      const fd = openListener(this.#system.calls, at, BACKLOG);
      const socket = new SelectorListener(this.#system, this.#sink, sockets, fd, path);
      return { fd, socket, give: () => sockets.addListener(socket), port: this.#portOf(fd) };
    });
  }

  bind(operation: Operation, host: string): number {
    const sockets = this.#sockets();
    return this.#withAddresses(operation, host, ([address = ""]) => {
      return this.#open(operation, () => {
        const fd = openDatagrams(this.#system.calls, { host: address, port: operation.argument });
        const socket = new SelectorDatagrams(this.#system, this.#sink, this.#resolve, fd, address.includes(":"));
        return { fd, socket, give: () => sockets.addDatagrams(socket), port: this.#portOf(fd) };
      });
    });
  }

  /** Opens a socket and watches it, and settles the operation. @returns what forgets it */
  #open(
    operation: Operation,
    open: () => { fd: number; socket: ReadyHandler & Closable; give: () => number; port: number },
  ): Forget {
    const sockets = this.#sockets();
    try {
      const { fd, socket, give, port } = open();
      const refused = this.#system.watch(fd, socket);
      if (refused) {
        socket.destroy();
        sockets.settle(operation, refused);
        return undefined;
      }
      sockets.settle(operation, give, port);
      return () => socket.destroy();
    } catch (error) {
      sockets.settle(operation, -errnoOf(error));
      return undefined;
    }
  }

  #portOf(fd: number): number {
    const address = localAddressOf(this.#system.calls, fd);
    return "path" in address ? 0 : address.port;
  }

  connect(operation: Operation, host: string): number {
    return this.#withAddresses(operation, host, (addresses) => {
      return this.#connect(
        operation,
        addresses.map((address) => ({ host: address, port: operation.argument })),
      );
    });
  }

  connectUnix(operation: Operation, path: string): number {
    return this.#postponed(operation, () => this.#connect(operation, [{ path }]));
  }

  #connect(operation: Operation, places: readonly SocketAddress[]): () => void {
    const connecting = new Connecting(this.#system, this.#sink, places, (result) => {
      if (typeof result === "number") this.#sockets().settle(operation, result);
      else this.#sockets().settle(operation, () => this.#sockets().addStream(result));
    });
    connecting.tryNext();
    return () => connecting.forget();
  }

  lookup(operation: Operation, host: string): number {
    if (!host) return -Errno.EINVAL;
    const sockets = this.#sockets();
    const pending = sockets.begin(operation, () => {});
    this.#resolve(host, (addresses) => {
      sockets.settle(operation, typeof addresses === "number" ? addresses : (into) => writeLines(addresses, into));
    });
    return pending;
  }

  /** Begins the operation, looks up the name, and goes on. @param next returns what forgets it */
  #withAddresses(operation: Operation, host: string, next: (addresses: readonly string[]) => Forget): number {
    if (!isPlace(host, operation.argument)) return -Errno.EINVAL;
    return this.#begin(operation, (go) => {
      this.#resolve(host, (addresses) => {
        go(() => {
          if (typeof addresses !== "number") return next(addresses);
          this.#sockets().settle(operation, addresses);
          return undefined;
        });
      });
    });
  }

  /** Begins the operation, and goes on outside of `submit`. @param next returns what forgets it */
  #postponed(operation: Operation, next: () => Forget): number {
    return this.#begin(operation, (go) => this.#later(() => go(next)));
  }

  /** @param start arranges for `go` to be called, later, with what begins it; that returns what forgets it */
  #begin(operation: Operation, start: (go: (next: () => Forget) => void) => void): number {
    let forgetNext: Forget;
    let isForgotten = false;
    const pending = this.#sockets().begin(operation, () => {
      isForgotten = true;
      forgetNext?.();
    });
    start((next) => {
      if (!isForgotten) forgetNext = next();
    });
    return pending;
  }
}

/** What forgets a beginning; nothing when it has ended. */
type Forget = (() => void) | undefined;

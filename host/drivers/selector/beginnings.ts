/** How listeners and connections of the driver `selector` come to be: names are looked up first, and connections take their time. */
import type { Operation } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Errno, errnoOf } from "../../errno.ts";
import { describeAddress } from "../../event-queue/socket-address.ts";
import { SocketOptions } from "../../event-queue/socket-calls.ts";
import { localAddressOf, openConnection, openListener, peerAddressOf } from "../../event-queue/sockets.ts";
import type { Resolve } from "../common/names.ts";
import { writeLines } from "../common/names.ts";
import type { Network, Sockets } from "../common/sockets.ts";
import { SelectorListener } from "./listener.ts";
import { SelectorStream } from "./stream.ts";
import { errnoOfResult, type ReadyHandler, type System } from "./system.ts";

/** Connections that the system holds until the program accepts. */
const BACKLOG = 4096;
const LAST_PORT = 65_535;
const NOT_CONNECTED = "ENOTCONN";

export class Beginnings implements Network {
  readonly #system: System;
  readonly #sink: DriverSink;
  readonly #sockets: () => Sockets;
  readonly #resolve: Resolve;

  /** @param resolve calls back later, never at once, also for what is an address already */
  constructor(system: System, sink: DriverSink, sockets: () => Sockets, resolve: Resolve) {
    this.#system = system;
    this.#sink = sink;
    this.#sockets = sockets;
    this.#resolve = resolve;
  }

  listen(operation: Operation, host: string): number {
    return this.#withAddresses(operation, host, ([address = ""]) => {
      try {
        const fd = openListener(this.#system.calls, { host: address, port: operation.argument }, BACKLOG);
        const listener = new SelectorListener(this.#system, this.#sink, this.#sockets(), fd);
        const refused = this.#system.watch(fd, listener);
        if (refused) this.#system.calls.close(fd);
        const port = (localAddressOf(this.#system.calls, fd) as { port: number }).port;
        if (refused) this.#sockets().settle(operation, refused);
        else this.#sockets().settle(operation, () => this.#sockets().addListener(listener), port);
        return () => listener.destroy();
      } catch (error) {
        this.#sockets().settle(operation, -errnoOf(error));
        return undefined;
      }
    });
  }

  connect(operation: Operation, host: string): number {
    return this.#withAddresses(operation, host, (addresses) => {
      const connecting = new Connecting(this.#system, this.#sink, addresses, operation.argument, (result) => {
        if (typeof result === "number") this.#sockets().settle(operation, result);
        else this.#sockets().settle(operation, () => this.#sockets().addStream(result));
      });
      connecting.tryNext();
      return () => connecting.forget();
    });
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
  #withAddresses(
    operation: Operation,
    host: string,
    next: (addresses: readonly string[]) => (() => void) | undefined,
  ): number {
    if (!host || operation.argument > LAST_PORT) return -Errno.EINVAL;
    const sockets = this.#sockets();
    let forgetNext: (() => void) | undefined;
    let isForgotten = false;
    const pending = sockets.begin(operation, () => {
      isForgotten = true;
      forgetNext?.();
    });
    const go = (addresses: readonly string[] | number) => {
      if (isForgotten) return;
      if (typeof addresses === "number") sockets.settle(operation, addresses);
      else forgetNext = next(addresses);
    };
    this.#resolve(host, go);
    return pending;
  }
}

/** A connection that is being made: to the first address that answers, in their order. */
class Connecting implements ReadyHandler {
  readonly #system: System;
  readonly #sink: DriverSink;
  readonly #addresses: string[];
  readonly #port: number;
  readonly #settle: (result: SelectorStream | number) => void;
  #fd = -1;
  #stream: SelectorStream | undefined;

  constructor(
    system: System,
    sink: DriverSink,
    addresses: readonly string[],
    port: number,
    settle: (result: SelectorStream | number) => void,
  ) {
    this.#system = system;
    this.#sink = sink;
    this.#addresses = [...addresses];
    this.#port = port;
    this.#settle = settle;
  }

  tryNext(): void {
    const host = this.#addresses.shift() ?? "";
    try {
      this.#fd = openConnection(this.#system.calls, { host, port: this.#port });
    } catch (error) {
      this.#failed(-errnoOf(error));
      return;
    }
    const refused = this.#system.watch(this.#fd, this);
    if (refused) {
      this.#system.calls.close(this.#fd);
      this.#fd = -1;
      this.#failed(refused);
    }
  }

  onReady(): void {
    const { calls } = this.#system;
    const error = calls.takeError(this.#fd);
    if (error < 0) {
      this.#system.close(this.#fd);
      this.#fd = -1;
      this.#failed(errnoOfResult(error));
      return;
    }
    const peer = this.#peer();
    if (peer === null) return;
    calls.setOption(this.#fd, SocketOptions.NO_DELAY, 1);
    this.#stream = new SelectorStream(this.#system, this.#sink, this.#fd, peer);
    this.#system.hand(this.#fd, this.#stream);
    this.#settle(this.#stream);
  }

  /** Null: it is not connected yet. */
  #peer(): string | null {
    try {
      return describeAddress(peerAddressOf(this.#system.calls, this.#fd));
    } catch (error) {
      if ((error as { code?: string }).code === NOT_CONNECTED) return null;
      throw error;
    }
  }

  #failed(result: number): void {
    if (this.#addresses.length) this.tryNext();
    else this.#settle(result);
  }

  forget(): void {
    if (this.#stream) this.#stream.destroy();
    else if (this.#fd >= 0) this.#system.close(this.#fd);
    this.#fd = -1;
  }
}

/** A connection of the driver `selector` that is being made: to the first address that answers, in their order. */
import type { DriverSink } from "../../driver.ts";
import { errnoOf } from "../../errno.ts";
import { describeAddress, type SocketAddress } from "../../event-queue/socket-address.ts";
import { SocketOptions } from "../../event-queue/socket-calls.ts";
import { openConnection, peerAddressOf } from "../../event-queue/sockets.ts";
import { SelectorStream } from "./stream.ts";
import { errnoOfResult, type ReadyHandler, type System } from "./system.ts";

const NOT_CONNECTED = "ENOTCONN";

export class Connecting implements ReadyHandler {
  readonly #system: System;
  readonly #sink: DriverSink;
  readonly #addresses: SocketAddress[];
  readonly #isUnix: boolean;
  readonly #settle: (result: SelectorStream | number) => void;
  #fd = -1;
  #stream: SelectorStream | undefined;

  constructor(
    system: System,
    sink: DriverSink,
    addresses: readonly SocketAddress[],
    settle: (result: SelectorStream | number) => void,
  ) {
    this.#system = system;
    this.#sink = sink;
    this.#addresses = [...addresses];
    this.#isUnix = addresses.some((address) => "path" in address);
    this.#settle = settle;
  }

  tryNext(): void {
    const address = this.#addresses.shift() as SocketAddress;
    try {
      this.#fd = openConnection(this.#system.calls, address);
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
    if (!this.#isUnix) calls.setOption(this.#fd, SocketOptions.NO_DELAY, 1);
    this.#stream = new SelectorStream(this.#system, this.#sink, this.#fd, this.#isUnix ? "" : peer);
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

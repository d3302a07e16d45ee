/** A listening socket, TCP or Unix, of the driver `selector`. Connections stay in the kernel until the program accepts. */
import { rmSync } from "node:fs";
import type { Operation } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { ADDRESS_BYTES, decodeAddress, describeAddress } from "../../event-queue/socket-address.ts";
import { SocketOptions } from "../../event-queue/socket-calls.ts";
import { Backlog } from "../common/backlog.ts";
import type { SocketListener, Sockets } from "../common/sockets.ts";
import { SelectorStream } from "./stream.ts";
import { type ReadyHandler, type System, WOULD_BLOCK } from "./system.ts";

const address = new Uint8Array(ADDRESS_BYTES);
const length = new Uint32Array(1);

export class SelectorListener implements SocketListener, ReadyHandler {
  readonly #system: System;
  readonly #sink: DriverSink;
  readonly #backlog: Backlog<SelectorStream>;
  readonly #fd: number;
  readonly #path: string;
  #isClosed = false;

  /**
   * @param fd of a socket that listens, and is watched for this handler
   * @param path of a Unix socket; empty for TCP
   */
  constructor(system: System, sink: DriverSink, sockets: Sockets, fd: number, path = "") {
    this.#system = system;
    this.#sink = sink;
    this.#fd = fd;
    this.#path = path;
    this.#backlog = new Backlog(sink, (stream) => sockets.addStream(stream));
  }

  get localAddress(): string {
    return this.#system.localAddress(this.#fd);
  }

  onReady(): void {
    while (this.#backlog.isAwaited) {
      const result = this.#take();
      if (typeof result === "number") {
        if (result !== WOULD_BLOCK) this.#backlog.fail(result);
        return;
      }
      this.#backlog.add(result);
    }
  }

  accept(operation: Operation): number {
    if (this.#backlog.hasSpare) return this.#backlog.take(operation);
    const result = this.#take();
    if (result === WOULD_BLOCK) return this.#backlog.take(operation);
    if (typeof result === "number") return result;
    this.#backlog.add(result);
    return this.#backlog.take(operation);
  }

  /** A connection; or WOULD_BLOCK, or a negative errno. */
  #take(): SelectorStream | number {
    const { calls } = this.#system;
    const fd = this.#system.accept(this.#fd, address, length);
    if (fd < 0) return fd;
    const peer = this.#path ? "" : describeAddress(decodeAddress(address, length[0] as number));
    if (!this.#path) calls.setOption(fd, SocketOptions.NO_DELAY, 1);
    const stream = new SelectorStream(this.#system, this.#sink, fd, peer);
    const refused = this.#system.watch(fd, stream);
    if (!refused) return stream;
    calls.close(fd);
    return refused;
  }

  cancel(operation: Operation): void {
    this.#backlog.cancel(operation);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stream of this.#backlog.close()) stream.destroy();
    // Before it is closed: afterwards it might be another's.
    if (this.#path) rmSync(this.#path, { force: true });
    this.#system.close(this.#fd);
  }

  destroy(): void {
    this.close();
  }
}

/** A port on which the program listens, in the driver `virtual`. */
import type { Operation } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Backlog } from "../common/backlog.ts";
import type { SocketListener, Sockets } from "../common/sockets.ts";
import type { VirtualNetwork } from "./network.ts";
import { VirtualStream } from "./stream.ts";

export class VirtualListener implements SocketListener {
  /** The port; a negative errno when it could not be bound. */
  readonly port: number;
  readonly #network: VirtualNetwork;
  readonly #backlog: Backlog<VirtualStream>;

  constructor(
    network: VirtualNetwork,
    { host, port }: { host: string; port: number },
    sink: DriverSink,
    sockets: Sockets,
  ) {
    this.#network = network;
    this.#backlog = new Backlog(sink, (stream) => sockets.addStream(stream));
    this.port = network.bind(host, port, (endpoint) => this.#backlog.add(new VirtualStream(endpoint, sink)));
  }

  accept(operation: Operation): number {
    return this.#backlog.accept(operation);
  }

  cancel(operation: Operation): void {
    this.#backlog.cancel(operation);
  }

  close(): void {
    if (this.port >= 0) this.#network.unbind(this.port);
    for (const stream of this.#backlog.close()) stream.destroy();
  }

  destroy(): void {
    this.close();
  }
}

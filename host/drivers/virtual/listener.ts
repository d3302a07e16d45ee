/** A port or a path on which the program listens, in the driver `virtual`. */
import type { Operation } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Backlog } from "../common/backlog.ts";
import { placeName } from "../common/places.ts";
import type { SocketListener, Sockets } from "../common/sockets.ts";
import { addressIn } from "./names.ts";
import type { VirtualNetwork } from "./network.ts";
import type { Endpoint } from "./pipe.ts";
import { VirtualStream } from "./stream.ts";

export class VirtualListener implements SocketListener {
  /** The port, 0 for a path; a negative errno when it could not be bound. */
  readonly port: number;
  readonly localAddress: string;
  readonly #key: number | string;
  readonly #network: VirtualNetwork;
  readonly #backlog: Backlog<VirtualStream>;

  constructor(
    network: VirtualNetwork,
    place: { host: string; port: number } | { path: string },
    sink: DriverSink,
    sockets: Sockets,
  ) {
    this.#network = network;
    this.#backlog = new Backlog(sink, (stream) => sockets.addStream(stream));
    const onConnection = (endpoint: Endpoint) => this.#backlog.add(new VirtualStream(endpoint, sink));
    const isPath = "path" in place;
    this.port = isPath
      ? network.bindPath(place.path, onConnection)
      : network.bind(place.host, place.port, onConnection);
    this.localAddress = isPath ? "" : placeName(addressIn(place.host), this.port);
    this.#key = isPath ? place.path : this.port;
  }

  accept(operation: Operation): number {
    return this.#backlog.take(operation);
  }

  cancel(operation: Operation): void {
    this.#backlog.cancel(operation);
  }

  close(): void {
    if (this.port >= 0) this.#network.unbind(this.#key);
    for (const stream of this.#backlog.close()) stream.destroy();
  }

  destroy(): void {
    this.close();
  }
}

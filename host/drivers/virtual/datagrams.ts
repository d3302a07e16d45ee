/** A UDP socket of the driver `virtual`. */
import { DATAGRAM_HEADER, type Operation, readReceiver } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { DatagramInbox } from "../common/datagram-inbox.ts";
import { placeName } from "../common/places.ts";
import type { SocketDatagrams } from "../common/sockets.ts";
import { addressIn, reachedBy } from "./names.ts";
import type { VirtualNetwork } from "./network.ts";
import type { VirtualPost } from "./post.ts";

export class VirtualDatagrams implements SocketDatagrams {
  /** The port; a negative errno when it could not be bound. */
  readonly port: number;
  readonly localAddress: string;
  readonly #host: string;
  readonly #post: VirtualPost;
  readonly #inbox: DatagramInbox;

  constructor(network: VirtualNetwork, { host, port }: { host: string; port: number }, sink: DriverSink) {
    this.#post = network.post;
    this.#inbox = new DatagramInbox(sink);
    this.#host = reachedBy(host);
    this.port = this.#post.bind(host, port, (bytes, sender) => this.#inbox.add(bytes, sender));
    this.localAddress = placeName(addressIn(host), this.port);
  }

  receive(operation: Operation, into: Uint8Array): number {
    return this.#inbox.receive(operation, into);
  }

  send(_operation: Operation, datagram: Uint8Array): number {
    const sender = { host: this.#host, port: this.port };
    return this.#post.send(sender, readReceiver(datagram), datagram.slice(DATAGRAM_HEADER));
  }

  cancel(operation: Operation): void {
    this.#inbox.cancel(operation);
  }

  close(): void {
    if (this.port >= 0) this.#post.unbind(this.port);
    this.#inbox.close();
  }

  destroy(): void {
    this.close();
  }
}

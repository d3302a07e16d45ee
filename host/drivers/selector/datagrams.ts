/** A UDP socket of the driver `selector`. Datagrams stay in the kernel until the program receives them. */
import { isIP } from "node:net";
import { DATAGRAM_HEADER, type Operation, PENDING, readReceiver, writeDatagram } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Errno } from "../../errno.ts";
import { Interest } from "../../event-queue/interest.ts";
import { ADDRESS_BYTES, decodeAddress, encodeAddress, type InternetAddress } from "../../event-queue/socket-address.ts";
import { DatagramInbox } from "../common/datagram-inbox.ts";
import type { Addresses, Resolve } from "../common/names.ts";
import { isPlace, reachable } from "../common/places.ts";
import type { SocketDatagrams } from "../common/sockets.ts";
import { type ReadyHandler, scratch, type System, WOULD_BLOCK } from "./system.ts";

const address = new Uint8Array(ADDRESS_BYTES);
const length = new Uint32Array(1);

/** A datagram that the kernel has not taken. */
interface Outgoing {
  operation: Operation;
  bytes: Uint8Array;
  to: InternetAddress;
}

export class SelectorDatagrams implements SocketDatagrams, ReadyHandler {
  readonly #system: System;
  readonly #sink: DriverSink;
  readonly #resolve: Resolve;
  readonly #fd: number;
  readonly #isV6: boolean;
  readonly #inbox: DatagramInbox;
  /** Those that wait for the kernel, in their order. */
  #outgoing: Outgoing[] = [];
  /** Those whose receiver's name is looked up. */
  readonly #resolving = new Set<Operation>();
  #isClosed = false;

  /** @param fd of a socket that is bound, and watched for this handler */
  constructor(system: System, sink: DriverSink, resolve: Resolve, fd: number, isV6: boolean) {
    this.#system = system;
    this.#sink = sink;
    this.#resolve = resolve;
    this.#fd = fd;
    this.#isV6 = isV6;
    this.#inbox = new DatagramInbox(sink);
  }

  get localAddress(): string {
    return this.#system.localAddress(this.#fd);
  }

  onReady(isReadable: boolean, isWritable: boolean): void {
    if (isReadable) this.#receiveAll();
    if (isWritable) this.#goOn();
  }

  #receiveAll(): void {
    while (this.#inbox.isAwaited) {
      const result = this.#receive();
      if (result === WOULD_BLOCK) return;
      if (result < 0) this.#inbox.fail(result);
      else this.#inbox.add(scratch.slice(0, result), this.#sender());
    }
  }

  receive(operation: Operation, into: Uint8Array): number {
    if (this.#inbox.hasSpare) return this.#inbox.receive(operation, into);
    const result = this.#receive();
    if (result === WOULD_BLOCK) return this.#inbox.receive(operation, into);
    return result < 0 ? result : writeDatagram(into, scratch.subarray(0, result), this.#sender());
  }

  /** Into a room of our own, for which none is too large: the kernel would not tell everywhere that it has cut one off. */
  #receive(): number {
    const { calls } = this.#system;
    return this.#system.try(this.#fd, Interest.READABLE, () => calls.receiveFrom(this.#fd, scratch, address, length));
  }

  #sender(): InternetAddress {
    return decodeAddress(address, length[0] as number) as InternetAddress;
  }

  send(operation: Operation, datagram: Uint8Array): number {
    const { host, port } = readReceiver(datagram);
    if (!isPlace(host, port) || !port) return -Errno.EINVAL;
    const bytes = datagram.subarray(DATAGRAM_HEADER);
    if (isIP(host)) return this.#sendTo(operation, bytes, [host], port);
    const copy = bytes.slice();
    this.#resolving.add(operation);
    this.#resolve(host, (addresses) => {
      // Forgotten or closed meanwhile.
      if (!this.#resolving.delete(operation)) return;
      const result = this.#sendTo(operation, copy, addresses, port);
      if (result !== PENDING) this.#sink.complete(operation, result);
    });
    return PENDING;
  }

  #sendTo(operation: Operation, bytes: Uint8Array, addresses: Addresses, port: number): number {
    if (typeof addresses === "number") return addresses;
    const host = reachable(addresses, this.#isV6);
    if (host === undefined) return -Errno.EAFNOSUPPORT;
    const to = { host, port };
    if (!isKnown(to)) return -Errno.EINVAL;
    // In the order of the sends.
    const result = this.#outgoing.length ? WOULD_BLOCK : this.#transmit(bytes, to);
    if (result !== WOULD_BLOCK) return result;
    this.#outgoing.push({ operation, bytes: bytes.slice(), to });
    return PENDING;
  }

  #transmit(bytes: Uint8Array, to: InternetAddress): number {
    const { calls } = this.#system;
    const size = encodeAddress(to, address);
    return this.#system.try(this.#fd, Interest.WRITABLE, () => calls.sendTo(this.#fd, bytes, address, size));
  }

  #goOn(): void {
    while (this.#outgoing.length) {
      const { operation, bytes, to } = this.#outgoing[0] as Outgoing;
      const result = this.#transmit(bytes, to);
      if (result === WOULD_BLOCK) return;
      this.#outgoing.shift();
      this.#sink.complete(operation, result);
    }
  }

  cancel(operation: Operation): void {
    this.#inbox.cancel(operation);
    this.#resolving.delete(operation);
    this.#outgoing = this.#outgoing.filter((waiting) => waiting.operation !== operation);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#inbox.close();
    const sending = [...this.#outgoing.map(({ operation }) => operation), ...this.#resolving];
    this.#outgoing = [];
    this.#resolving.clear();
    for (const operation of sending) this.#sink.complete(operation, -Errno.EBADF);
    this.#system.close(this.#fd);
  }

  destroy(): void {
    this.close();
  }
}

/** Not every address that Node takes for one can be written as the kernel has it: interfaces have numbers here, and no names. */
function isKnown(to: InternetAddress): boolean {
  try {
    encodeAddress(to, address);
    return true;
  } catch {
    return false;
  }
}

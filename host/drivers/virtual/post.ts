/**
 * `VirtualPost`: the datagrams of one simulated machine, and the ports that receive them. Those that are not lost arrive after a latency, in the
 * order in which they were sent.
 */
import type { Correspondent } from "../../abi.ts";
import { Errno } from "../../errno.ts";
import { isPlace } from "../common/places.ts";
import type { Delay } from "./link.ts";
import { FIRST_FREE_PORT, isAddress, isOwn, LAST_PORT, LOOPBACK } from "./names.ts";
import type { Clock } from "./pipe.ts";

export interface PostOptions {
  /** Nanoseconds that the next datagram takes. */
  delay: Delay;
  /** Asked once for each. */
  isLost: () => boolean;
}

type OnDatagram = (bytes: Uint8Array, sender: Correspondent) => void;

/** A UDP socket in the hands of a test. */
export interface VirtualCorrespondent {
  readonly port: number;
  /** Sends to a port of the program. */
  send(bytes: Uint8Array | string, port: number): void;
  /** The next datagram. */
  receive(): Promise<{ bytes: Buffer; port: number }>;
  close(): void;
}

export class VirtualPost {
  readonly #clock: Clock;
  readonly #options: PostOptions;
  readonly #receivers = new Map<number, OnDatagram>();
  #nextPort = FIRST_FREE_PORT;
  /** When what was sent last arrives: nothing overtakes it. */
  #last = 0;

  constructor(clock: Clock, options: PostOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Opens a socket for a test. */
  open(port = 0): VirtualCorrespondent {
    const arrived: { bytes: Buffer; port: number }[] = [];
    const waiting: ((datagram: { bytes: Buffer; port: number }) => void)[] = [];
    const bound = this.bind(LOOPBACK, port, (bytes, sender) => {
      const datagram = { bytes: Buffer.from(bytes), port: sender.port };
      const receive = waiting.shift();
      if (receive) receive(datagram);
      else arrived.push(datagram);
    });
    if (bound < 0) throw Object.assign(new Error(`port ${port} cannot be bound`), { code: "EADDRINUSE" });
    const own = { host: LOOPBACK, port: bound };
    return {
      port: bound,
      send: (bytes, to) => void this.send(own, { host: LOOPBACK, port: to }, Buffer.from(bytes)),
      receive() {
        const datagram = arrived.shift();
        return datagram ? Promise.resolve(datagram) : new Promise((resolve) => waiting.push(resolve));
      },
      close: () => this.unbind(bound),
    };
  }

  /** Binds a port of a name or address; 0: a free one. @returns the port, or a negative errno */
  bind(host: string, port: number, onDatagram: OnDatagram): number {
    if (!isPlace(host, port)) return -Errno.EINVAL;
    if (!isOwn(host)) return -(isAddress(host) ? Errno.EADDRNOTAVAIL : Errno.ENOTFOUND);
    const bound = port || this.#freePort();
    if (this.#receivers.has(bound)) return -Errno.EADDRINUSE;
    this.#receivers.set(bound, onDatagram);
    return bound;
  }

  unbind(port: number): void {
    this.#receivers.delete(port);
  }

  /** Sends bytes, which belong to the network then. @returns how many, or a negative errno */
  send(from: Correspondent, to: Correspondent, bytes: Uint8Array): number {
    if (!isPlace(to.host, to.port) || !to.port) return -Errno.EINVAL;
    if (!isOwn(to.host)) return -(isAddress(to.host) ? Errno.ENETUNREACH : Errno.ENOTFOUND);
    if (to.host.includes(":") && !from.host.includes(":")) return -Errno.EAFNOSUPPORT;
    if (this.#options.isLost()) return bytes.length;
    const now = this.#clock.now();
    this.#last = Math.max(this.#last, now + this.#options.delay());
    this.#clock.after(this.#last - now, () => this.#receivers.get(to.port)?.(bytes, from));
    return bytes.length;
  }

  #freePort(): number {
    while (this.#receivers.has(this.#nextPort)) this.#nextPort++;
    const port = this.#nextPort++;
    if (this.#nextPort > LAST_PORT) this.#nextPort = FIRST_FREE_PORT;
    return port;
  }
}

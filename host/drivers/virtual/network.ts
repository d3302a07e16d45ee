/** `VirtualNetwork`: one simulated machine, with ports on which programs and tests listen. */
import { Errno } from "../../errno.ts";
import { type Clock, connectPair, type Endpoint, type PipeOptions } from "./pipe.ts";
import { placeName } from "../common/places.ts";
import { FIRST_FREE_PORT, isAddress, isOwn, LAST_PORT, LOOPBACK, reachedBy } from "./names.ts";
import { VirtualPeer } from "./peer.ts";
import { VirtualPost } from "./post.ts";

/** A port on which a test listens. */
export interface VirtualPort {
  readonly port: number;
  /** The next connection of the program. */
  accept(): Promise<VirtualPeer>;
  close(): void;
}

export class VirtualNetwork {
  readonly #clock: Clock;
  readonly #options: PipeOptions;
  /** Who is told of new connections, by port or path. */
  readonly #listeners = new Map<number | string, (endpoint: Endpoint) => void>();
  /** Its datagrams. */
  readonly post: VirtualPost;
  #nextPort = FIRST_FREE_PORT;

  /** @param isLost says which datagrams are lost */
  constructor(clock: Clock, options: PipeOptions, isLost: () => boolean = () => false) {
    this.#clock = clock;
    this.#options = options;
    this.post = new VirtualPost(clock, { latency: options.latency, isLost });
  }

  /** Connects a test to a port on which the program listens. Rejects with ECONNREFUSED when it does not. */
  connect(port: number): Promise<VirtualPeer> {
    return this.#connect((settle) => this.begin(LOOPBACK, port, settle));
  }

  /** The same by the path of a Unix socket. Rejects with ENOENT when the program does not listen there. */
  connectUnix(path: string): Promise<VirtualPeer> {
    return this.#connect((settle) => this.beginPath(path, settle));
  }

  #connect(begin: (settle: (endpoint: Endpoint | number) => void) => void): Promise<VirtualPeer> {
    return new Promise((resolve, reject) => {
      begin((endpoint) => {
        if (typeof endpoint === "number") reject(networkError("refused", -endpoint));
        else resolve(new VirtualPeer(endpoint));
      });
    });
  }

  /** Listens with a test, for the program to connect to. */
  listen(port = 0): VirtualPort {
    const arrivals = new Arrivals();
    const bound = this.bind(LOOPBACK, port, (endpoint) => arrivals.add(endpoint));
    if (bound < 0) throw networkError(`port ${port} cannot be bound`, -bound);
    return { port: bound, accept: () => arrivals.next(), close: () => this.unbind(bound) };
  }

  /** The same by a path. */
  listenUnix(path: string): Omit<VirtualPort, "port"> {
    const arrivals = new Arrivals();
    const bound = this.bindPath(path, (endpoint) => arrivals.add(endpoint));
    if (bound < 0) throw networkError(`${path} cannot be bound`, -bound);
    return { accept: () => arrivals.next(), close: () => this.unbind(path) };
  }

  /** A port that nobody listens on and nobody will be given. */
  unusedPort(): number {
    return this.#freePort();
  }

  /** Binds a port of a name or address; 0: a free one. @returns the port, or a negative errno */
  bind(host: string, port: number, onConnection: (endpoint: Endpoint) => void): number {
    if (!host || port > LAST_PORT) return -Errno.EINVAL;
    if (!isOwn(host)) return -(isAddress(host) ? Errno.EADDRNOTAVAIL : Errno.ENOTFOUND);
    const bound = port || this.#freePort();
    if (this.#listeners.has(bound)) return -Errno.EADDRINUSE;
    this.#listeners.set(bound, onConnection);
    return bound;
  }

  /** Binds a path. @returns 0, or a negative errno */
  bindPath(path: string, onConnection: (endpoint: Endpoint) => void): number {
    if (this.#listeners.has(path)) return -Errno.EADDRINUSE;
    this.#listeners.set(path, onConnection);
    return 0;
  }

  unbind(portOrPath: number | string): void {
    this.#listeners.delete(portOrPath);
  }

  /** Begins to connect; `settle` gets this end, or a negative errno, after the time that it takes. */
  begin(host: string, port: number, settle: (endpoint: Endpoint | number) => void): void {
    const { latency } = this.#options;
    if (!isOwn(host)) {
      const errno = isAddress(host) ? Errno.ENETUNREACH : Errno.ENOTFOUND;
      this.#clock.after(latency, () => settle(-errno));
      return;
    }
    const address = reachedBy(host);
    const addresses = () => ({ client: placeName(address, this.#freePort()), server: placeName(address, port) });
    this.#begin(port, addresses, Errno.ECONNREFUSED, settle);
  }

  /** The same by a path. */
  beginPath(path: string, settle: (endpoint: Endpoint | number) => void): void {
    this.#begin(path, () => ({ client: "", server: "" }), Errno.ENOENT, settle);
  }

  #begin(
    key: number | string,
    addresses: () => { client: string; server: string },
    refusal: number,
    settle: (endpoint: Endpoint | number) => void,
  ): void {
    const { latency } = this.#options;
    this.#clock.after(latency, () => {
      const listener = this.#listeners.get(key);
      if (!listener) {
        this.#clock.after(latency, () => settle(-refusal));
        return;
      }
      const { client, server } = connectPair(this.#clock, this.#options, addresses());
      this.#clock.after(latency, () => settle(client));
      listener(server);
    });
  }

  /** The addresses of a name; an errno when there are none. */
  resolve(host: string): string[] | number {
    if (!host) return -Errno.EINVAL;
    if (isAddress(host)) return [host];
    return isOwn(host) ? [LOOPBACK] : -Errno.ENOTFOUND;
  }

  #freePort(): number {
    while (this.#listeners.has(this.#nextPort)) this.#nextPort++;
    const port = this.#nextPort++;
    if (this.#nextPort > LAST_PORT) this.#nextPort = FIRST_FREE_PORT;
    return port;
  }
}

/** Connections that a test has not accepted yet, and those who wait for one. */
class Arrivals {
  readonly #connected: VirtualPeer[] = [];
  readonly #waiting: ((peer: VirtualPeer) => void)[] = [];

  add(endpoint: Endpoint): void {
    const peer = new VirtualPeer(endpoint);
    const accept = this.#waiting.shift();
    if (accept) accept(peer);
    else this.#connected.push(peer);
  }

  next(): Promise<VirtualPeer> {
    const peer = this.#connected.shift();
    return peer ? Promise.resolve(peer) : new Promise((resolve) => this.#waiting.push(resolve));
  }
}

function networkError(message: string, errno: number): Error {
  const [code = "EIO"] = Object.entries(Errno).find(([, number]) => number === errno) ?? [];
  return Object.assign(new Error(message), { code });
}

/** `VirtualNetwork`: one simulated machine, with ports on which programs and tests listen. */
import { Errno } from "../../errno.ts";
import { type Clock, connectPair, type Endpoint, type PipeOptions } from "./pipe.ts";
import { VirtualPeer } from "./peer.ts";

/** The first port that is given to who asks for any, as on Linux and elsewhere. */
const FIRST_FREE_PORT = 49_152;
const LAST_PORT = 65_535;

const LOOPBACK = "127.0.0.1";

/** Names and addresses of this machine. */
const OWN_NAMES = new Set(["localhost", LOOPBACK, "0.0.0.0"]);

const ADDRESS = /^(\d{1,3}\.){3}\d{1,3}$|:/;

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
  /** Who is told of new connections, by port. */
  readonly #listeners = new Map<number, (endpoint: Endpoint) => void>();
  #nextPort = FIRST_FREE_PORT;

  constructor(clock: Clock, options: PipeOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Connects a test to a port on which the program listens. Rejects with ECONNREFUSED when it does not. */
  connect(port: number): Promise<VirtualPeer> {
    return new Promise((resolve, reject) => {
      this.begin(LOOPBACK, port, (endpoint) => {
        if (typeof endpoint === "number") reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
        else resolve(new VirtualPeer(endpoint));
      });
    });
  }

  /** Listens with a test, for the program to connect to. */
  listen(port = 0): VirtualPort {
    const connected: VirtualPeer[] = [];
    const waiting: ((peer: VirtualPeer) => void)[] = [];
    const bound = this.bind(LOOPBACK, port, (endpoint) => {
      const peer = new VirtualPeer(endpoint);
      const accept = waiting.shift();
      if (accept) accept(peer);
      else connected.push(peer);
    });
    if (bound < 0) throw Object.assign(new Error(`port ${port} cannot be bound`), { code: "EADDRINUSE" });
    return {
      port: bound,
      accept() {
        const peer = connected.shift();
        return peer ? Promise.resolve(peer) : new Promise((resolve) => waiting.push(resolve));
      },
      close: () => this.unbind(bound),
    };
  }

  /** A port that nobody listens on and nobody will be given. */
  unusedPort(): number {
    return this.#freePort();
  }

  /** Binds a port of a name or address; 0: a free one. @returns the port, or a negative errno */
  bind(host: string, port: number, onConnection: (endpoint: Endpoint) => void): number {
    if (!host || port > LAST_PORT) return -Errno.EINVAL;
    if (!OWN_NAMES.has(host)) return -(ADDRESS.test(host) ? Errno.EADDRNOTAVAIL : Errno.ENOTFOUND);
    const bound = port || this.#freePort();
    if (this.#listeners.has(bound)) return -Errno.EADDRINUSE;
    this.#listeners.set(bound, onConnection);
    return bound;
  }

  unbind(port: number): void {
    this.#listeners.delete(port);
  }

  /** Begins to connect; `settle` gets this end, or a negative errno, after the time that it takes. */
  begin(host: string, port: number, settle: (endpoint: Endpoint | number) => void): void {
    const { latency } = this.#options;
    if (!OWN_NAMES.has(host)) {
      const errno = ADDRESS.test(host) ? Errno.ENETUNREACH : Errno.ENOTFOUND;
      this.#clock.after(latency, () => settle(-errno));
      return;
    }
    this.#clock.after(latency, () => {
      const listener = this.#listeners.get(port);
      if (!listener) {
        this.#clock.after(latency, () => settle(-Errno.ECONNREFUSED));
        return;
      }
      const addresses = { client: `${LOOPBACK}:${this.#freePort()}`, server: `${LOOPBACK}:${port}` };
      const { client, server } = connectPair(this.#clock, this.#options, addresses);
      this.#clock.after(latency, () => settle(client));
      listener(server);
    });
  }

  /** The addresses of a name; an errno when there are none. */
  resolve(host: string): string[] | number {
    if (!host) return -Errno.EINVAL;
    if (ADDRESS.test(host)) return [host];
    return OWN_NAMES.has(host) ? [LOOPBACK] : -Errno.ENOTFOUND;
  }

  #freePort(): number {
    while (this.#listeners.has(this.#nextPort)) this.#nextPort++;
    const port = this.#nextPort++;
    if (this.#nextPort > LAST_PORT) this.#nextPort = FIRST_FREE_PORT;
    return port;
  }
}

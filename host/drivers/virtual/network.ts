/**
 * `VirtualNetwork`: a simulated network. The program lives on one machine; tests listen and connect there, and on other hosts that they
 * name.
 */
import { Errno } from "../../errno.ts";
import { drawFaults, type Fault, type FaultChances } from "./faults.ts";
import { type Delay, delayOf, GIVE_UP, type Latency, Way } from "./link.ts";
import { type Clock, type Connection, connectPair, type Endpoint, type PipeOptions } from "./pipe.ts";
import { VirtualPeer } from "./peer.ts";
import { placeName } from "../common/places.ts";
import { FIRST_FREE_PORT, isAddress, isOwn, LAST_PORT, LOOPBACK, reachedBy } from "./names.ts";
import { VirtualPost } from "./post.ts";
import { Random } from "./random.ts";

/** The default, in milliseconds. */
const LATENCY = 0.1;

/** How long things take in a simulated network, who is there, and what goes wrong. */
export interface NetworkOptions {
  /** Milliseconds that bytes take from one end of a connection to the other; 0.1 by default. */
  latency?: Latency;
  /** Other hosts, by name. Nobody listens there until a test does. */
  hosts?: Record<string, { latency?: Latency }>;
  /** What goes wrong: at given times, or by chance. */
  faults?: readonly Fault[] | FaultChances;
}

/** A machine beside the program's. */
interface Host {
  readonly address: string;
  readonly latency: Latency | undefined;
  isCut: boolean;
  /** Connections that begin while it is cut. */
  waiting: (() => void)[];
}

/** A connection, and where it leads. */
interface Known extends Connection {
  readonly number: number;
  readonly host: string;
  readonly port: number;
  /** Whether the program's end is the client's. */
  readonly isOutward: boolean;
}

/** A connection that somebody wants. */
interface Call {
  /** The host at the other end of the program's. */
  readonly host: string;
  /** Of the listener. */
  readonly key: number | string;
  readonly port: number;
  readonly isOutward: boolean;
  /** By which the program's own machine is reached; the loopback one by default. */
  readonly address?: string;
}

/** Whether it goes to the path of a Unix socket. */
function isPath({ key, port }: Call): boolean {
  return typeof key === "string" && port === 0;
}

/** A port on which a test listens. */
export interface VirtualPort {
  /** Its number. */
  readonly port: number;
  /** The next connection of the program. */
  accept(): Promise<VirtualPeer>;
  /** Nobody listens there any more. Connections that were accepted stay. */
  close(): void;
}

/** The simulated network of a `virtualDriver`. All its waits are in simulated time. */
export class VirtualNetwork {
  readonly #clock: Clock;
  readonly #options: PipeOptions & NetworkOptions;
  readonly #random: Random;
  /** Of their own: latencies stay the same when what has gone wrong by chance is told by script. */
  readonly #misfortune: Random;
  readonly #hosts = new Map<string, Host>();
  /** Who is told of new connections, by port on the program's machine, and by host and port on others. */
  readonly #listeners = new Map<number | string, (endpoint: Endpoint) => void>();
  readonly #connections = new Set<Known>();
  #connectionCount = 0;
  /** What goes wrong by chance, as a script that does the same. */
  readonly drawnFaults: Fault[] = [];
  /** Its datagrams. */
  readonly post: VirtualPost;
  #nextPort = FIRST_FREE_PORT;

  /**
   * @internal
   * @param seed of latencies and faults
   * @param isLost says which datagrams are lost
   */
  constructor(clock: Clock, options: PipeOptions & NetworkOptions, seed: number, isLost: () => boolean = () => false) {
    this.#clock = clock;
    this.#options = options;
    this.#random = new Random(seed ^ 0x3c6ef372);
    this.#misfortune = new Random(seed ^ 0x2c1b3c6d);
    this.post = new VirtualPost(clock, { delay: this.#delayTo(LOOPBACK), isLost });
    Object.entries(options.hosts ?? {}).forEach(([name, { latency }], i) => {
      this.#hosts.set(name, { address: `10.0.0.${i + 1}`, latency, isCut: false, waiting: [] });
    });
    const { faults } = options;
    if (Array.isArray(faults)) {
      for (const fault of faults as readonly Fault[]) {
        if (fault.at > 0) clock.after(fault.at * 1e6, () => this.fail(fault));
        else this.fail(fault);
      }
    }
  }

  /** Connects a test to a port on which the program listens. Rejects with ECONNREFUSED when it does not. @param from a host */
  connect(port: number, from = LOOPBACK): Promise<VirtualPeer> {
    return this.#connect((settle) => this.#dial({ host: from, key: port, port, isOutward: false }, settle));
  }

  /** The same by the path of a Unix socket. Rejects with ENOENT when the program does not listen there. */
  connectUnix(path: string): Promise<VirtualPeer> {
    return this.#connect((settle) => this.beginPath(path, settle));
  }

  #connect(begin: (settle: (endpoint: Endpoint | number) => void) => void): Promise<VirtualPeer> {
    return new Promise((resolve, reject) => {
      begin((endpoint) => {
        if (typeof endpoint === "number") reject(networkError("refused", -endpoint));
        else resolve(new VirtualPeer(endpoint, this.#clock));
      });
    });
  }

  /** Listens with a test, for the program to connect to. @param host another one than the program's */
  listen(port = 0, host = LOOPBACK): VirtualPort {
    const arrivals = new Arrivals(this.#clock);
    const found = (endpoint: Endpoint) => arrivals.add(endpoint);
    const bound = isOwn(host) ? this.bind(host, port, found) : this.#bindElsewhere(host, port, found);
    if (bound < 0) throw networkError(`port ${port} cannot be bound`, -bound);
    const close = () => this.unbind(isOwn(host) ? bound : `${host}:${bound}`);
    return { port: bound, accept: () => arrivals.next(), close };
  }

  /** The same by a path. */
  listenUnix(path: string): Omit<VirtualPort, "port"> {
    const arrivals = new Arrivals(this.#clock);
    const bound = this.bindPath(path, (endpoint) => arrivals.add(endpoint));
    if (bound < 0) throw networkError(`${path} cannot be bound`, -bound);
    return { accept: () => arrivals.next(), close: () => this.unbind(path) };
  }

  /** A port that nobody listens on and nobody will be given. */
  unusedPort(): number {
    return this.#freePort();
  }

  /** @internal Binds a port of a name or address; 0: a free one. @returns the port, or a negative errno */
  bind(host: string, port: number, onConnection: (endpoint: Endpoint) => void): number {
    if (!host || port > LAST_PORT) return -Errno.EINVAL;
    if (!isOwn(host)) return -(isAddress(host) ? Errno.EADDRNOTAVAIL : Errno.ENOTFOUND);
    const bound = port || this.#freePort();
    if (this.#listeners.has(bound)) return -Errno.EADDRINUSE;
    this.#listeners.set(bound, onConnection);
    return bound;
  }

  #bindElsewhere(host: string, port: number, onConnection: (endpoint: Endpoint) => void): number {
    if (!this.#hosts.has(host)) return -Errno.ENOTFOUND;
    const bound = port || this.#freePort();
    if (this.#listeners.has(`${host}:${bound}`)) return -Errno.EADDRINUSE;
    this.#listeners.set(`${host}:${bound}`, onConnection);
    return bound;
  }

  /** @internal Binds a path. @returns 0, or a negative errno */
  bindPath(path: string, onConnection: (endpoint: Endpoint) => void): number {
    if (this.#listeners.has(path)) return -Errno.EADDRINUSE;
    this.#listeners.set(path, onConnection);
    return 0;
  }

  /** @internal Nobody listens there any more. */
  unbind(portOrPath: number | string): void {
    this.#listeners.delete(portOrPath);
  }

  /** Begins to connect; `settle` gets this end, or a negative errno, after the time that it takes. */
  begin(host: string, port: number, settle: (endpoint: Endpoint | number) => void): void {
    const known = [...this.#hosts].find(([name, { address }]) => name === host || address === host);
    if (known) {
      this.#dial({ host: known[0], key: `${known[0]}:${port}`, port, isOutward: true }, settle);
      return;
    }
    if (!isOwn(host)) {
      const errno = isAddress(host) ? Errno.ENETUNREACH : Errno.ENOTFOUND;
      this.#clock.after(this.#delayTo(host)(), () => settle(-errno));
      return;
    }
    this.#dial({ host: LOOPBACK, address: reachedBy(host), key: port, port, isOutward: true }, settle);
  }

  /** The same by a path. */
  beginPath(path: string, settle: (endpoint: Endpoint | number) => void): void {
    this.#dial({ host: LOOPBACK, key: path, port: 0, isOutward: true }, settle);
  }

  #delayTo(host: string): Delay {
    return delayOf(this.#hosts.get(host)?.latency ?? this.#options.latency ?? LATENCY, this.#random);
  }

  #dial(call: Call, settle: (endpoint: Endpoint | number) => void): void {
    const delay = this.#delayTo(call.host);
    const refusal = isPath(call) ? Errno.ENOENT : Errno.ECONNREFUSED;
    this.#whenOpen(
      call.host,
      () => {
        this.#clock.after(delay(), () => {
          const listener = this.#listeners.get(call.key);
          if (!listener) {
            this.#clock.after(delay(), () => settle(-refusal));
            return;
          }
          const connection = this.#pair(call, delay);
          this.#clock.after(delay(), () => settle(connection.client));
          listener(connection.server);
        });
      },
      () => settle(-Errno.ETIMEDOUT),
    );
  }

  /** Does it when the host can be reached; gives up when that takes too long. */
  #whenOpen(name: string, action: () => void, giveUp: () => void): void {
    const host = this.#hosts.get(name);
    if (!host?.isCut) {
      action();
      return;
    }
    let isOver = false;
    const once = (then: () => void) => () => {
      if (!isOver) then();
      isOver = true;
    };
    host.waiting.push(once(action));
    this.#clock.after(GIVE_UP, once(giveUp));
  }

  #pair(call: Call, delay: Delay): Known {
    const { host, port, isOutward } = call;
    const addresses = this.#addressesOf(call);
    const ways = { there: new Way(this.#clock, delay), back: new Way(this.#clock, delay) };
    const number = ++this.#connectionCount;
    const known: Known = { ...connectPair(this.#clock, this.#options, addresses, ways), number, host, port, isOutward };
    const { faults } = this.#options;
    if (faults) {
      this.#connections.add(known);
      if ("chances" in faults) this.#plan(known, faults);
    }
    return known;
  }

  /** Those of a Unix socket are empty. */
  #addressesOf(call: Call): { client: string; server: string } {
    if (isPath(call)) return { client: "", server: "" };
    const { host, port, isOutward, address = LOOPBACK } = call;
    const own = placeName(address, isOutward ? this.#freePort() : port);
    const other = placeName(this.#hosts.get(host)?.address ?? address, isOutward ? port : this.#freePort());
    return isOutward ? { client: own, server: other } : { client: other, server: own };
  }

  // --- what goes wrong ---

  #plan(known: Known, chances: FaultChances): void {
    for (const fault of drawFaults(chances, this.#misfortune)) {
      this.drawnFaults.push({ ...fault, at: this.#clock.now() / 1e6 + fault.at, connection: known.number });
      this.#clock.after(fault.at * 1e6, () => this.#harm(known, fault));
    }
  }

  /** Lets something go wrong now, whatever its time says; with connections that began since the network was told of faults. */
  fail(fault: Omit<Fault, "at">): void {
    const { host, port, connection, kind } = fault;
    const isMeant = (known: Known) =>
      (host ?? known.host) === known.host &&
      (port ?? known.port) === known.port &&
      (connection ?? known.number) === known.number;
    if (kind === "partition" && port === undefined && connection === undefined) {
      this.#cut(host, fault.for ?? Infinity);
    }
    for (const known of this.#connections) if (isMeant(known)) this.#harm(known, fault);
  }

  /** New connections to the host wait. */
  #cut(name: string | undefined, milliseconds: number): void {
    for (const host of name === undefined ? this.#hosts.values() : [this.#hosts.get(name)]) {
      if (!host) continue;
      host.isCut = true;
      const heal = () => {
        host.isCut = false;
        for (const go of host.waiting.splice(0)) go();
      };
      if (milliseconds !== Infinity) this.#clock.after(milliseconds * 1e6, heal);
    }
  }

  #harm(known: Known, { kind, for: milliseconds = Infinity, bytesPerSecond = 1000 }: Omit<Fault, "at">): void {
    const { client, server, ways, isOutward } = known;
    const both = [ways.there, ways.back];
    switch (kind) {
      case "reset":
        for (const { incoming } of [client, server]) incoming.break(Errno.ECONNRESET);
        this.#connections.delete(known);
        break;
      case "lost":
        for (const way of both) way.block();
        break;
      case "partition":
        for (const way of both) way.block();
        if (milliseconds !== Infinity) this.#clock.after(milliseconds * 1e6, () => both.forEach((way) => way.open()));
        break;
      case "half-open": {
        const far = isOutward ? server : client;
        far.outgoing.mute();
        far.incoming.abandon();
        break;
      }
      case "slow":
        for (const way of both) way.bytesPerSecond = bytesPerSecond;
    }
  }

  /** The addresses of a name; an errno when there are none. */
  resolve(host: string): string[] | number {
    if (!host) return -Errno.EINVAL;
    const other = this.#hosts.get(host);
    if (other) return [other.address];
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
  readonly #clock: Clock;
  readonly #connected: VirtualPeer[] = [];
  readonly #waiting: ((peer: VirtualPeer) => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(endpoint: Endpoint): void {
    const peer = new VirtualPeer(endpoint, this.#clock);
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

/**
 * The driver `virtual`: a simulated world. Its clock stands still while fibers run, and jumps to the next event when all wait: a program
 * that sleeps for a day ends at once. Its network is one machine, in which programs and tests connect to each other. All happens in the
 * same order each time.
 */
import { OUTPUT_SLOT, type Operation, Opcode, PENDING } from "../abi.ts";
import type { Driver, DriverSink } from "../driver.ts";
import { Errno, errnoOf } from "../errno.ts";
import { guardedSink } from "./common/guarded-sink.ts";
import { Inbox } from "./common/inbox.ts";
import { isPlace } from "./common/places.ts";
import { Sockets } from "./common/sockets.ts";
import { Agenda } from "./virtual/agenda.ts";
import { Random } from "./virtual/random.ts";
import { VirtualDatagrams } from "./virtual/datagrams.ts";
import { VirtualListener } from "./virtual/listener.ts";
import { VirtualNetwork } from "./virtual/network.ts";
import type { Clock, Endpoint } from "./virtual/pipe.ts";
import { VirtualStream } from "./virtual/stream.ts";

/** A driver whose time, output and network the test holds in its hands. */
export interface VirtualDriver extends Driver {
  /** What the program has printed. */
  readonly output: string;
  /** The network that the program lives in. */
  readonly network: VirtualNetwork;
}

export interface VirtualDriverOptions {
  /** Where its random numbers begin; 1 by default. */
  seed?: number;
  /** Switches per turn: between turns, JavaScript has its share. 10,000 by default. */
  turnSwitches?: number;
  /**
   * What the program reads from `Stdin`; by default it ends at once. null: nobody types anything. A function is called when the program
   * first reads; simulated time stands still until it has answered.
   */
  stdin?: string | Uint8Array | null | (() => Promise<string | Uint8Array>);
  /** Where `print` goes beside `output`. */
  stdout?: NodeJS.WritableStream;
  /** Milliseconds that bytes take from one end of a connection to the other; 0.1 by default. */
  latency?: number;
  /** Bytes of one direction of a connection that can be under way or unread; 64 KiB by default. */
  window?: number;
  /** The share of datagrams that are lost, 0 to 1; 0 by default. Which ones, the seed decides. */
  datagramLoss?: number;
}

const STANDARD_INPUT = 0;
const STANDARD_OUTPUT = 1;

/** Makes a driver with a clock that begins at 0. One serves one instance. */
export function virtualDriver(options: VirtualDriverOptions = {}): VirtualDriver {
  return new SimulatedDriver(options);
}

class SimulatedDriver implements VirtualDriver {
  readonly name = "virtual";
  readonly turnBudget = Infinity;
  readonly turnSwitches: number;
  readonly network: VirtualNetwork;
  readonly #options: VirtualDriverOptions;
  readonly #agenda = new Agenda();
  readonly #random: Random;
  #sink!: DriverSink;
  #sockets!: Sockets;
  #isClosed = false;
  #stdin: Inbox | undefined;
  #clock = 0;
  #deadline = Infinity;
  #immediate: NodeJS.Immediate | undefined;
  #isReady = false;
  /** Answers from outside that are waited for. */
  #holds = 0;
  #output: Buffer[] = [];

  constructor(options: VirtualDriverOptions) {
    const { seed = 1, turnSwitches = 10_000, latency = 0.1, window = 64 << 10, datagramLoss = 0 } = options;
    this.#options = options;
    this.#random = new Random(seed);
    this.turnSwitches = turnSwitches;
    const clock: Clock = {
      now: () => this.#clock,
      after: (nanoseconds, action) => this.#after(nanoseconds, action),
    };
    const losses = new Random(seed);
    const isLost = () => losses.next() < datagramLoss;
    this.network = new VirtualNetwork(clock, { latency: latency * 1e6, window }, isLost);
  }

  get output(): string {
    return Buffer.concat(this.#output).toString();
  }

  get canGoOn(): boolean {
    return this.#holds > 0 || this.#deadline !== Infinity || this.#agenda.next !== Infinity;
  }

  open(sink: DriverSink): void {
    this.#sink = guardedSink(sink, () => this.#isClosed);
    this.#sockets = new Sockets(this.#sink, {
      listen: (operation, host) => this.#listen(operation, { host, port: operation.argument }),
      connect: (operation, host) => this.#connect(operation, host),
      lookup: (operation, host) => this.#lookup(operation, host),
      bind: (operation, host) => this.#bind(operation, host),
      listenUnix: (operation, path) => this.#listen(operation, { path }),
      connectUnix: (operation, path) => this.#connectBy(operation, (settle) => this.network.beginPath(path, settle)),
    });
  }

  now(): number {
    return this.#clock;
  }

  random(): number {
    return this.#random.next();
  }

  submit(operation: Operation, bytes: Uint8Array): number {
    const { opcode, handle, slot } = operation;
    if (opcode === Opcode.WRITE && slot === OUTPUT_SLOT) return this.#print(operation, bytes);
    if (opcode === Opcode.READ && handle === STANDARD_INPUT) return this.#openStdin().read(operation, bytes);
    return this.#sockets.submit(operation, bytes);
  }

  cancel(operation: Operation): void {
    this.#stdin?.cancel(operation);
    this.#sockets.cancel(operation);
  }

  #print(operation: Operation, bytes: Uint8Array): number {
    if (operation.handle !== STANDARD_OUTPUT) return -Errno.EBADF;
    const copy = Buffer.from(bytes);
    this.#output.push(copy);
    this.#options.stdout?.write(copy);
    queueMicrotask(() => this.#sink.complete(operation, operation.length));
    return PENDING;
  }

  #openStdin(): Inbox {
    if (this.#stdin) return this.#stdin;
    const { stdin = "" } = this.#options;
    const inbox = new Inbox(this.#sink, () => {});
    const fill = (input: string | Uint8Array) => {
      if (input.length) inbox.add(Buffer.from(input));
      inbox.end(0);
    };
    if (typeof stdin === "function") void this.#hold(stdin().then(fill, (error: unknown) => inbox.end(errnoOf(error))));
    else if (stdin !== null) fill(stdin);
    this.#stdin = inbox;
    return inbox;
  }

  /** Lets no time pass until this is settled: it does not belong to the simulated world. */
  async #hold(settled: Promise<void>): Promise<void> {
    this.#holds++;
    await settled;
    this.#holds--;
    this.#schedule();
  }

  #listen(operation: Operation, place: { host: string; port: number } | { path: string }): number {
    const sockets = this.#sockets;
    const listener = new VirtualListener(this.network, place, this.#sink, sockets);
    if (listener.port < 0) return listener.port;
    this.#after(0, () => sockets.settle(operation, () => sockets.addListener(listener), listener.port));
    return sockets.begin(operation, () => listener.close());
  }

  #bind(operation: Operation, host: string): number {
    const sockets = this.#sockets;
    const datagrams = new VirtualDatagrams(this.network, { host, port: operation.argument }, this.#sink);
    if (datagrams.port < 0) return datagrams.port;
    this.#after(0, () => sockets.settle(operation, () => sockets.addDatagrams(datagrams), datagrams.port));
    return sockets.begin(operation, () => datagrams.close());
  }

  #connect(operation: Operation, host: string): number {
    if (!isPlace(host, operation.argument)) return -Errno.EINVAL;
    return this.#connectBy(operation, (settle) => this.network.begin(host, operation.argument, settle));
  }

  #connectBy(operation: Operation, begin: (settle: (endpoint: Endpoint | number) => void) => void): number {
    const sockets = this.#sockets;
    let isForgotten = false;
    let stream: VirtualStream | undefined;
    begin((endpoint) => {
      if (typeof endpoint === "number") {
        sockets.settle(operation, endpoint);
        return;
      }
      const connected = new VirtualStream(endpoint, this.#sink);
      stream = connected;
      // Whoever has accepted it reads a reset.
      if (isForgotten) connected.destroy();
      sockets.settle(operation, () => sockets.addStream(connected));
    });
    return sockets.begin(operation, () => {
      isForgotten = true;
      stream?.destroy();
    });
  }

  #lookup(operation: Operation, host: string): number {
    const addresses = this.network.resolve(host);
    if (typeof addresses === "number") return addresses;
    const answer = addresses.join("\n");
    this.#after(0, () => this.#sockets.settle(operation, (into) => new TextEncoder().encodeInto(answer, into).written));
    return this.#sockets.begin(operation, () => {});
  }

  #after(nanoseconds: number, action: () => void): void {
    if (this.#isClosed) return;
    this.#agenda.add(this.#clock + nanoseconds, action);
    this.#schedule();
  }

  soon(): void {
    this.#isReady = true;
    this.#schedule();
  }

  arm(deadline: number): void {
    this.#deadline = deadline;
    if (deadline !== Infinity) this.#schedule();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#immediate ??= setImmediate(() => this.#step());
  }

  /** Lets the world go on to the next event, unless fibers are ready now; then the program has its turn. */
  #step(): void {
    this.#immediate = undefined;
    // Time passes only when nothing is ready.
    if (!this.#isReady && !this.#holds) this.#passTime();
    if (this.#isReady || this.#deadline <= this.#clock) {
      this.#isReady = false;
      this.#deadline = Infinity;
      this.#sink.turn();
    }
    if (this.#isReady || (this.canGoOn && !this.#holds)) this.#schedule();
  }

  #passTime(): void {
    const next = Math.min(this.#deadline, this.#agenda.next);
    if (next !== Infinity) this.#clock = Math.max(this.#clock, next);
    this.#agenda.run(this.#clock);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#immediate) clearImmediate(this.#immediate);
    this.#sockets.close();
    this.#agenda.clear();
  }
}

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
import { type NetworkOptions, VirtualNetwork } from "./virtual/network.ts";
import type { Clock, Endpoint } from "./virtual/pipe.ts";
import { VirtualStream } from "./virtual/stream.ts";

/** A driver whose time, output and network the test holds in its hands. */
export interface VirtualDriver extends Driver {
  /** What the program has printed. */
  readonly output: string;
  /** The network that the program lives in. */
  readonly network: VirtualNetwork;
  /** Lets no time pass until this is settled: what happens until then does not belong to the simulated world. */
  hold(settled: Promise<unknown>): void;
  /** Waits so many milliseconds of simulated time. */
  pause(milliseconds: number): Promise<void>;
}

/** What `virtualDriver` takes. A seed and these decide everything that happens. */
export interface VirtualDriverOptions extends NetworkOptions {
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
  /** Bytes of one direction of a connection that can be under way or unread; 64 KiB by default. */
  window?: number;
  /** The share of datagrams that are lost, 0 to 1; 0 by default. Which ones, the seed decides. */
  datagramLoss?: number;
  /** Who decides which of several ready fibers runs next; see `Driver.choose`. */
  choose?: (count: number, first: number) => number;
  /** Who decides what is left to chance; see `Driver.draw`. */
  draw?: (count: number) => number;
  /** Called when nothing can happen any more unless somebody outside of the simulated world does something. */
  onIdle?: () => void;
}

/** A driver whose world stands still until it is told to go on: it needs no event loop, and its state can be copied. */
export interface SteppedDriver extends VirtualDriver {
  /** Lets the world go on until the program must have a turn, or this deadline. False: nothing can happen any more. */
  advance(deadline: number): boolean;
  /** What it would take to make another one that goes on from here; null while it holds what cannot be copied: sockets, input that is read. */
  save(): DriverState | null;
}

/** All that a stepped driver is, beside its options. */
export interface DriverState {
  readonly clock: number;
  readonly random: number;
  readonly output: readonly Buffer[];
  /** What was printed and is not completed. */
  readonly printed: readonly Operation[];
}

const STANDARD_INPUT = 0;
const STANDARD_OUTPUT = 1;

/** Makes a driver with a clock that begins at 0. One serves one instance. */
export function virtualDriver(options: VirtualDriverOptions = {}): VirtualDriver {
  return new SimulatedDriver(options);
}

/** Makes a driver that is told when to go on. @param state where it begins */
export function steppedDriver(
  options: Omit<VirtualDriverOptions, "stdin"> & { stdin?: string | Uint8Array },
  state?: DriverState,
): SteppedDriver {
  return new SimulatedDriver(options, true, state);
}

class SimulatedDriver implements SteppedDriver {
  readonly name = "virtual";
  readonly turnBudget = Infinity;
  readonly turnSwitches: number;
  readonly network: VirtualNetwork;
  readonly choose?: (count: number, first: number) => number;
  readonly draw?: (count: number) => number;
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
  readonly #isStepped: boolean;
  /** Of a stepped driver: what is completed when the world goes on. */
  #printed: Operation[] = [];
  /** Whether it holds what cannot be copied. */
  #isEntangled = false;

  constructor(options: VirtualDriverOptions, isStepped = false, state?: DriverState) {
    const { seed = 1, turnSwitches = 10_000, window = 64 << 10, datagramLoss = 0 } = options;
    this.#options = options;
    this.#isStepped = isStepped;
    this.#random = new Random(seed);
    if (options.choose) this.choose = options.choose;
    if (options.draw) this.draw = options.draw;
    if (state) this.#restore(state);
    this.turnSwitches = turnSwitches;
    const clock: Clock = {
      now: () => this.#clock,
      after: (nanoseconds, action) => this.#after(nanoseconds, action),
    };
    const losses = new Random(seed);
    const isLost = () => losses.next() < datagramLoss;
    this.network = new VirtualNetwork(clock, { ...options, window }, seed, isLost);
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
    this.#isEntangled = true;
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
    if (this.#isStepped) this.#printed.push(operation);
    else queueMicrotask(() => this.#sink.complete(operation, operation.length));
    return PENDING;
  }

  #openStdin(): Inbox {
    if (this.#stdin) return this.#stdin;
    this.#isEntangled = true;
    const { stdin = "" } = this.#options;
    const inbox = new Inbox(this.#sink, () => {});
    const fill = (input: string | Uint8Array) => {
      if (input.length) inbox.add(Buffer.from(input));
      inbox.end(0);
    };
    if (typeof stdin === "function") this.hold(stdin().then(fill, (error: unknown) => inbox.end(errnoOf(error))));
    else if (stdin !== null) fill(stdin);
    this.#stdin = inbox;
    return inbox;
  }

  hold(settled: Promise<unknown>): void {
    this.#holds++;
    const letGo = () => {
      this.#holds--;
      this.#schedule();
    };
    settled.then(letGo, letGo);
  }

  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#after(milliseconds * 1e6, resolve));
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
    if (this.#isClosed || this.#isStepped) return;
    this.#immediate ??= setImmediate(() => this.#step());
  }

  /** Lets the world go on to the next event, unless fibers are ready now; then the program has its turn. */
  #step(): void {
    this.#immediate = undefined;
    const isIdle = !this.#isReady && !this.canGoOn;
    // Time passes only when nothing is ready.
    if (!this.#isReady && !this.#holds) this.#passTime();
    if (this.#isReady || this.#deadline <= this.#clock) {
      this.#isReady = false;
      this.#deadline = Infinity;
      this.#sink.turn();
    }
    if (this.#isReady || (this.canGoOn && !this.#holds)) this.#schedule();
    else if (isIdle) this.#options.onIdle?.();
    // Whoever plays the world around the program has its share first.
    else if (!this.canGoOn && this.#options.onIdle) this.#schedule();
  }

  advance(deadline: number): boolean {
    this.#deadline = deadline;
    for (const operation of this.#printed.splice(0)) this.#sink.complete(operation, operation.length);
    while (!this.#isReady && this.#deadline > this.#clock) {
      if (!this.canGoOn) return false;
      this.#passTime();
    }
    this.#isReady = false;
    return true;
  }

  save(): DriverState | null {
    if (this.#isEntangled) return null;
    return { clock: this.#clock, random: this.#random.state, output: [...this.#output], printed: [...this.#printed] };
  }

  #restore({ clock, random, output, printed }: DriverState): void {
    this.#clock = clock;
    this.#random.state = random;
    this.#output = [...output];
    this.#printed = [...printed];
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

/**
 * The driver `selector`: sockets of its own, watched by the operating system's event queue. Attached to Node's event loop, or, in `block`,
 * without one: then it owns the thread, and sleeps in the event queue.
 *
 * It makes a completion queue of readiness. Each operation is tried at once; what would have to wait is tried again when the selector tells
 * that the descriptor may be ready. The bytes of a read go straight into the guest's memory, in the turn that delivers it; those of a write
 * straight from it, and only what the kernel does not take is copied.
 */
import { isIP } from "node:net";
import type { Readable } from "node:stream";
import { OUTPUT_SLOT, type Operation, Opcode, PENDING } from "../abi.ts";
import type { Driver, DriverSink } from "../driver.ts";
import { Errno } from "../errno.ts";
import { FibersError } from "../errors.ts";
import type { BackEndName } from "../event-queue/back-end.ts";
import { Events } from "../event-queue/events.ts";
import { openSystem } from "../event-queue/open-selector.ts";
import type { LoopWatch } from "../event-queue/loop-watch.ts";
import type { NotifierHandle } from "../event-queue/notifier.ts";
import { guardedSink } from "./common/guarded-sink.ts";
import { LoopAlarm } from "./common/loop-alarm.ts";
import { type Resolve, resolveName } from "./common/names.ts";
import { readAhead } from "./common/read-ahead.ts";
import { Sockets } from "./common/sockets.ts";
import { Beginnings } from "./selector/beginnings.ts";
import { StandardInput } from "./selector/standard-input.ts";
import { StandardOutput } from "./selector/standard-output.ts";
import { System } from "./selector/system.ts";
import { ThreadResolver } from "./selector/thread-resolver.ts";

/** Nanoseconds after which an answer of the resolver is looked for, while one is to come and nothing else happens. */
const ANSWER_PERIOD = 2e6;
const STANDARD_INPUT = 0;
const STANDARD_OUTPUT = 1;

/** What `selectorDriver` takes. */
export interface SelectorDriverOptions {
  /** The system's event queue; by default epoll on Linux, and poll elsewhere. */
  backEnd?: BackEndName;
  /** Where `print` goes; the process's standard output by default. A stream needs Node's event loop: not for `block`. */
  stdout?: NodeJS.WritableStream;
  /** Where `Stdin` comes from, or a function that gives it when it is first read; the process's standard input by default. */
  stdin?: Readable | (() => Readable);
  /** Called between turns, in the thread of the driver, when another thread has notified: see `SelectorDriver.notifier`. */
  onNotify?: () => void;
}

/** A driver that needs no event loop of JavaScript. */
export interface SelectorDriver extends Driver {
  /** The event queue of the system that it uses. */
  readonly name: BackEndName;
  /** Owns the thread until this is so: see `Driver.block`. `App.runSync` calls it. */
  block(isOver: () => boolean): void;
  /** What another thread needs to wake this one, by `attachNotifier` of as-fibers/event-queue. */
  notifier(): NotifierHandle;
}

/**
 * Makes a driver over the operating system's event queue. One serves one instance.
 * @throws E_NO_KOFFI when koffi is not installed; E_NO_BACK_END when this system does not have that event queue
 */
export async function selectorDriver(options: SelectorDriverOptions = {}): Promise<SelectorDriver> {
  const { selector, calls } = await openSystem({ ...(options.backEnd && { backEnd: options.backEnd }), isOwner: true });
  return new DriverOverSelector(new System(calls, selector), options);
}

/** Standard input or output, whatever it is. */
interface Input {
  read(operation: Operation, into: Uint8Array): number;
  cancel(operation: Operation): void;
  close(): void;
}

class DriverOverSelector implements SelectorDriver {
  readonly name: BackEndName;
  readonly turnBudget = 4e6;
  readonly turnSwitches = 0xffffffff;
  readonly #system: System;
  readonly #options: SelectorDriverOptions;
  readonly #events = new Events();
  #sink!: DriverSink;
  #sockets!: Sockets;
  #output: StandardOutput | undefined;
  #input: Input | undefined;
  /** The last print, whose operation stands for all of them. */
  #print: Operation | undefined;
  #watch: LoopWatch | undefined;
  readonly #resolver = new ThreadResolver();
  #immediate: NodeJS.Immediate | undefined;
  readonly #alarm = new LoopAlarm(
    () => this.now(),
    () => this.#expire(),
  );
  #deadline = Infinity;
  #isTurnDue = false;
  #isBlocking = false;
  #isClosed = false;
  #isAlive = true;
  #postponed: (() => void)[] = [];

  constructor(system: System, options: SelectorDriverOptions) {
    this.#system = system;
    this.#options = options;
    this.name = system.selector.name as BackEndName;
  }

  /** Whoever waits for the network or a timer keeps Node's event loop alive. */
  readonly canGoOn = true;

  open(sink: DriverSink): void {
    const guarded = guardedSink(sink, () => this.#isClosed);
    const { pending } = this.#system;
    this.#sink = {
      complete: (operation, outcome, detail) => {
        pending.delete(operation);
        guarded.complete(operation, outcome, detail);
      },
      turn: () => guarded.turn(),
    };
    const resolve: Resolve = (host, settle) => {
      if (isIP(host)) this.#later(() => settle([host]));
      else if (this.#isBlocking) this.#resolver.resolve(host, settle);
      else resolveName(host, settle);
    };
    const later = (action: () => void) => this.#later(action);
    const beginnings = new Beginnings(this.#system, this.#sink, () => this.#sockets, { resolve, later });
    this.#sockets = new Sockets(this.#sink, beginnings);
    this.#watch = this.#system.selector.watchLoop(() => this.#look(-Infinity));
    this.#keepAlive();
  }

  now(): number {
    return this.#system.selector.now();
  }

  random(): number {
    return Math.random();
  }

  submit(operation: Operation, bytes: Uint8Array): number {
    const result = this.#submit(operation, bytes);
    if (result === PENDING) {
      this.#system.pending.add(operation);
      this.#keepAlive();
    }
    return result;
  }

  #submit(operation: Operation, bytes: Uint8Array): number {
    const { opcode, handle, slot } = operation;
    if (opcode === Opcode.WRITE && slot === OUTPUT_SLOT) return this.#write(operation, bytes);
    if (opcode === Opcode.READ && handle === STANDARD_INPUT) {
      this.#input ??= this.#openInput();
      return this.#input.read(operation, bytes);
    }
    return this.#sockets.submit(operation, bytes);
  }

  cancel(operation: Operation): void {
    this.#system.pending.delete(operation);
    this.#input?.cancel(operation);
    this.#sockets.cancel(operation);
    this.#keepAlive();
  }

  // --- standard streams ---

  #write(operation: Operation, bytes: Uint8Array): number {
    if (operation.handle !== STANDARD_OUTPUT) return -Errno.EBADF;
    const { stdout } = this.#options;
    if (stdout) {
      const { length } = bytes;
      stdout.write(Buffer.from(bytes), () => this.#sink.complete(operation, length));
      return PENDING;
    }
    this.#output ??= new StandardOutput(this.#system, STANDARD_OUTPUT, (count) => this.#written(count));
    this.#output.add(bytes);
    // The prints of one turn go out together: after it, or before anything else that JavaScript does.
    if (!this.#print && !this.#isBlocking) queueMicrotask(() => this.#output?.flush());
    this.#print = operation;
    return PENDING;
  }

  #written(count: number): void {
    const operation = this.#print;
    this.#print = undefined;
    if (operation) this.#sink.complete(operation, count);
  }

  #openInput(): Input {
    const { stdin } = this.#options;
    if (!stdin) return new StandardInput(this.#system, this.#sink, STANDARD_INPUT);
    const stream = typeof stdin === "function" ? stdin() : stdin;
    const inbox = readAhead(stream, this.#sink, 0);
    stream.on("close", () => inbox.end(0));
    if (stream.destroyed) inbox.end(0);
    return {
      read: (operation, into) => inbox.read(operation, into),
      cancel: (operation) => inbox.cancel(operation),
      close: () => stream.pause(),
    };
  }

  // --- waiting ---

  /** Waits until this time for descriptors to be ready, and tells who waits for them. */
  #look(deadline: number): void {
    if (this.#isClosed) return;
    this.#system.selector.wait(this.#events, deadline);
    if (this.#system.selector.wasNotified) this.#options.onNotify?.();
    for (const event of this.#events) {
      this.#system.tell(event.fd, event.isReadable, event.isWritable, event.isHangup || event.isError);
    }
    this.#keepAlive();
  }

  /** The process goes on as long as something can come. */
  #keepAlive(): void {
    const isAlive = this.#system.pending.size > 0;
    if (isAlive === this.#isAlive) return;
    this.#isAlive = isAlive;
    this.#watch?.setAlive(isAlive);
  }

  /** Not inside of `submit`: an operation ends after that. */
  #later(action: () => void): void {
    this.#postponed.push(action);
    if (!this.#isBlocking) setImmediate(() => this.#doPostponed());
  }

  #doPostponed(): void {
    for (const action of this.#postponed.splice(0)) if (!this.#isClosed) action();
  }

  soon(): void {
    if (this.#isBlocking) this.#isTurnDue = true;
    else this.#immediate ??= setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#immediate = undefined;
    this.#isTurnDue = false;
    this.#sink.turn();
  }

  arm(deadline: number): void {
    this.#deadline = deadline;
    if (!this.#isBlocking) this.#alarm.arm(deadline);
  }

  #expire(): void {
    this.#deadline = Infinity;
    this.#turn();
  }

  notifier(): NotifierHandle {
    return this.#system.selector.notifier();
  }

  block(isOver: () => boolean): void {
    if (this.#isBlocking) throw new FibersError("E_BUSY", "this driver blocks already: one at a time");
    this.#isBlocking = true;
    this.#isTurnDue = true;
    try {
      while (!isOver() && !this.#isClosed) {
        this.#doPostponed();
        if (this.#isTurnDue) this.#turn();
        this.#output?.flush();
        if (isOver()) break;
        this.#look(this.#isTurnDue || this.#postponed.length ? -Infinity : this.#nextLook());
        this.#resolver.look();
        if (this.#deadline <= this.now()) this.#isTurnDue = true;
      }
    } finally {
      this.#isBlocking = false;
      this.#goOnInLoop();
    }
  }

  #nextLook(): number {
    return this.#resolver.isBusy ? Math.min(this.#deadline, this.now() + ANSWER_PERIOD) : this.#deadline;
  }

  /** What is left is served by Node's event loop again. */
  #goOnInLoop(): void {
    if (this.#isClosed) return;
    if (this.#isTurnDue) this.soon();
    if (this.#postponed.length) setImmediate(() => this.#doPostponed());
    this.#alarm.arm(this.#deadline);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#alarm.stop();
    if (this.#immediate) clearImmediate(this.#immediate);
    this.#output?.close();
    this.#input?.close();
    this.#sockets.close();
    this.#resolver.close();
    this.#watch?.close();
    this.#system.selector.close();
  }
}

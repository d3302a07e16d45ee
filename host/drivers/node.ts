/** The driver `node`: Node's own event loop, attached. JavaScript is never blocked for longer than a turn. */
import type { Readable } from "node:stream";
import { OUTPUT_SLOT, type Operation, Opcode, PENDING } from "../abi.ts";
import type { Driver, DriverSink } from "../driver.ts";
import { Errno } from "../errno.ts";
import { guardedSink } from "./common/guarded-sink.ts";
import { LoopAlarm } from "./common/loop-alarm.ts";
import type { Inbox } from "./common/inbox.ts";
import { Sockets } from "./common/sockets.ts";
import { readAhead } from "./common/read-ahead.ts";
import { NodeNetwork } from "./node/network.ts";

const STANDARD_INPUT = 0;
const STANDARD_OUTPUT = 1;

/** What `nodeDriver` takes. */
export interface NodeDriverOptions {
  /** Where `print` goes; the process's standard output by default. */
  stdout?: NodeJS.WritableStream;
  /** Where `Stdin` comes from, or a function that gives it when it is first read; the process's standard input by default. */
  stdin?: Readable | (() => Readable);
}

/** Makes a driver over Node's event loop. One serves one instance. */
export function nodeDriver(options: NodeDriverOptions = {}): Driver {
  const { stdin = () => process.stdin, stdout = process.stdout } = options;
  return new NodeDriver(typeof stdin === "function" ? stdin : () => stdin, stdout);
}

class NodeDriver implements Driver {
  readonly name = "node";
  readonly turnBudget = 4e6;
  readonly turnSwitches = 0xffffffff;
  /** Whoever waits for the network or a timer keeps Node's event loop alive. */
  readonly canGoOn = true;
  #sink!: DriverSink;
  #sockets!: Sockets;
  #isClosed = false;
  readonly #openStdin: () => Readable;
  readonly #stdout: NodeJS.WritableStream;
  #standardInput: Readable | undefined;
  #stdin: Inbox | undefined;
  #immediate: NodeJS.Immediate | undefined;
  readonly #alarm = new LoopAlarm(
    () => this.now(),
    () => this.#sink.turn(),
  );
  #unwritten: Buffer[] = [];

  constructor(openStdin: () => Readable, stdout: NodeJS.WritableStream) {
    this.#openStdin = openStdin;
    this.#stdout = stdout;
  }

  open(sink: DriverSink): void {
    this.#sink = guardedSink(sink, () => this.#isClosed);
    const network = new NodeNetwork(this.#sink, () => this.#sockets);
    this.#sockets = new Sockets(this.#sink, network);
  }

  now(): number {
    return performance.now() * 1e6;
  }

  random(): number {
    return Math.random();
  }

  submit(operation: Operation, bytes: Uint8Array): number {
    const { opcode, handle, slot } = operation;
    if (opcode === Opcode.WRITE && slot === OUTPUT_SLOT) return this.#print(operation, bytes);
    if (opcode === Opcode.READ && handle === STANDARD_INPUT) return this.#readStdin(operation, bytes);
    return this.#sockets.submit(operation, bytes);
  }

  cancel(operation: Operation): void {
    this.#stdin?.cancel(operation);
    this.#sockets.cancel(operation);
  }

  #print(operation: Operation, bytes: Uint8Array): number {
    if (operation.handle !== STANDARD_OUTPUT) return -Errno.EBADF;
    // The prints of one turn go out as one write: after the turn, or before anything else that JavaScript does.
    if (!this.#unwritten.length) queueMicrotask(() => this.#flush(operation));
    this.#unwritten.push(Buffer.from(bytes));
    return PENDING;
  }

  #flush(operation: Operation | undefined): void {
    const bytes = Buffer.concat(this.#unwritten);
    this.#unwritten = [];
    if (!bytes.length) return;
    // Told also when the stream failed: those bytes are no longer unsent.
    this.#stdout.write(bytes, () => operation && this.#sink.complete(operation, bytes.length));
  }

  #readStdin(operation: Operation, bytes: Uint8Array): number {
    // Nothing is read ahead: what nobody asks for stays with the process, and does not keep it alive.
    if (!this.#stdin) {
      this.#standardInput = this.#openStdin();
      const stdin = readAhead(this.#standardInput, this.#sink, 0);
      this.#standardInput.on("close", () => stdin.end(0));
      if (this.#standardInput.destroyed) stdin.end(0);
      this.#stdin = stdin;
    }
    return this.#stdin.read(operation, bytes);
  }

  soon(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      this.#sink.turn();
    });
  }

  arm(deadline: number): void {
    this.#alarm.arm(deadline);
  }

  close(): void {
    this.#isClosed = true;
    this.#flush(undefined);
    this.#alarm.stop();
    if (this.#immediate) clearImmediate(this.#immediate);
    this.#sockets.close();
    this.#standardInput?.pause();
  }
}

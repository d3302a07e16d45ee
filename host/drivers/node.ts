/** The driver `node`: Node's own event loop, attached. JavaScript is never blocked for longer than a turn. */
import { OUTPUT_SLOT, type Operation, Opcode } from "../abi.ts";
import type { Driver, DriverSink } from "../driver.ts";

/** Milliseconds that setTimeout can wait; longer deadlines are armed again. */
const MAX_TIMEOUT = 2 ** 31 - 1;

export interface NodeDriverOptions {
  /** Where `print` goes; the process's standard output by default. */
  stdout?: NodeJS.WritableStream;
}

/** Makes a driver over Node's event loop. One serves one instance. */
export function nodeDriver(options: NodeDriverOptions = {}): Driver {
  return new NodeDriver(options.stdout ?? process.stdout);
}

class NodeDriver implements Driver {
  readonly name = "node";
  readonly turnBudget = 4e6;
  readonly turnSwitches = 0xffffffff;
  #sink: DriverSink | undefined;
  #stdout: NodeJS.WritableStream;
  #immediate: NodeJS.Immediate | undefined;
  #timeout: NodeJS.Timeout | undefined;
  #deadline = Infinity;
  #unwritten: Buffer[] = [];

  constructor(stdout: NodeJS.WritableStream) {
    this.#stdout = stdout;
  }

  open(sink: DriverSink): void {
    this.#sink = sink;
  }

  now(): number {
    return performance.now() * 1e6;
  }

  submit(operation: Operation): void {
    if (operation.opcode !== Opcode.WRITE)
      throw new Error(`as-fibers: driver node does not know the operation ${operation.opcode}`);
    // The prints of one turn go out as one write: after the turn, or before anything else that JavaScript does.
    if (!this.#unwritten.length) queueMicrotask(() => this.#flush());
    this.#unwritten.push(Buffer.from(operation.bytes));
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#unwritten);
    this.#unwritten = [];
    if (!bytes.length) return;
    this.#stdout.write(bytes, () => {
      // Told also when the stream failed: those bytes are no longer unsent.
      this.#sink?.complete({ slot: OUTPUT_SLOT, generation: 0, result: bytes.length });
    });
  }

  soon(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      this.#sink?.turn();
    });
  }

  arm(deadline: number): void {
    if (deadline === this.#deadline && this.#timeout) return;
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
    this.#deadline = deadline;
    if (deadline === Infinity) return;
    const milliseconds = Math.ceil((deadline - this.now()) / 1e6);
    this.#timeout = setTimeout(() => this.#expire(), Math.min(Math.max(milliseconds, 0), MAX_TIMEOUT));
  }

  #expire(): void {
    const deadline = this.#deadline;
    this.#timeout = undefined;
    this.#deadline = Infinity;
    // Node's timers may fire early, by less than a millisecond.
    if (this.now() < deadline) this.arm(deadline);
    else this.#sink?.turn();
  }

  close(): void {
    this.#flush();
    this.#sink = undefined;
    clearTimeout(this.#timeout);
    if (this.#immediate) clearImmediate(this.#immediate);
  }
}

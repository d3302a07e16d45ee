/**
 * The driver `virtual`: a simulated clock that stands still while fibers run, and jumps to the next deadline when all wait. A program
 * that sleeps for a day ends at once, in the same order each time.
 */
import { OUTPUT_SLOT, type Operation, Opcode, PENDING } from "../abi.ts";
import type { Driver, DriverSink } from "../driver.ts";
import { Errno } from "../errno.ts";

/** A driver whose time and output the test holds in its hands. */
export interface VirtualDriver extends Driver {
  /** What the program has printed. */
  readonly output: string;
}

export interface VirtualDriverOptions {
  /** Switches per turn: between turns, JavaScript has its share. */
  turnSwitches?: number;
}

/** Makes a driver with a clock that begins at 0. One serves one instance. */
export function virtualDriver(options: VirtualDriverOptions = {}): VirtualDriver {
  return new SimulatedDriver(options.turnSwitches ?? 10_000);
}

class SimulatedDriver implements VirtualDriver {
  readonly name = "virtual";
  readonly turnBudget = Infinity;
  readonly turnSwitches: number;
  #sink: DriverSink | undefined;
  #clock = 0;
  #deadline = Infinity;
  #immediate: NodeJS.Immediate | undefined;
  #isReady = false;
  #output: Buffer[] = [];

  constructor(turnSwitches: number) {
    this.turnSwitches = turnSwitches;
  }

  get output(): string {
    return Buffer.concat(this.#output).toString();
  }

  open(sink: DriverSink): void {
    this.#sink = sink;
  }

  now(): number {
    return this.#clock;
  }

  get canGoOn(): boolean {
    return this.#deadline !== Infinity;
  }

  submit(operation: Operation, bytes: Uint8Array): number {
    if (operation.opcode !== Opcode.WRITE || operation.slot !== OUTPUT_SLOT) return -Errno.ENOTSUP;
    this.#output.push(Buffer.from(bytes));
    queueMicrotask(() => this.#sink?.complete(operation, operation.length));
    return PENDING;
  }

  cancel(): void {}

  soon(): void {
    this.#isReady = true;
    this.#schedule();
  }

  arm(deadline: number): void {
    this.#deadline = deadline;
    if (deadline !== Infinity) this.#schedule();
  }

  #schedule(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      // Time passes only when nothing is ready before the armed deadline. After a turn, it is armed anew.
      if (!this.#isReady && this.#deadline !== Infinity) this.#clock = Math.max(this.#clock, this.#deadline);
      this.#isReady = false;
      this.#deadline = Infinity;
      this.#sink?.turn();
    });
  }

  close(): void {
    this.#sink = undefined;
    if (this.#immediate) clearImmediate(this.#immediate);
  }
}

/** A driver whose clock goes on only when the test says so: for what depends on how long fibers run. */
import type { Driver, DriverSink } from "as-fibers";

export class ManualDriver implements Driver {
  readonly name = "manual";
  readonly turnBudget: number;
  readonly turnSwitches = 0xffffffff;
  /** Nanoseconds that each turn took. */
  readonly turns: number[] = [];
  #clock = 0;
  #deadline = Infinity;
  #sink: DriverSink | undefined;
  #immediate: NodeJS.Immediate | undefined;

  /** @param turnBudget in nanoseconds */
  constructor(turnBudget: number) {
    this.turnBudget = turnBudget;
  }

  /** Lets time pass. */
  advance(nanoseconds: number): void {
    this.#clock += nanoseconds;
  }

  open(sink: DriverSink): void {
    this.#sink = sink;
  }

  now(): number {
    return this.#clock;
  }

  random(): number {
    return 0.5;
  }

  get canGoOn(): boolean {
    return this.#deadline !== Infinity;
  }

  submit(): number {
    throw new Error("the manual driver knows no operations");
  }

  cancel(): void {}

  soon(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      const begin = this.#clock;
      this.#sink?.turn();
      this.turns.push(this.#clock - begin);
    });
  }

  arm(deadline: number): void {
    this.#deadline = deadline;
    if (deadline === Infinity) return;
    this.#clock = Math.max(this.#clock, this.#deadline);
    this.soon();
  }

  close(): void {
    this.#sink = undefined;
    clearImmediate(this.#immediate);
  }
}

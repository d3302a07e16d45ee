/** `ProgramRunner`: runs random programs one after another in one instance; each must do what its model does, and leave nothing behind. */
import assert from "node:assert/strict";
import type { App } from "as-fibers";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";

export interface ProgramRunnerOptions {
  /** A guest whose export `execute` runs a program, and tells what happened. */
  binary: Uint8Array;
  /** What must have happened. It may look at what has been told where the guest was free to choose. */
  model: (program: string, told: string) => string;
  /** A program that makes what is then kept: the table of calls and the like. */
  firstProgram: string;
  /** Switches per turn; a turn is long without. */
  turnSwitches?: number | undefined;
  /** A full collection after every turn. */
  collects?: boolean | undefined;
  /** Whether a program must leave nothing behind. */
  checksHeap?: boolean | undefined;
}

/** An instance is used for so many programs. */
const PROGRAMS_PER_INSTANCE = 500;

export class ProgramRunner {
  readonly #options: ProgramRunnerOptions;
  readonly #module: Promise<WebAssembly.Module>;
  #app: App | undefined;
  #heap = "";
  #left = 0;

  constructor(options: ProgramRunnerOptions) {
    this.#options = options;
    this.#module = WebAssembly.compile(options.binary as BufferSource);
  }

  async check(program: string): Promise<void> {
    if (!this.#app || !this.#left--) await this.#renew();
    const app = this.#app as App;
    // Whatever goes wrong: the next program, a shrunk one perhaps, begins with a new instance.
    this.#app = undefined;
    const told = (await app.exports["execute"]?.(program)) as string;
    assert.equal(told, this.#options.model(program, told));
    if (this.#options.checksHeap) {
      assert.equal(await readCollected(app), this.#heap, "the program has left something behind");
    }
    assert(app.isIntact);
    this.#app = app;
  }

  async #renew(): Promise<void> {
    const { firstProgram, turnSwitches, collects, checksHeap } = this.#options;
    this.#app = await loadWatched(await this.#module, {
      ...(turnSwitches ? { turnSwitches } : {}),
      ...(collects ? { afterTurn: (app) => app.collect() } : {}),
    });
    await this.#app.exports["execute"]?.(firstProgram);
    if (checksHeap) this.#heap = await readCollected(this.#app);
    this.#left = PROGRAMS_PER_INSTANCE;
  }
}

async function readCollected(app: App): Promise<string> {
  app.collect();
  return JSON.stringify(await readHeap(app));
}

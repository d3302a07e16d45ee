/** Random programs over channels against the reference model of test/setup/channel-model.ts, with garbage being collected meanwhile. */
import assert from "node:assert/strict";
import type { App } from "as-fibers";
import * as fc from "fast-check";
import { modelChannels } from "../setup/channel-model.ts";
import { arbitraryChannelProgram } from "../setup/channel-programs.ts";
import { guest, type Variant } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";
import type { Workload } from "./workload.ts";

interface Mode {
  variant?: Variant;
  /** Switches per turn; a turn is long without. */
  turnSwitches?: number;
  /** A full collection after every turn. */
  collects?: boolean;
}

/** An instance is used for so many programs. */
const PROGRAMS_PER_INSTANCE = 500;

/** What the first program makes is then kept: the table of calls and the like. */
const FIRST_PROGRAM = "0 1 2 | send 0, send 1, send 2 | receive 0";

/** Runs programs one after another in one instance; each must do what the model does, and leave nothing behind. */
class Runner {
  readonly #mode: Mode;
  readonly #module: Promise<WebAssembly.Module>;
  #app: App | undefined;
  #heap = "";
  #left = 0;

  constructor(mode: Mode) {
    this.#mode = mode;
    this.#module = WebAssembly.compile(guest("channel-programs", mode.variant).binary as BufferSource);
  }

  async check(program: string): Promise<void> {
    if (!this.#app || !this.#left--) await this.#renew();
    const app = this.#app as App;
    // Whatever goes wrong: the next program, a shrunk one perhaps, begins with a new instance.
    this.#app = undefined;
    assert.equal(await app.exports["execute"]?.(program), modelChannels(program));
    assert.equal(await readCollected(app), this.#heap, "the program has left something behind");
    assert(app.isIntact);
    this.#app = app;
  }

  async #renew(): Promise<void> {
    const { turnSwitches, collects } = this.#mode;
    this.#app = await loadWatched(await this.#module, {
      ...(turnSwitches ? { turnSwitches } : {}),
      ...(collects ? { afterTurn: (app) => app.collect() } : {}),
    });
    await this.#app.exports["execute"]?.(FIRST_PROGRAM);
    this.#heap = await readCollected(this.#app);
    this.#left = PROGRAMS_PER_INSTANCE;
  }
}

async function readCollected(app: App): Promise<string> {
  app.collect();
  return JSON.stringify(await readHeap(app));
}

function workload(name: string, counts: { suite: number; soak: number }, mode: Mode): Workload {
  return {
    name: `channels: ${name}`,
    unit: "programs",
    ...counts,
    async run(count, seed) {
      const runner = new Runner(mode);
      const property = fc.asyncProperty(arbitraryChannelProgram(), (program) => runner.check(program));
      await fc.assert(property, { numRuns: count, seed });
    },
  };
}

export const inTurns = workload("turns of many switches", { suite: 5_000, soak: 200_000 }, {});

export const collectedAtEverySwitch = workload(
  "collected at every switch",
  { suite: 2_000, soak: 50_000 },
  { turnSwitches: 1, collects: true },
);

export const collectedInSmallSteps = workload(
  "collected in the smallest steps",
  { suite: 2_000, soak: 100_000 },
  { variant: { label: "small-steps" } },
);

export const collectedInMinimal = workload(
  "runtime minimal",
  { suite: 2_000, soak: 50_000 },
  { variant: { runtime: "minimal" }, turnSwitches: 1, collects: true },
);

export const inDebug = workload(
  "debug build",
  { suite: 500, soak: 20_000 },
  { variant: { target: "debug" }, turnSwitches: 1, collects: true },
);

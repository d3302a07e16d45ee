/** Random programs against the reference model of test/setup/programs.ts, alone and with garbage being collected at every switch. */
import assert from "node:assert/strict";
import type { App } from "as-fibers";
import * as fc from "fast-check";
import { guest, type Variant } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { arbitraryProgram, modelExecute } from "../setup/programs.ts";
import { loadWatched } from "../setup/watched.ts";
import type { Workload } from "./workload.ts";

interface Mode {
  variant: Variant;
  /** One switch per turn. Else, turns are long: then only programs without `sleep(0)` are run, which sees where a turn reads the clock. */
  inSteps: boolean;
  /** A full collection after every turn. */
  collects?: boolean;
  /** Whether a program must leave nothing behind. */
  checksHeap?: boolean;
}

/** An instance is used for so many programs. */
const PROGRAMS_PER_INSTANCE = 500;

/** Runs programs one after another in one instance. */
class Runner {
  readonly #mode: Mode;
  readonly #module: Promise<WebAssembly.Module>;
  #app: App | undefined;
  #heap = "";
  #left = 0;

  constructor(mode: Mode) {
    this.#mode = mode;
    this.#module = WebAssembly.compile(guest("programs", mode.variant).binary as BufferSource);
  }

  async check(program: string): Promise<void> {
    if (!this.#app || !this.#left--) await this.#renew();
    const app = this.#app as App;
    // Whatever goes wrong: the next program, a shrunk one perhaps, begins with a new instance.
    this.#app = undefined;
    assert.equal(await app.exports["execute"]?.(program), modelExecute(program));
    if (this.#mode.checksHeap)
      assert.equal(await readCollected(app), this.#heap, "the program has left something behind");
    assert(app.isIntact);
    this.#app = app;
  }

  async #renew(): Promise<void> {
    const { inSteps, collects } = this.#mode;
    this.#app = await loadWatched(await this.#module, {
      ...(inSteps ? { turnSwitches: 1 } : {}),
      ...(collects ? { afterTurn: (app) => app.collect() } : {}),
    });
    // The first program makes what is then kept: the table of calls and the like.
    await this.#app.exports["execute"]?.("g1|y0");
    if (this.#mode.checksHeap) this.#heap = await readCollected(this.#app);
    this.#left = PROGRAMS_PER_INSTANCE;
  }
}

async function readCollected(app: App): Promise<string> {
  app.collect();
  return JSON.stringify(await readHeap(app));
}

function workload(name: string, counts: { suite: number; soak: number }, mode: Mode): Workload {
  return {
    name,
    unit: "programs",
    ...counts,
    async run(count, seed) {
      const runner = new Runner(mode);
      const property = fc.asyncProperty(arbitraryProgram({ sleepsZero: mode.inSteps }), (p) => runner.check(p));
      await fc.assert(property, { numRuns: count, seed });
    },
  };
}

export const modelInTurns = workload(
  "model: turns of many switches",
  { suite: 10_000, soak: 1_000_000 },
  {
    variant: {},
    inSteps: false,
  },
);

export const modelInSteps = workload(
  "model: one switch per turn",
  { suite: 10_000, soak: 1_000_000 },
  {
    variant: {},
    inSteps: true,
  },
);

export const collectedAtEverySwitch = workload(
  "collector: at every switch",
  { suite: 2_000, soak: 200_000 },
  {
    variant: {},
    inSteps: true,
    collects: true,
    checksHeap: true,
  },
);

export const collectedInSmallSteps = workload(
  "collector: in the smallest steps",
  { suite: 2_000, soak: 500_000 },
  {
    variant: { label: "small-steps" },
    inSteps: false,
    checksHeap: true,
  },
);

export const collectedInDebug = workload(
  "collector: debug build",
  { suite: 500, soak: 50_000 },
  {
    variant: { target: "debug" },
    inSteps: true,
    collects: true,
    checksHeap: true,
  },
);

export const collectedInMinimal = workload(
  "collector: runtime minimal",
  { suite: 2_000, soak: 200_000 },
  {
    variant: { runtime: "minimal" },
    inSteps: true,
    collects: true,
    checksHeap: true,
  },
);

export const neverCollected = workload(
  "collector: runtime stub",
  { suite: 500, soak: 50_000 },
  {
    variant: { runtime: "stub" },
    inSteps: true,
  },
);

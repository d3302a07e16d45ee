/** Random programs against the reference model of test/setup/programs.ts, alone and with garbage being collected at every switch. */
import * as fc from "fast-check";
import { guest, type Variant } from "../setup/guests.ts";
import { arbitraryProgram, modelExecute } from "../setup/programs.ts";
import { ProgramRunner } from "./program-runner.ts";
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

function workload(name: string, counts: { suite: number; soak: number }, mode: Mode): Workload {
  return {
    name,
    unit: "programs",
    ...counts,
    async run(count, seed) {
      const runner = new ProgramRunner({
        ...mode,
        binary: guest("programs", mode.variant).binary,
        model: modelExecute,
        firstProgram: "g1|y0",
        turnSwitches: mode.inSteps ? 1 : undefined,
      });
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

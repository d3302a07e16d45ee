/** Random programs over everything that fibers share, against the reference model of test/setup/vocabulary-model.ts. */
import * as fc from "fast-check";
import { guest, type Variant } from "../setup/guests.ts";
import { modelVocabulary } from "../setup/vocabulary-model.ts";
import { arbitraryVocabularyProgram } from "../setup/vocabulary-programs.ts";
import { ProgramRunner } from "./program-runner.ts";
import type { Workload } from "./workload.ts";

interface Mode {
  variant?: Variant;
  /** Switches per turn; a turn is long without. */
  turnSwitches?: number;
  /** A full collection after every turn. */
  collects?: boolean;
  /** Whether a program must leave nothing behind in memory. It always must leave no fiber, timer or queue. */
  checksHeap?: boolean;
}

/** What the first program makes is then kept: the table of calls, room for timers and the like. */
const FIRST_PROGRAM = "0b 1b 1 | send 0, sleep 1, lock 0 | receive 0";

/** Runs so many random programs in the guest and in the model. @throws with the program, shrunk, when they differ */
export async function compare(count: number, seed: number, mode: Mode, model = modelVocabulary): Promise<void> {
  const { binary } = guest("vocabulary-programs", mode.variant);
  const runner = new ProgramRunner({ ...mode, binary, model, firstProgram: FIRST_PROGRAM });
  const property = fc.asyncProperty(arbitraryVocabularyProgram(), (program) => runner.check(program));
  await fc.assert(property, { numRuns: count, seed });
}

function workload(name: string, counts: { suite: number; soak: number }, mode: Mode): Workload {
  return {
    name: `vocabulary: ${name}`,
    unit: "programs",
    ...counts,
    run: (count, seed) => compare(count, seed, mode),
  };
}

export const inTurns = workload("turns of many switches", { suite: 4_500, soak: 500_000 }, {});

export const inSmallTurns = workload(
  "turns of three switches",
  { suite: 2_000, soak: 200_000 },
  { turnSwitches: 3, checksHeap: true },
);

export const collectedAtEverySwitch = workload(
  "collected at every switch",
  { suite: 1_000, soak: 100_000 },
  { turnSwitches: 1, collects: true, checksHeap: true },
);

export const collectedInSmallSteps = workload(
  "collected in the smallest steps",
  { suite: 2_000, soak: 170_000 },
  { variant: { label: "small-steps" }, checksHeap: true },
);

export const inDebug = workload("debug build", { suite: 500, soak: 30_000 }, { variant: { target: "debug" } });

export const all = [inTurns, inSmallTurns, collectedAtEverySwitch, collectedInSmallSteps, inDebug];

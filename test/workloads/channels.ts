/** Random programs over channels against the reference model of test/setup/channel-model.ts, with garbage being collected meanwhile. */
import * as fc from "fast-check";
import { modelChannels } from "../setup/channel-model.ts";
import { arbitraryChannelProgram } from "../setup/channel-programs.ts";
import { guest, type Variant } from "../setup/guests.ts";
import { ProgramRunner } from "./program-runner.ts";
import type { Workload } from "./workload.ts";

interface Mode {
  variant?: Variant;
  /** Switches per turn; a turn is long without. */
  turnSwitches?: number;
  /** A full collection after every turn. */
  collects?: boolean;
}

/** What the first program makes is then kept: the table of calls and the like. */
const FIRST_PROGRAM = "0 1 2 | send 0, send 1, send 2 | receive 0";

function workload(name: string, counts: { suite: number; soak: number }, mode: Mode): Workload {
  return {
    name: `channels: ${name}`,
    unit: "programs",
    ...counts,
    async run(count, seed) {
      const runner = new ProgramRunner({
        ...mode,
        binary: guest("channel-programs", mode.variant).binary,
        model: modelChannels,
        firstProgram: FIRST_PROGRAM,
        checksHeap: true,
      });
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

/** Random trees of scopes, fibers, cleanups, shields, failures, cancellations and deadlines; see test/setup/scope-rules.ts. */
import * as fc from "fast-check";
import { guest } from "../setup/guests.ts";
import { arbitraryScopeProgram } from "../setup/scope-programs.ts";
import { checkScopes } from "../setup/scope-rules.ts";
import { ProgramRunner } from "./program-runner.ts";
import type { Workload } from "./workload.ts";

interface Mode {
  /** Switches per turn; a turn is long without. */
  turnSwitches?: number;
  /** A full collection after every turn. */
  collects?: boolean;
  /** Whether a program must leave nothing behind in memory. It always must leave no fiber and no timer. */
  checksHeap?: boolean;
}

/** What the first program makes is then kept: the table of calls, room for timers and the like. */
const FIRST_PROGRAM = "scope 1, deadline 9, go 1, go 2, try | defer 1, sleep 1, shield 1, fail | sleep 1";

function workload(name: string, counts: { suite: number; soak: number }, mode: Mode): Workload {
  return {
    name: `scopes: ${name}`,
    unit: "trees",
    ...counts,
    async run(count, seed) {
      const runner = new ProgramRunner({
        ...mode,
        binary: guest("scope-programs").binary,
        model(_, told) {
          checkScopes(told);
          return told;
        },
        firstProgram: FIRST_PROGRAM,
      });
      const property = fc.asyncProperty(arbitraryScopeProgram(), (program) => runner.check(program));
      await fc.assert(property, { numRuns: count, seed });
    },
  };
}

export const inTurns = workload("turns of many switches", { suite: 7_000, soak: 800_000 }, {});

export const inSmallTurns = workload(
  "turns of three switches",
  { suite: 2_000, soak: 150_000 },
  { turnSwitches: 3, checksHeap: true },
);

export const collectedAtEverySwitch = workload(
  "collected at every switch",
  { suite: 1_000, soak: 50_000 },
  { turnSwitches: 1, collects: true, checksHeap: true },
);

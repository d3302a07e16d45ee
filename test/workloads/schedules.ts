/** Random programs in simulated worlds: run twice, they are the same run; so are a run, and the same repeated by its schedule. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { simulate, type SimulateOptions } from "as-fibers/testing";
import { guest } from "../setup/guests.ts";
import { arbitraryProgram } from "../setup/programs.ts";
import { arbitraryVocabularyProgram } from "../setup/vocabulary-programs.ts";
import type { Workload } from "./workload.ts";

const POLICIES = ["random", "pct", "fifo"] as const;

function workload(name: string, programs: fc.Arbitrary<string>): Workload {
  return {
    name: `schedules: ${name}`,
    unit: "programs",
    suite: 120,
    soak: 5_000,
    async run(count, seed) {
      const module = await WebAssembly.compile(guest(name).binary as BufferSource);
      const world = fc.record({ program: programs, seed: fc.nat(), policy: fc.constantFrom(...POLICIES) });
      await fc.assert(
        fc.asyncProperty(world, ({ program, ...options }) => check(module, program, options)),
        { numRuns: count, seed },
      );
    },
  };
}

async function check(module: WebAssembly.Module, program: string, options: SimulateOptions): Promise<void> {
  const run = (more: SimulateOptions) => simulate(module, { entry: "execute", args: [program], ...more });
  const first = await run(options);
  assert.equal(first.failure, undefined);
  assert.deepEqual(await run(options), first);
  assert.deepEqual(await run({ schedule: first.schedule }), first);
}

export const coreSchedules = workload("programs", arbitraryProgram({ sleepsZero: true }));
export const vocabularySchedules = workload("vocabulary-programs", arbitraryVocabularyProgram());

/** The heap of timers against a sorted list, and by itself with very many timers. */
import assert from "node:assert/strict";
import type { App } from "as-fibers";
import * as fc from "fast-check";
import { guest } from "../setup/guests.ts";
import { loadWatched } from "../setup/watched.ts";
import type { Workload } from "./workload.ts";

type Instruction =
  | { kind: "start"; fiber: number; deadline: number }
  | { kind: "cancel"; fiber: number }
  | { kind: "expire"; time: number };

const FIBERS = 40;

/** Few different deadlines, so that many are equal; now and then a fraction, or one that never comes. */
const deadline = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 20 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 1000 }).map((n) => n / 64) },
  { weight: 1, arbitrary: fc.constant(Infinity) },
);

const instruction: fc.Arbitrary<Instruction> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("start"), fiber: fc.nat(FIBERS - 1), deadline }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("cancel"), fiber: fc.nat(FIBERS - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("expire"), time: fc.integer({ min: 0, max: 20 }) }) },
);

/** A fiber has one timer at most: starting one that runs is left out. */
function modelAndText(instructions: Instruction[]): { text: string; expected: string } {
  let timers: { fiber: number; deadline: number }[] = [];
  const text: string[] = [];
  const expected: string[] = [];
  for (const step of instructions) {
    if (step.kind === "start") {
      if (timers.some(({ fiber }) => fiber === step.fiber)) continue;
      timers.push(step);
      text.push(`s${step.fiber}:${step.deadline}`);
    } else if (step.kind === "cancel") {
      timers = timers.filter(({ fiber }) => fiber !== step.fiber);
      text.push(`c${step.fiber}`);
    } else {
      const due = timers.filter((timer) => timer.deadline <= step.time).toSorted((a, b) => a.deadline - b.deadline);
      timers = timers.filter((timer) => timer.deadline > step.time);
      text.push(`e${step.time}`);
      expected.push(["expired", ...due.map(({ fiber }) => fiber)].join(" "));
    }
    const next = Math.min(...timers.map((timer) => timer.deadline));
    expected.push(`${timers.length} ${Number.isInteger(next) ? next.toFixed(1) : next}`);
  }
  return { text: text.join(" "), expected: expected.join("\n") };
}

export const timersAgainstList: Workload = {
  name: "timers: heap against a sorted list",
  unit: "programs",
  suite: 1_000,
  soak: 200_000,
  async run(count, seed) {
    let app: App | undefined;
    const property = fc.asyncProperty(fc.array(instruction, { maxLength: 150, size: "max" }), async (instructions) => {
      const { text, expected } = modelAndText(instructions);
      const mine = app ?? (await loadWatched(guest("timers").binary));
      app = undefined;
      assert.equal(await mine.exports["execute"]?.(text, FIBERS), expected);
      app = mine;
    });
    await fc.assert(property, { numRuns: count, seed });
  },
};

export const manyTimers: Workload = {
  name: "timers: very many at once",
  unit: "timers",
  suite: 1_000_000,
  soak: 20_000_000,
  async run(count, seed) {
    const size = Math.min(count, 1_000_000);
    const app = await loadWatched(guest("timers").binary);
    for (let done = 0; done < count; done += size) {
      assert.equal(await app.exports["many"]?.(size, (seed + done) | 0), "0 missing, 0 wrong, 0 left");
    }
  },
};

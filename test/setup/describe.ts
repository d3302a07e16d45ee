/** What is asked of each of several: drivers, back ends, hosts. Where one is missing, its tests are skipped by its name. */
import { describe, test } from "vitest";
import { combinations } from "../wasi/raw.ts";
import { backEnds, isHere } from "./real-drivers.ts";
import type { Need, World } from "./world.ts";

/** Points of the contract in host/driver.ts, in each of these worlds. */
export function describeOn(those: readonly World[], points: string, ask: (world: World) => void): void {
  for (const world of those) describe.skipIf(!world.isHere)(`${points} on ${world.name}`, () => ask(world));
}

/** A test that not every world can run; test/drivers/coverage.test.ts counts them. */
export function needing(world: World, ...needs: Need[]) {
  return test.skipIf(needs.some((need) => world.lacks.has(need)));
}

/** What is asked of both back ends of the driver `selector`. */
export function describeBackEnds(title: string, ask: (backEnd: (typeof backEnds)[number]) => void): void {
  for (const backEnd of backEnds) describe.skipIf(!isHere(backEnd))(`${title}, on ${backEnd}`, () => ask(backEnd));
}

/** What is asked of `as-fibers/wasi` on each base, with each way of waiting. */
export function describeCombinations(ask: (combination: (typeof combinations)[number]) => void): void {
  for (const combination of combinations) {
    const { base, waiting } = combination;
    describe.skipIf(waiting === "poll" && !isHere("poll"))(`on ${base}, waiting by ${waiting}`, () => ask(combination));
  }
}

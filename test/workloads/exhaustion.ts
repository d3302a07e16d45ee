/**
 * Stack exhaustion, from every depth and in every kind of function. A fiber that exhausts the stack either fails alone, or the
 * instance says that it is dead; a wrong answer, a damaged heap, a hang or an abort that comes later is a bug.
 */
import assert from "node:assert/strict";
import type { App, FibersError } from "as-fibers";
import { guest, type Variant } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";
import type { Workload } from "./workload.ts";

/** Names of what is done at every level; see the guest. */
const WORKS = [
  "nothing",
  "allocate",
  "concatenate",
  "read the clock",
  "defer",
  "start fibers",
  "allocate seldom",
  "defer seldom",
  "hold many",
];

/** Fibers of which one exhausts the stack. */
const FIBERS = 1000;

/** How often each outcome came, by the name of the work. */
export type Outcomes = Record<string, { failed: number; dead: number }>;

export async function exhaust(depths: Iterable<number>, variant: Variant = {}): Promise<Outcomes> {
  const module = await WebAssembly.compile(guest("exhaustion", variant).binary as BufferSource);
  const outcomes: Outcomes = {};
  let app: App | undefined;
  for (const depth of depths) {
    for (const [work, name] of WORKS.entries()) {
      app ??= await loadWatched(module);
      const outcome = (outcomes[name] ??= { failed: 0, dead: 0 });
      if (await isolates(app, depth, work)) {
        outcome.failed++;
      } else {
        outcome.dead++;
        app = undefined;
      }
    }
  }
  return outcomes;
}

/** True: only that fiber failed, and all is well. False: the instance is dead, and says so. */
async function isolates(app: App, depth: number, work: number): Promise<boolean> {
  let result: unknown;
  try {
    result = await app.exports["exhaustOneOf"]?.(FIBERS, depth, work);
  } catch (error) {
    assert.equal((error as FibersError).code, "E_INSTANCE_DEAD");
    await assert.rejects(app.exports["work"]?.(1) as Promise<unknown>, { code: "E_INSTANCE_DEAD" });
    assert.throws(() => app.collect(), { code: "E_INSTANCE_DEAD" });
    return false;
  }
  assert.equal(result, `${FIBERS - 1} right, E_STACK_EXHAUSTED`);
  app.collect();
  await readHeap(app);
  assert.equal(await app.exports["work"]?.(100), 100);
  app.collect();
  await readHeap(app);
  assert(app.isIntact);
  return true;
}

export const exhaustion: Workload = {
  name: "stack exhaustion",
  unit: `depths × ${WORKS.length} functions × ${FIBERS} fibers`,
  // Both outcomes have come long before; a hundred take four seconds more.
  suite: 40,
  soak: 1_000,
  async run(count) {
    const depths = Array.from({ length: count }, (_, i) => i);
    const outcomes = await exhaust(depths);
    // A function that calls nothing of the runtime can only fail by itself.
    assert.equal(outcomes["nothing"]?.dead, 0);
    assert.equal(outcomes["hold many"]?.dead, 0);
    // Here it is by chance; both must have been seen.
    assert(Number(outcomes["allocate seldom"]?.failed) > 0 && Number(outcomes["allocate seldom"]?.dead) > 0);
    // The shadow stack ends only in functions that hold references, which are the program's: nobody dies of that.
    const shadow = await exhaust(depths.slice(0, Math.ceil(count / 10)), { label: "small-shadow-stack" });
    for (const { dead } of Object.values(shadow)) assert.equal(dead, 0);
  },
};

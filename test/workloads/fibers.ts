/** Fibers that are started and end, by the million: memory must not grow with their number. */
import assert from "node:assert/strict";
import { guest, type Variant } from "../setup/guests.ts";
import { loadWatched } from "../setup/watched.ts";
import type { Workload } from "./workload.ts";

/** As much as one turn's garbage takes, and then some. */
const MEMORY_LIMIT = 24 << 20;

/** So many in one call, between two looks at memory. */
const BATCH = 100_000;

function flatMemory(
  name: string,
  variant: Variant,
  counts: { suite: number; soak: number },
  exported: string,
): Workload {
  return {
    name: `memory: ${name}`,
    unit: "fibers",
    ...counts,
    async run(count) {
      const app = await loadWatched(guest("collector", variant).binary);
      let grown = 0;
      for (let done = 0; done < count; done += BATCH) {
        assert.equal(await app.exports[exported]?.(BATCH), BATCH);
        const bytes = app.memory.buffer.byteLength;
        // It may grow at first; a tenth of the way, it has found its size.
        if (done * 10 > count) assert.equal(bytes, grown, `memory has grown after ${done} fibers`);
        grown = bytes;
      }
      assert(grown <= MEMORY_LIMIT, `memory has grown to ${grown} bytes`);
      assert(app.isIntact);
    },
  };
}

export const finishIncremental = flatMemory(
  "start and finish, runtime incremental",
  {},
  { suite: 2_000_000, soak: 10_000_000 },
  "spawnAndFinish",
);

export const finishMinimal = flatMemory(
  "start and finish, runtime minimal",
  { runtime: "minimal" },
  { suite: 2_000_000, soak: 10_000_000 },
  "spawnAndFinish",
);

export const waitIncremental = flatMemory(
  "start, wait and finish, runtime incremental",
  {},
  { suite: 1_000_000, soak: 10_000_000 },
  "spawnAndWait",
);

export const waitMinimal = flatMemory(
  "start, wait and finish, runtime minimal",
  { runtime: "minimal" },
  { suite: 1_000_000, soak: 10_000_000 },
  "spawnAndWait",
);

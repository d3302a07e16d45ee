/** Traps, by the hundred thousand, in one instance: it stays as it was at the start. */
import assert from "node:assert/strict";
import { guest } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";
import type { Workload } from "./workload.ts";

const BATCH = 5_000;

export const traps: Workload = {
  name: "traps in one instance",
  unit: "traps",
  suite: 10_000,
  soak: 1_000_000,
  async run(count) {
    const app = await loadWatched(guest("traps").binary);
    await app.exports["trapMany"]?.(100);
    app.collect();
    const heap = await readHeap(app);
    const memory = app.memory.buffer.byteLength;
    const stackPointer = await app.exports["stackPointer"]?.();
    for (let done = 0; done < count; done += BATCH) {
      assert.equal(await app.exports["trapMany"]?.(BATCH), BATCH);
      assert.equal(await app.exports["stackPointer"]?.(), stackPointer, "the stack pointer has moved");
    }
    app.collect();
    assert.deepEqual(await readHeap(app), heap);
    assert.equal(app.memory.buffer.byteLength, memory, "memory has grown");
    assert(app.isIntact);
    assert.equal(await app.exports["trapOneOf"]?.(100, 0, -1), "100 right, not failed: , 200 cleaned");
  },
};

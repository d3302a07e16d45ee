/** The collector and fibers: what a fiber holds is kept, wherever the fiber is; what it has let go is freed, while it lives. */
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";
import { finishIncremental, finishMinimal, waitIncremental, waitMinimal } from "../workloads/fibers.ts";
import {
  collectedAtEverySwitch,
  collectedInDebug,
  collectedInMinimal,
  collectedInSmallSteps,
  neverCollected,
} from "../workloads/programs.ts";
import { runInSuite } from "../workloads/workload.ts";

const MIB = 1 << 20;

describe("random programs keep what they hold, and leave nothing behind", () => {
  test("with a full collection at every switch", () => runInSuite(collectedAtEverySwitch));
  test("in a debug build", () => runInSuite(collectedInDebug));
  test("with a switch between any two steps of the collector", () => runInSuite(collectedInSmallSteps));
  test("with the runtime minimal", () => runInSuite(collectedInMinimal));
  test("with the runtime stub, which frees nothing", () => runInSuite(neverCollected));
});

describe("memory stays flat over millions of fibers, without a forced collection", () => {
  test("incremental", () => runInSuite(finishIncremental));
  test("incremental, with a wait in each", () => runInSuite(waitIncremental));
  test("minimal, collected between turns by the host", () => runInSuite(finishMinimal));
  test("minimal, with a wait in each", () => runInSuite(waitMinimal));
});

describe.each(["incremental", "minimal"] as const)("%s: an object that only a frame refers to", (runtime) => {
  const start = async () => {
    // The runtime minimal is collected between turns, so they must not be too long.
    const app = await loadWatched(guest("collector", { runtime }).binary, { turnSwitches: 16 });
    await app.exports["spawnAndFinish"]?.(1);
    app.collect();
    return app;
  };

  test("is freed when the frame has returned, while its fiber goes on", async () => {
    const app = await start();
    // 2,000 × 1 MiB, one after another.
    expect(await app.exports["callHolders"]?.(2000)).toBe(2000);
    expect(app.memory.buffer.byteLength).toBeLessThan(32 * MIB);
  });

  test("is freed when the frame has returned, while its fiber is parked", async () => {
    const app = await start();
    const before = app.liveBytes;
    expect(await app.exports["parkAfterHolding"]?.(50)).toBe(50);
    app.collect();
    expect(app.fibers().filter(({ state, reason }) => state === "parked" && reason === "sleep").length).toBe(50);
    expect(app.liveBytes - before).toBeLessThan(50 * 1000);
    expect(await app.exports["cancelAll"]?.()).toBe(50);
    app.collect();
    expect(app.liveBytes - before).toBeLessThan(1000);
  });

  test("is kept while the frame is there, however long its fiber is parked", async () => {
    const app = await start();
    const before = app.liveBytes;
    let least = Infinity;
    const inside = await loadWatched(guest("collector", { runtime }).binary, {
      turnSwitches: 1,
      afterTurn(one) {
        one.collect();
        if (one.fibers().filter(({ reason }) => reason === "sleep").length === 20) {
          least = Math.min(least, one.liveBytes);
        }
      },
    });
    expect(await inside.exports["parkInside"]?.(20)).toBe(20);
    expect(await inside.exports["awaitInside"]?.()).toBe(20);
    expect(least - before).toBeGreaterThanOrEqual(20 * MIB);
    inside.collect();
    expect(inside.liveBytes - before).toBeLessThan(1000);
  });

  test("is whole at the end, also when it is a list that grew while others did the same", async () => {
    const app = await start();
    expect(await app.exports["growLists"]?.(100, 500)).toBe(100);
  });

  test("leaves nothing behind, whether its result is asked for or not", async () => {
    const app = await start();
    const expected = Array.from({ length: 1000 }, (_, i) => `thing ${i}`.length).reduce((sum, n) => sum + n, 0);
    expect(await app.exports["spawnAndDrop"]?.(1000)).toBe(expected);
    app.collect();
    const before = await readHeap(app);
    for (let i = 0; i < 20; i++) expect(await app.exports["spawnAndDrop"]?.(1000)).toBe(expected);
    app.collect();
    expect(await readHeap(app)).toEqual(before);
  });
});

test.each([
  ["incremental", {}],
  ["incremental, in the smallest steps", { label: "small-steps" }],
  ["minimal", { runtime: "minimal" }],
] as const)("%s: fibers that only the scheduler knows are kept, with all that they hold", async (_runtime, variant) => {
  const app = await loadWatched(guest("collector", variant).binary, { turnSwitches: 16 });
  expect(await app.exports["startUnseen"]?.(5000)).toBe(5000);
  app.collect();
  const before = await readHeap(app);
  expect(await app.exports["startUnseen"]?.(5000)).toBe(5000);
  app.collect();
  expect(await readHeap(app)).toEqual(before);
});

test("an object is freed when its frame has returned, while its fiber runs without giving way", async () => {
  const app = await loadWatched(guest("collector").binary);
  expect(await app.exports["callUsers"]?.(2000)).toBe(2000);
  expect(app.memory.buffer.byteLength).toBeLessThan(32 * MIB);
});

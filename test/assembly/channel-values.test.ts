/** What channels carry, as it was sent, and what they keep in memory. */
import { load, virtualDriver } from "as-fibers";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";

const start = () => loadWatched(guest("channel").binary);

/** `Overflow` */
const DROP_OLDEST = 1;
const DROP_NEWEST = 2;
const KEEP_LATEST = 3;

describe("values arrive as they were sent, of every type", () => {
  test.each([0, 1, 2, 100])("capacity %d", async (capacity) => {
    expect(await (await start()).exports["carryAll"]?.(capacity)).toBe("");
  });

  test("also the bits of a NaN", async () => {
    expect(await (await start()).exports["carryNan"]?.(0x7ff8_0000_dead_beefn)).toBe(0x7ff8_0000_dead_beefn);
  });
});

describe("memory", () => {
  test("a large capacity takes memory only as it fills, and a dropped channel leaves nothing behind", async () => {
    const app = await start();
    await app.exports["fill"]?.(1, 1);
    await app.exports["empty"]?.();
    await app.exports["dropKept"]?.();
    app.collect();
    const before = await readHeap(app);
    expect(await app.exports["fill"]?.(2147483647, 10)).toBe(10);
    expect((await readHeap(app)).usedBytes - before.usedBytes).toBeLessThan(1000);
    expect(await app.exports["fill"]?.(0, 100_000)).toBe(100_010);
    app.collect();
    expect(await app.exports["empty"]?.()).toBe(100_010);
    await app.exports["dropKept"]?.();
    app.collect();
    expect(await readHeap(app)).toEqual(before);
  });

  test("exhausted by a channel fails its sender; what is in it stays", async () => {
    const app = await load(guest("channel", { label: "small-memory" }).binary, { driver: virtualDriver() });
    await expect(app.exports["fillAll"]?.()).rejects.toMatchObject({ code: "E_OUT_OF_MEMORY" });
    const count = (await app.exports["fill"]?.(0, 0)) as number;
    expect(count).toBeGreaterThan(10_000);
    expect(await app.exports["empty"]?.()).toBe(count);
  });

  test.each([
    ["incremental", {}],
    ["incremental, in the smallest steps", { label: "small-steps" }],
    ["minimal", { runtime: "minimal" }],
  ] as const)("%s: what only a channel refers to is kept", async (_runtime, variant) => {
    const app = await loadWatched(guest("channel", variant).binary, { turnSwitches: 16 });
    for (let i = 1; i <= 20; i++) {
      expect(await app.exports["fill"]?.(100_000, 100)).toBe(i * 100);
      app.collect();
    }
    expect(await app.exports["empty"]?.()).toBe(2000);
    expect(await app.exports["circulate"]?.(50, 5000)).toBe(5000);
    expect(await app.exports["giveAndForget"]?.(100)).toBe(100);
  });

  test.each([
    ["the oldest", 3, DROP_OLDEST],
    ["the newest", 3, DROP_NEWEST],
    ["all but the latest", 1, KEEP_LATEST],
  ])("what is dropped is freed: %s", async (_what, capacity, overflow) => {
    const app = await start();
    const round = async (count: number) => {
      expect(await app.exports["dropMany"]?.(capacity, overflow, count)).toBe(BigInt(count - capacity));
      app.collect();
      return readHeap(app);
    };
    const before = await round(10);
    expect(await round(100_000)).toEqual(before);
    expect(app.memory.buffer.byteLength).toBeLessThan(8 << 20);
  });

  test.each([true, false])("a channel that only its waiting fibers know is kept; senders: %s", async (isSending) => {
    const app = await start();
    const round = async () => {
      await app.exports["waitAtLostChannel"]?.(10, isSending);
      app.collect();
      expect(await app.exports["cancelWaiting"]?.()).toBe(10);
      app.collect();
      return readHeap(app);
    };
    const before = await round();
    expect(await round()).toEqual(before);
  });
});

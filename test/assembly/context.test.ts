/** The switch: what a fiber held before it suspended, it holds after it has resumed, from any depth. */
import type { App, FiberError } from "as-fibers";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { readBlocks, readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";

const start = (options: { stackLimit?: number } = {}) => loadWatched(guest("context").binary, options);

test("5,000 frames with two managed and two plain locals each suspend and resume", async () => {
  const app = await start();
  expect(await app.exports["suspendDeep"]?.(5000)).toBe(5000);
  expect(app.isIntact).toBe(true);
});

test("a fiber may suspend at the surface, then deep, then at the surface again", async () => {
  const app = await start();
  expect(await app.exports["suspendDeepLater"]?.(3000)).toBe(1 + 3000 + 2);
});

test.each([1, 2, 3, 4, 5, 8, 16, 17, 100, 1000])("%d frames keep their locals", async (levels) => {
  const app = await start();
  expect(await app.exports["suspendDeep"]?.(levels)).toBe(levels);
});

test("a debug build, whose frames are larger, keeps them too", async () => {
  const app = await loadWatched(guest("context", { target: "debug" }).binary);
  expect(await app.exports["suspendDeep"]?.(1000)).toBe(1000);
  expect(app.isIntact).toBe(true);
});

test("200 fibers keep a local of every type each, while others run and garbage is collected", async () => {
  const app = await start();
  expect(await app.exports["holdEveryType"]?.(200)).toBe(0);
  // The guest compares with itself; once, the values are compared with those of JavaScript.
  expect(await app.exports["locals"]?.(5)).toBe(
    `15 25 1500 2500 -350000 20000000 -25000000000000 ${45_000_000_000_000_000n} 1.6666666 ${5 / 7} true text 5 5 5,6,7 0,5,0 true`,
  );
});

describe("a suspension from too deep", () => {
  const limit = 16 * 1024;

  test("fails that fiber alone, with the bytes used and the limit", async () => {
    const app = await start({ stackLimit: limit });
    const result = (await app.exports["tryDeep"]?.(2000)) as string;
    const match =
      /^E_STACK_TOO_DEEP: cannot suspend: its frames need (\d+) bytes, and the limit is (\d+): .*raise stackLimit.*, others true$/.exec(
        result,
      );
    expect(match, result).not.toBeNull();
    expect(Number(match?.[1])).toBeGreaterThan(limit);
    // A frame of this function saves some 20 to 60 bytes.
    expect(Number(match?.[1])).toBeGreaterThan(2000 * 20);
    expect(Number(match?.[1])).toBeLessThan(2000 * 60);
    expect(Number(match?.[2])).toBe(limit);
    expect(app.isIntact).toBe(true);
  });

  test("is exactly one beyond the limit", async () => {
    const probe = await start({ stackLimit: 64 });
    const needs = async (app: App, levels: number) => {
      const text = (await app.exports["tryDeep"]?.(levels)) as string;
      return Number(/need (\d+) bytes/.exec(text)?.[1]);
    };
    const needed = await needs(probe, 500);
    expect(needed % 4).toBe(0);
    const enough = await start({ stackLimit: needed });
    expect(await enough.exports["tryDeep"]?.(500)).toBe("500 right, others true");
    const tooLittle = await start({ stackLimit: needed - 4 });
    expect(await needs(tooLittle, 500)).toBe(needed);
  });

  test("leaves the instance as it was: a hundred times", async () => {
    const app = await start({ stackLimit: limit });
    await app.exports["tryDeep"]?.(2000);
    app.collect();
    const before = await readHeap(app);
    for (let i = 0; i < 100; i++) expect(await app.exports["tryDeep"]?.(2000 + i)).toContain("E_STACK_TOO_DEEP");
    expect(await app.exports["tryDeep"]?.(100)).toBe("100 right, others true");
    app.collect();
    expect(await readHeap(app)).toEqual(before);
    expect(app.isIntact).toBe(true);
  });

  test("rejects a call that does it, naming the fiber's own function", async () => {
    const app = await start({ stackLimit: limit });
    await expect(app.exports["suspendDeepLater"]?.(2000)).rejects.toMatchObject({
      name: "FiberError",
      code: "E_STACK_TOO_DEEP",
      fiber: "suspendDeepLater",
    });
    expect(await app.exports["suspendDeepLater"]?.(10)).toBe(13);
  });

  test("writes nothing outside of the memory reserved for it, from any depth that the engine's stack allows", async () => {
    // The smallest limit: all that deep suspensions write goes to the red zone.
    const app = await start({ stackLimit: 64 });
    let deepest = 0;
    for (let levels = 250; ; levels += 250) {
      const call = app.exports["tryDeep"]?.(levels) as Promise<string>;
      const result = await call.catch((error: FiberError) => error.code);
      expect(app.isIntact).toBe(true);
      if (!result.startsWith("E_STACK_TOO_DEEP")) {
        expect(result).toMatch(/^E_INSTANCE_DEAD$|^E_STACK_EXHAUSTED: .*, others true$/);
        break;
      }
      deepest = Number(/need (\d+) bytes/.exec(result)?.[1]);
    }
    expect(deepest).toBeGreaterThan(100_000);
  });
});

test("what a deep suspension has saved is freed when the fiber next suspends at the surface", async () => {
  const [fibers, levels] = [50, 1000];
  const used: number[] = [];
  let base = 0;
  const app = await loadWatched(guest("context").binary, {
    // The main fiber and each of the others once per turn: all are deep after the first one, and at the surface after the second.
    turnSwitches: fibers + 1,
    afterTurn(watched) {
      watched.collect();
      if (base) used.push(readBlocks(watched.memory, base).usedBytes);
    },
  });
  base = (await app.exports["heapBase"]?.()) as number;
  const before = readBlocks(app.memory, base).usedBytes;
  expect(await app.exports["shrink"]?.(fibers, levels)).toBe(fibers);
  const [deep = 0, surface = 0] = used;
  expect(deep - before).toBeGreaterThan(fibers * levels * 20);
  expect(surface - before).toBeLessThan(fibers * 1000);
});

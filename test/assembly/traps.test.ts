/** Traps: the fiber fails alone, whatever it trapped by and wherever it was; the others do not notice. */
import { FiberError } from "as-fibers";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";
import { exhaustion } from "../workloads/exhaustion.ts";
import { traps } from "../workloads/traps.ts";
import { runInSuite } from "../workloads/workload.ts";

const start = () => loadWatched(guest("traps").binary);

const kinds: [string, number, RegExp][] = [
  ["unreachable", 0, /^E_TRAP: unreachable$/],
  ["an index out of range", 1, /^E_ABORTED: Index out of range$/],
  ["throw", 2, /^E_ABORTED: thrown$/],
  ["a failed null check", 3, /^E_ABORTED: Unexpected 'null'/],
  ["division by zero", 4, /^E_TRAP: divide by zero$/],
  ["memory out of bounds", 5, /^E_TRAP: memory access out of bounds$/],
  ["a function that is not there", 6, /^E_TRAP: table index is out of bounds$/],
];

test.each(kinds)("%s fails the fiber, with what the engine or the program says", async (_name, kind, message) => {
  const app = await start();
  expect(await app.exports["describeTrap"]?.(kind)).toMatch(message);
  const error = await app.exports["trapHere"]?.(kind).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FiberError);
  expect(`${(error as FiberError).code}: ${(error as FiberError).message}`).toMatch(message);
  expect((error as FiberError).fiber).toBe("trapHere");
});

test("after tens of thousands of traps the instance is as it was", () => runInSuite(traps));

describe("of 1,000 fibers one traps, and 999 finish", () => {
  const points = [
    "at once",
    "after a yield",
    "after a sleep",
    "in a nested call",
    "in a cleanup",
    "in a cleanup that has waited",
    "in its last cleanup",
    "while it is joined",
    "at its end",
  ];
  // Both cleanups of every other fiber, and what the trapping one still does.
  const cleaned = [0, 2, 2, 2, 1, 1, 1, 2, 2].map((own) => 999 * 2 + own);

  test.each(points.map((name, point) => [name, point] as const))("%s", async (_name, point) => {
    const app = await start();
    expect(await app.exports["points"]?.()).toBe(points.length);
    await app.exports["trapOneOf"]?.(1000, 0, -1);
    app.collect();
    const before = await readHeap(app);
    for (const [, kind, message] of kinds) {
      const code = message.source.slice(1).split(":")[0] ?? "";
      expect(await app.exports["trapOneOf"]?.(1000, kind, point)).toBe(
        `999 right, failed: ${code}, ${point === 0 ? 999 * 2 + 2 : cleaned[point]} cleaned`,
      );
    }
    app.collect();
    expect(await readHeap(app)).toEqual(before);
  });
});

describe("a fiber that exhausts the stack", () => {
  test("fails alone, or the instance says that it is dead", () => runInSuite(exhaustion));

  test("of the engine, says so", async () => {
    const app = await loadWatched(guest("exhaustion").binary);
    await expect(app.exports["exhaust"]?.(3, 0)).rejects.toMatchObject({
      code: "E_STACK_EXHAUSTED",
      message: expect.stringContaining("the engine's stack is exhausted") as string,
      fiber: "exhaust",
    });
    expect(await app.exports["work"]?.(10)).toBe(10);
  });

  test("of managed references, says how large that one is", async () => {
    const app = await loadWatched(guest("exhaustion", { label: "small-shadow-stack" }).binary);
    await expect(app.exports["exhaust"]?.(3, 8)).rejects.toMatchObject({
      code: "E_STACK_EXHAUSTED",
      message: expect.stringContaining("the shadow stack of 8192 bytes is exhausted") as string,
      fiber: "exhaust",
    });
    expect(await app.exports["work"]?.(10)).toBe(10);
  });
});

/** Failures: what `fail` does, who learns of it, and that nobody's silence swallows one. */
import { type App, FiberError, load, virtualDriver } from "as-fibers";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";

const start = () => loadWatched(guest("failure").binary);
const call = async (name: string, ...values: (string | number)[]) => (await start()).exports[name]?.(...values);
const lines = (...list: string[]) => list.join("\n");

test("a failure has the code and the message that it was given, and the fiber's name", async () => {
  expect(await call("codesAndMessages")).toBe(
    lines(
      "no error",
      'E_ASKED | told | "coded" | false',
      'E_FAILED | no code | "plain" | false',
      'E_ASKED |  | "" | false',
      "E_FAILED: no code",
      "true",
    ),
  );
});

test.each([0, 1, 10, 1000])("fail %d calls deep leaves all of them: nothing more of them runs", async (levels) => {
  expect(await call("nested", levels)).toBe(lines("false", 'E_BOTTOM | at the bottom | "deep" | false'));
});

test("fail after waits, when the frames have been rewound", async () => {
  expect(await call("afterWaits", 5)).toBe(lines("false", 'E_FAILED | after 5 | "" | false'));
});

test("a fiber that returned has no error", async () => {
  expect(await call("noErrorWhenDone")).toBe(lines("no error", "no error"));
});

test("failing 10,000 times leaves nothing behind", async () => {
  const app = await start();
  await app.exports["failMany"]?.(10, 20);
  app.collect();
  const before = await readHeap(app);
  expect(await app.exports["failMany"]?.(10_000, 20)).toBe(10_000);
  app.collect();
  expect(await readHeap(app)).toEqual(before);
});

test("failures are kept as long as their fibers are referred to", async () => {
  const app = await start();
  expect(await app.exports["keepFailures"]?.(500, 10)).toBe(500);
  app.collect();
  expect(await app.exports["readFailures"]?.()).toBe(500);
});

describe("in JavaScript", () => {
  test("a call rejects with a FiberError that has code, message and the fiber's name", async () => {
    const error = await call("failHere", "no such thing", "E_MISSING")?.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FiberError);
    expect(error).toMatchObject({ code: "E_MISSING", message: "no such thing", fiber: "failHere", name: "FiberError" });
  });

  test("causes are nested, the first failure innermost", async () => {
    let error: unknown = await call("failByChain", 3)?.catch((reason: unknown) => reason);
    const chain: string[] = [];
    for (; error instanceof FiberError; error = error.cause) chain.push(`${error.fiber}: ${error.code}`);
    expect(chain).toEqual(["failByChain: E_ROOT", "level 2: E_ROOT", "level 1: E_ROOT", "level 0: E_ROOT"]);
  });
});

describe("a cleanup that fails", () => {
  const run = async (how: number) => {
    const reported: string[] = [];
    const app = await loadWatched(guest("failure").binary, { onUnobserved: (error) => reported.push(error.message) });
    const log = await app.exports["failInCleanup"]?.(how);
    return { log, reported };
  };

  test("does not hide the failure for which the fiber ends, and is reported", async () => {
    const { log, reported } = await run(0);
    expect(log).toBe(lines("false 4", 'E_FIRST | first | "" | false'));
    expect(reported.toSorted()).toEqual(["cleaning first", "cleaning first more"]);
  });

  test("fails a fiber that has returned; only the next one is reported", async () => {
    const { log, reported } = await run(1);
    expect(log).toBe(lines("false 4", 'E_CLEANING | cleaning late more | "" | false'));
    expect(reported).toEqual(["cleaning late"]);
  });

  test("is not interrupted by a cancellation", async () => {
    const { log, reported } = await run(2);
    expect(log).toBe(lines("false 4", 'E_CLEANING | cleaning late more | "" | false'));
    expect(reported).toEqual(["cleaning late"]);
  });
});

describe("a failure that nobody has looked at is reported once", () => {
  async function startReporting(): Promise<{ app: App; reported: string[] }> {
    const reported: string[] = [];
    const app = await load(guest("failure").binary, {
      driver: virtualDriver(),
      onUnobserved: (error) => reported.push(`${(error as FiberError).fiber}: ${error.message}`),
    });
    return { app, reported };
  }

  test("when the call that started its fiber has ended", async () => {
    const { app, reported } = await startReporting();
    await app.exports["failUnseen"]?.("first");
    expect(reported).toEqual(["unseen: first"]);
    expect(app.warnings).toEqual(["E_ASKED: first (fiber unseen)"]);
    expect(await app.exports["look"]?.(0)).toBe(1);
    await app.exports["drop"]?.();
    app.collect();
    await app.exports["drop"]?.();
    expect(reported).toEqual(["unseen: first"]);
    expect(app.warnings.length).toBe(1);
  });

  test("when its fiber is collected, while other calls are pending", async () => {
    const { app, reported } = await startReporting();
    const pending = app.exports["wait"]?.(Infinity);
    pending?.catch(() => {});
    await app.exports["failForgotten"]?.(3);
    await app.exports["failUnseen"]?.("kept");
    expect(reported).toEqual([]);
    app.collect();
    await app.exports["look"]?.(3);
    expect(reported.toSorted()).toEqual(["f0: forgotten 0", "f1: forgotten 1", "f2: forgotten 2"]);
    await app.exports["drop"]?.();
    app.collect();
    await app.exports["look"]?.(3);
    expect(reported.length).toBe(4);
    expect(reported[3]).toBe("unseen: kept");
    app.terminate();
  });

  test.each([
    [0, "tryJoin"],
    [1, "error"],
    [2, "join"],
  ])("not after somebody has looked (%i: %s)", async (how) => {
    const { app, reported } = await startReporting();
    expect(await app.exports["failAndLook"]?.("seen", how)).toBe(1);
    await app.exports["drop"]?.();
    app.collect();
    await app.exports["drop"]?.();
    expect(reported).toEqual([]);
    expect(app.warnings).toEqual([]);
  });

  test("also when only its state was asked for", async () => {
    const { app, reported } = await startReporting();
    expect(await app.exports["failAndLook"]?.("hardly seen", 3)).toBe(1);
    expect(reported).toEqual(["unseen: hardly seen"]);
  });

  test("not when JavaScript got it, nor for a cancellation", async () => {
    const { app, reported } = await startReporting();
    await expect(app.exports["failHere"]?.("rejected", "E_X")).rejects.toThrow("rejected");
    await app.exports["cancelUnseen"]?.();
    app.collect();
    await app.exports["drop"]?.();
    expect(reported).toEqual([]);
  });
});

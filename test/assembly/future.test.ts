/** `Future`: written once, the same for all; and what futures, broadcasts and watches carry and keep. */
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";

const start = () => loadWatched(guest("news").binary);

/** What it logs, but for what the top-level statements have. */
async function call(name: string, ...values: string[]): Promise<unknown> {
  const app = await start();
  await app.exports["outside"]?.();
  return app.exports[name]?.(...values);
}

const lines = (...list: string[]) => list.join("\n");

test("values of every type arrive as they were sent, by future, broadcast, watch and fiber-local", async () => {
  expect(await call("carryAll")).toBe("");
});

test("what does not wait works outside of fibers", async () => {
  expect(await (await start()).exports["outside"]?.()).toBe("1 true 2 true 3 nobody");
});

describe("a future", () => {
  test("that is set wakes all who wait in their order, but for those who were cancelled; later ones do not wait", async () => {
    expect(await call("setFuture")).toBe(
      lines(
        "false false",
        "true true news false news",
        "a news",
        "b case 1 true false",
        "d news",
        "done",
        "done",
        "E_CANCELLED: cancelled",
        "done",
      ),
    );
  });

  test("that has failed fails all who wait for it, or come later, with its code and message", async () => {
    const failed = "E_MINE: no such thing";
    expect(await call("failFuture")).toBe(
      lines("false true false", "b case 1 false true", failed, "done", failed, failed, failed, failed, failed),
    );
  });

  test.each([
    [
      "set",
      "cannot set: the future has a value already, and is written once; where several may be first, they use trySet",
    ],
    [
      "fail",
      "cannot fail: the future has a value already, and is written once; where several may be first, they use trySet",
    ],
    [
      "failed",
      "cannot set: the future has failed already, and is written once; where several may be first, they use trySet",
    ],
  ])("is written once: %s", async (what, message) => {
    expect(await call("misuse", what)).toBe(`E_ALREADY_SET: ${message}`);
  });

  test("has no value before", async () => {
    expect(await call("misuse", "value")).toBe(
      "E_NO_VALUE: the future has no value yet: wait for it, or ask isSet first",
    );
  });
});

describe("what arrives is whole, and nothing is kept of it", () => {
  test("with a full collection at every switch", async () => {
    const app = await loadWatched(guest("news-memory").binary, { turnSwitches: 1, afterTurn: (one) => one.collect() });
    expect(await app.exports["rounds"]?.(20)).toBe(20 * 12);
  });

  test("with a switch between any two steps of the collector", async () => {
    const app = await loadWatched(guest("news-memory", { label: "small-steps" }).binary);
    expect(await app.exports["rounds"]?.(500)).toBe(500 * 12);
  });

  test("with the runtime minimal", async () => {
    const app = await loadWatched(guest("news-memory", { runtime: "minimal" }).binary, {
      turnSwitches: 3,
      afterTurn: (one) => one.collect(),
    });
    expect(await app.exports["rounds"]?.(20)).toBe(20 * 12);
  });

  test("after 10,000 rounds the heap is as it was", async () => {
    const app = await loadWatched(guest("news-memory").binary);
    await app.exports["rounds"]?.(10);
    app.collect();
    const before = await readHeap(app);
    expect(await app.exports["rounds"]?.(10_000)).toBe(10_000 * 12);
    app.collect();
    expect(await readHeap(app)).toEqual(before);
  });
});

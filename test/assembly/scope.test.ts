/** `Scope`, `all`, `map`, `race`, `any` and `shield`: what fails, what is cancelled, in which order, and that nothing outlives its scope. */
import type { App } from "as-fibers";
import { describe, expect, test } from "vitest";
import { guest, type Variant } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";

/** Every test runs as it is, and with a full collection at every switch. */
const worlds: [string, () => Promise<App>][] = [
  ["", () => loadWatched(guest("scope").binary)],
  [
    ", with a collection at every switch",
    () => loadWatched(guest("scope").binary, { turnSwitches: 1, afterTurn: (app) => app.collect() }),
  ],
];
const lines = (...list: string[]) => list.join("\n");

describe.each(worlds)("scopes%s", (_, start) => {
  async function call(name: string, ...values: (string | number | boolean)[]): Promise<unknown> {
    const app = await start();
    const result = await app.exports[name]?.(...values);
    expect(app.fibers()).toEqual([]);
    return result;
  }

  /** Fibers of these times, odd ones of which fail; the cleanup of each takes 1 ms. */
  const plan = (times: string, { limit = 0, deadline = 0, cancelAt = 0, waits = true } = {}) =>
    call("plan", times, limit, deadline, cancelAt, waits);

  describe("a scope", () => {
    test("ends when all its fibers have ended, cleanups included", async () => {
      expect(await plan("10 4")).toBe(
        lines(
          "4 returns at 4.0",
          "4 has cleaned up at 5.0",
          "10 returns at 10.0",
          "10 has cleaned up at 11.0",
          "0 left, cancelled false, timed out false at 11.0",
          "done at 11.0",
        ),
      );
    });

    test("fails with the first that fails, when the others have been cancelled and have cleaned up", async () => {
      expect(await plan("20 5 30 7")).toBe(
        lines(
          "5 has cleaned up at 6.0",
          "20 has cleaned up at 7.0",
          "30 has cleaned up at 7.0",
          "7 has cleaned up at 7.0",
          'E_ODD: in a scope, fiber "work 5" failed: 5 is odd at 7.0',
          "  because E_ODD: 5 is odd",
        ),
      );
    });

    test("lets so many run at once, and begins the others in their order", async () => {
      expect(await plan("10 4 6 2", { limit: 2 })).toBe(
        lines(
          "4 returns at 4.0",
          "4 has cleaned up at 5.0",
          "10 returns at 10.0",
          "6 returns at 11.0",
          "10 has cleaned up at 11.0",
          "6 has cleaned up at 12.0",
          "2 returns at 13.0",
          "2 has cleaned up at 14.0",
          "0 left, cancelled false, timed out false at 14.0",
          "done at 14.0",
        ),
      );
    });

    test("is cancelled by its deadline, and then ends without failing", async () => {
      expect(await plan("20 4 30", { deadline: 10 })).toBe(
        lines(
          "4 returns at 4.0",
          "4 has cleaned up at 5.0",
          "20 has cleaned up at 11.0",
          "30 has cleaned up at 11.0",
          "0 left, cancelled true, timed out true at 11.0",
          "done at 11.0",
        ),
      );
    });

    test("is not kept by a deadline that has not passed", async () => {
      expect(await plan("4", { deadline: 1000 })).toBe(
        lines(
          "4 returns at 4.0",
          "4 has cleaned up at 5.0",
          "0 left, cancelled false, timed out false at 5.0",
          "done at 5.0",
        ),
      );
    });

    test("cancelled: those that have not begun never begin", async () => {
      expect(await plan("20 4 30 6", { limit: 1, cancelAt: 10 })).toBe(
        lines("20 has cleaned up at 11.0", "0 left, cancelled true, timed out false at 11.0", "done at 11.0"),
      );
    });

    test("whose owner ends without waiting is cancelled, and waited for first", async () => {
      expect(await plan("20 4", { waits: false })).toBe(
        lines("ends", "20 has cleaned up at 1.0", "4 has cleaned up at 1.0", "done at 1.0"),
      );
    });

    test("cancelled by one of its fibers cancels that one as well, and is closed then", async () => {
      expect(await call("fromInside")).toBe(
        lines(
          "10 has cleaned up at 3.0",
          "E_SCOPE_CLOSED: the scope is closed: it takes fibers until wait() has returned; make a new one at 3.0",
        ),
      );
    });

    test("is waited for by its owner alone; what is started after it was cancelled ends before it begins", async () => {
      expect(await call("late")).toBe(
        lines(
          "E_NOT_OWNER: cannot wait for a scope of fiber 1: only the fiber that has made it can at 0.0",
          "E_CANCELLED: cancelled at 0.0",
        ),
      );
    });
  });

  describe("a scope in a scope", () => {
    test("is cancelled with the outer one, and ends before it", async () => {
      expect(await call("nest", false)).toBe(
        lines("20 has cleaned up at 6.0", "40 has cleaned up at 6.0", "outer has ended at 6.0", "done at 6.0"),
      );
    });

    test("is cancelled when a fiber of the outer one fails", async () => {
      expect(await call("nest", true)).toBe(
        lines(
          "5 has cleaned up at 6.0",
          "20 has cleaned up at 7.0",
          "40 has cleaned up at 7.0",
          'E_ODD: in a scope, fiber "work 5" failed: 5 is odd at 7.0',
          "  because E_ODD: 5 is odd",
        ),
      );
    });

    test("a thousand deep", async () => {
      expect(await call("deep", 1000)).toBe("1001 1000 0");
    });
  });

  const combined = (name: string, times: string) => call("combined", name, times);

  describe("all", () => {
    test("gives the results in the order of the arguments", async () => {
      expect(await combined("all", "10 4")).toBe(
        lines(
          "4 returns at 4.0",
          "4 has cleaned up at 5.0",
          "10 returns at 10.0",
          "10 has cleaned up at 11.0",
          "100 40",
          "done at 11.0",
        ),
      );
    });

    test("of nothing is nothing", async () => {
      expect(await combined("all", "")).toBe(lines("", "done at 0.0"));
    });

    test("fails with the first failure", async () => {
      expect(await combined("all", "10 3 20")).toBe(
        lines(
          "3 has cleaned up at 4.0",
          "10 has cleaned up at 5.0",
          "20 has cleaned up at 5.0",
          "E_ODD: in a scope, fiber 4 failed: 3 is odd at 5.0",
          "  because E_ODD: 3 is odd",
        ),
      );
    });

    test("map: two at a time", async () => {
      expect(await combined("map", "10 4 6")).toBe(
        lines(
          "4 returns at 4.0",
          "4 has cleaned up at 5.0",
          "10 returns at 10.0",
          "6 returns at 11.0",
          "10 has cleaned up at 11.0",
          "6 has cleaned up at 12.0",
          "100 40 60",
          "done at 12.0",
        ),
      );
    });
  });

  describe("race", () => {
    test("gives the first result, when the losers have cleaned up", async () => {
      expect(await combined("race", "10 4 6")).toBe(
        lines(
          "4 returns at 4.0",
          "4 has cleaned up at 5.0",
          "10 has cleaned up at 6.0",
          "6 has cleaned up at 6.0",
          "40",
          "done at 6.0",
        ),
      );
    });

    test("fails when the first to end has failed", async () => {
      expect(await combined("race", "10 3 20")).toBe(
        lines(
          "3 has cleaned up at 4.0",
          "10 has cleaned up at 5.0",
          "20 has cleaned up at 5.0",
          "E_ODD: joined fiber 4, which failed: 3 is odd at 5.0",
          "  because E_ODD: 3 is odd",
        ),
      );
    });
  });

  describe("any", () => {
    test("gives the first result, whatever has failed before", async () => {
      expect(await combined("any", "10 3 20")).toBe(
        lines(
          "3 has cleaned up at 4.0",
          "10 returns at 10.0",
          "10 has cleaned up at 11.0",
          "20 has cleaned up at 12.0",
          "100",
          "done at 12.0",
        ),
      );
    });

    test("fails with the last failure when all have failed", async () => {
      expect(await combined("any", "9 3 5")).toBe(
        lines(
          "3 has cleaned up at 4.0",
          "5 has cleaned up at 6.0",
          "9 has cleaned up at 10.0",
          "E_ODD: joined fiber 3, which failed: 9 is odd at 10.0",
          "  because E_ODD: 9 is odd",
          "  and E_ODD: 5 is odd",
        ),
      );
    });
  });

  describe("shield", () => {
    test.each([0, 2, 7])("a cancellation at %d ms strikes when the outermost has ended", async (cancelAt) => {
      expect(await call("cancelShielded", cancelAt)).toBe(
        lines("inner shield has ended at 5.0", "E_CANCELLED: enough at 10.0"),
      );
    });

    test("what it waits for still comes", async () => {
      expect(await call("shieldValue")).toBe(lines("received 7", "E_CANCELLED: enough at 0.0"));
    });
  });
});

test.each([
  ["limit", "E_INVALID_COUNT", "a scope cannot let -1 fibers run at once: 0 is no limit"],
  ["deadline", "E_INVALID_DURATION", "a scope cannot end in -1.0 milliseconds: it takes 0 or more"],
  ["race", "E_INVALID_COUNT", "race of no arguments would wait forever: give it one or more"],
  ["any", "E_INVALID_COUNT", "any of no arguments would wait forever: give it one or more"],
  ["closed", "E_SCOPE_CLOSED", "the scope is closed: it takes fibers until wait() has returned; make a new one"],
])("misuse: %s", async (what, code, message) => {
  const app = await loadWatched(guest("scope").binary);
  await expect(app.exports["misuse"]?.(what)).rejects.toMatchObject({ code, message });
  expect(app.fibers()).toEqual([]);
});

test.each<[string, Variant]>([
  ["incremental", {}],
  ["minimal", { runtime: "minimal" }],
])("nothing is left in memory of a thousand scopes that return, fail or are left (%s)", async (_, variant) => {
  const app = await loadWatched(guest("scope", variant).binary, { turnSwitches: 100 });
  const use = async () => {
    expect(await app.exports["many"]?.(500)).toBe(500);
    app.collect();
    return readHeap(app);
  };
  const before = await use();
  expect(await use()).toEqual(before);
});

/** `Supervisor`: which children are restarted, when, in which order, and what happens when that does not help. */
import type { App } from "as-fibers";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";

const worlds: [string, () => Promise<App>][] = [
  ["", () => loadWatched(guest("supervision").binary)],
  [
    ", with a collection at every switch",
    () => loadWatched(guest("supervision").binary, { turnSwitches: 1, afterTurn: (app) => app.collect() }),
  ],
];
const lines = (...list: string[]) => list.join("\n");
const strategies = { one: 0, all: 1, rest: 2 };

describe.each(worlds)("a supervisor%s", (_, start) => {
  async function call(name: string, ...values: (string | number)[]): Promise<unknown> {
    const app = await start();
    const result = await app.exports[name]?.(...values);
    expect(app.fibers()).toEqual([]);
    return result;
  }

  /** Children `name time failures`; each takes 1 ms more to clean up. */
  const supervise = (
    strategy: keyof typeof strategies,
    children: string,
    { limit = 3, within = 5000, backOff = "", cancelAt = 0 } = {},
  ) => call("watchOver", strategies[strategy], limit, within, children, backOff, cancelAt);

  test("of nothing returns at once", async () => {
    expect(await supervise("one", "")).toBe(lines("0 restarts", "done at 0.0"));
  });

  test("one: restarts the child that has failed, and returns when all have returned", async () => {
    expect(await supervise("one", "a 20 0, b 5 1, c 30 0")).toBe(
      lines(
        "a1 begins at 0.0",
        "b1 begins at 0.0",
        "c1 begins at 0.0",
        "b1 has cleaned up at 6.0",
        "b2 begins at 6.0",
        "b2 returns at 11.0",
        "b2 has cleaned up at 12.0",
        "a1 returns at 20.0",
        "a1 has cleaned up at 21.0",
        "c1 returns at 30.0",
        "c1 has cleaned up at 31.0",
        "1 restarts",
        "done at 31.0",
      ),
    );
  });

  test("all: cancels the others, the last one first, and begins anew in order, without what has returned", async () => {
    expect(await supervise("all", "a 20 0, b 10 1, c 2 0, d 30 0")).toBe(
      lines(
        "a1 begins at 0.0",
        "b1 begins at 0.0",
        "c1 begins at 0.0",
        "d1 begins at 0.0",
        "c1 returns at 2.0",
        "c1 has cleaned up at 3.0",
        "b1 has cleaned up at 11.0",
        "d1 has cleaned up at 12.0",
        "a1 has cleaned up at 13.0",
        "a2 begins at 13.0",
        "b2 begins at 13.0",
        "d2 begins at 13.0",
        "b2 returns at 23.0",
        "b2 has cleaned up at 24.0",
        "a2 returns at 33.0",
        "a2 has cleaned up at 34.0",
        "d2 returns at 43.0",
        "d2 has cleaned up at 44.0",
        "1 restarts",
        "done at 44.0",
      ),
    );
  });

  test("rest: the same for the child that has failed, and those after it", async () => {
    expect(await supervise("rest", "a 20 0, b 10 1, c 30 0, d 40 0")).toBe(
      lines(
        "a1 begins at 0.0",
        "b1 begins at 0.0",
        "c1 begins at 0.0",
        "d1 begins at 0.0",
        "b1 has cleaned up at 11.0",
        "d1 has cleaned up at 12.0",
        "c1 has cleaned up at 13.0",
        "b2 begins at 13.0",
        "c2 begins at 13.0",
        "d2 begins at 13.0",
        "a1 returns at 20.0",
        "a1 has cleaned up at 21.0",
        "b2 returns at 23.0",
        "b2 has cleaned up at 24.0",
        "c2 returns at 43.0",
        "c2 has cleaned up at 44.0",
        "d2 returns at 53.0",
        "d2 has cleaned up at 54.0",
        "1 restarts",
        "done at 54.0",
      ),
    );
  });

  test("does not restart a child that cancels itself", async () => {
    expect(await supervise("one", "a 5 -1")).toBe(
      lines("a1 begins at 0.0", "a1 has cleaned up at 6.0", "0 restarts", "done at 6.0"),
    );
  });

  test.each([
    ["one", 2],
    ["all", 1],
  ] as const)("%s: two failures at the same moment are %d restarts", async (strategy, restarts) => {
    const result = await supervise(strategy, "a 5 1, b 5 1");
    expect(result).toMatch(/a2 begins at 6.0\nb2 begins at 6.0\n/);
    expect(result).toMatch(new RegExp(`\n${restarts} restarts\ndone at 12.0$`));
  });

  test("all: a child that returns at the moment of the failure is not restarted", async () => {
    expect(await supervise("all", "a 5 1, b 5 0")).toBe(
      lines(
        "a1 begins at 0.0",
        "b1 begins at 0.0",
        "b1 returns at 5.0",
        "a1 has cleaned up at 6.0",
        "b1 has cleaned up at 6.0",
        "a2 begins at 6.0",
        "a2 returns at 11.0",
        "a2 has cleaned up at 12.0",
        "1 restarts",
        "done at 12.0",
      ),
    );
  });

  test("pauses before a restart, and goes on watching the others", async () => {
    expect(await supervise("one", "a 5 2, b 8 1", { backOff: "exponential 10 2" })).toBe(
      lines(
        "a1 begins at 0.0",
        "b1 begins at 0.0",
        "a1 has cleaned up at 6.0",
        "b1 has cleaned up at 9.0",
        "a2 begins at 16.0",
        "a2 has cleaned up at 22.0",
        "b2 begins at 29.0",
        "b2 returns at 37.0",
        "b2 has cleaned up at 38.0",
        "a3 begins at 62.0",
        "a3 returns at 67.0",
        "a3 has cleaned up at 68.0",
        "3 restarts",
        "done at 68.0",
      ),
    );
  });

  test("begins with the first pause again when there was no restart for the time", async () => {
    const result = await supervise("one", "a 5 2", { backOff: "exponential 10 2", within: 10 });
    expect(String(result).match(/begins at .*/g)).toEqual(["begins at 0.0", "begins at 16.0", "begins at 32.0"]);
  });

  test("fails when the limit is exceeded, when all children were cancelled, the last one first", async () => {
    expect(await supervise("one", "a 50 0, b 5 9, c 50 0", { limit: 1 })).toBe(
      lines(
        "a1 begins at 0.0",
        "b1 begins at 0.0",
        "c1 begins at 0.0",
        "b1 has cleaned up at 6.0",
        "b2 begins at 6.0",
        "b2 has cleaned up at 12.0",
        "c1 has cleaned up at 13.0",
        "a1 has cleaned up at 14.0",
        "1 restarts",
        'E_RESTART_LIMIT: fiber "b" failed, and 1 restarts within 5000.0 milliseconds are the limit: b2 is broken at 14.0',
        "  because E_BROKEN: b2 is broken",
      ),
    );
  });

  test.each([
    ["a restart so long ago still counts", 6, "E_RESTART_LIMIT"],
    ["one longer ago does not", 5.9, "done at 24.0"],
  ])("%s", async (_name, within, end) => {
    expect(await supervise("one", "a 5 3", { limit: 1, within })).toContain(`\n${end}`);
  });

  test("of two supervisors, the outer one restarts the inner one, and fails when that has not helped", async () => {
    expect(await call("nest")).toBe(
      lines(
        "a1 begins at 0.0",
        "a1 has cleaned up at 6.0",
        "a2 begins at 6.0",
        "a2 has cleaned up at 12.0",
        "a3 begins at 12.0",
        "a3 has cleaned up at 18.0",
        "a4 begins at 18.0",
        "a4 returns at 23.0",
        "a4 has cleaned up at 24.0",
        "1 restarts",
        "done at 24.0",
      ),
    );
  });

  test("that has failed may run again", async () => {
    expect(await call("again")).toBe(
      lines(
        "a1 begins at 0.0",
        "a1 has cleaned up at 6.0",
        "0 restarts",
        'E_RESTART_LIMIT: fiber "a" failed, and 0 restarts within 1.0 milliseconds are the limit: a1 is broken at 6.0',
        "  because E_BROKEN: a1 is broken",
        "a2 begins at 6.0",
        "a2 returns at 11.0",
        "a2 has cleaned up at 12.0",
        "0 restarts",
        "done at 12.0",
      ),
    );
  });

  test.each([
    ["while they run", 3, "", "b1 has cleaned up at 4.0", "a1 has cleaned up at 5.0", "0 restarts", "5.0"],
    ["while it restarts them", 6.5, "", "a1 has cleaned up at 6.0", "b1 has cleaned up at 7.0", "1 restarts", "7.0"],
    ["during a pause", 8, "fixed 9", "a1 has cleaned up at 6.0", "b1 has cleaned up at 7.0", "1 restarts", "8.0"],
  ])("cancelled %s, ends when its children have", async (_name, cancelAt, backOff, first, second, restarts, end) => {
    expect(await supervise("all", "a 5 1, b 50 0", { cancelAt, backOff })).toBe(
      lines("a1 begins at 0.0", "b1 begins at 0.0", first, second, restarts, `E_CANCELLED: enough at ${end}`),
    );
  });

  test("cancelled while its children are cancelled for another one's failure, waits for all of them", async () => {
    expect(await supervise("rest", "a 50 0, b 5 1, c 50 0", { cancelAt: 6.5 })).toBe(
      lines(
        "a1 begins at 0.0",
        "b1 begins at 0.0",
        "c1 begins at 0.0",
        "b1 has cleaned up at 6.0",
        "c1 has cleaned up at 7.0",
        "a1 has cleaned up at 8.0",
        "1 restarts",
        "E_CANCELLED: enough at 8.0",
      ),
    );
  });
});

test.each([
  ["restarts", "E_INVALID_COUNT", "a supervisor cannot restart -1 times: it takes 0 or more"],
  ["within", "E_INVALID_DURATION", "a supervisor cannot count restarts within -1.0 milliseconds: it takes 0 or more"],
  [
    "back-off",
    "E_INVALID_SCHEDULE",
    "a supervisor's back-off takes neither limit nor deadline: it restarts as often as its own limit says",
  ],
  [
    "add",
    "E_BUSY",
    "a supervisor takes its children before it runs: wait until run() has returned, or make another one",
  ],
  ["run", "E_BUSY", "a supervisor runs only once at a time: wait until run() has returned, or make another one"],
])("misuse: %s", async (what, code, message) => {
  const app = await loadWatched(guest("supervision").binary);
  await expect(app.exports["misuse"]?.(what)).rejects.toMatchObject({ code, message });
  await app.close();
});

test("nothing is left in memory of retries and supervisors that return, fail or are cancelled", async () => {
  const app = await loadWatched(guest("supervision").binary, { turnSwitches: 100 });
  const use = async () => {
    expect(await app.exports["many"]?.(200)).toBe(200);
    app.collect();
    return readHeap(app);
  };
  const before = await use();
  expect(await use()).toEqual(before);
});

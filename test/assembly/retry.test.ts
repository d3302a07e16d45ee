/** `retry` and `Schedule`: when attempts begin, what ends them, and what they leave. */
import type { App } from "as-fibers";
import { load, virtualDriver } from "as-fibers";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { loadWatched } from "../setup/watched.ts";

const worlds: [string, () => Promise<App>][] = [
  ["", () => loadWatched(guest("supervision").binary)],
  [
    ", with a collection at every switch",
    () => loadWatched(guest("supervision").binary, { turnSwitches: 1, afterTurn: (app) => app.collect() }),
  ],
];
const lines = (...list: string[]) => list.join("\n");

describe.each(worlds)("retry%s", (_, start) => {
  /** Attempts that take 1 ms, and 1 ms more to clean up. */
  async function tryAgain(schedule: string, failures: number, { time = 1, end = "return", cancelAt = 0 } = {}) {
    const app = await start();
    const result = await app.exports["tryAgain"]?.(schedule, failures, time, end, cancelAt);
    expect(app.fibers()).toEqual([]);
    return result;
  }

  test("returns what the first attempt that succeeds returns", async () => {
    expect(await tryAgain("fixed 10 limit 5", 2)).toBe(
      lines(
        "1 begins at 0.0",
        "1 has cleaned up at 2.0",
        "2 begins at 12.0",
        "2 has cleaned up at 14.0",
        "3 begins at 24.0",
        "3 has cleaned up at 26.0",
        "result 3",
        "done at 26.0",
      ),
    );
  });

  test("fails with the last failure when the schedule ends", async () => {
    expect(await tryAgain("exponential 10 3 limit 1", 9)).toBe(
      lines(
        "1 begins at 0.0",
        "1 has cleaned up at 2.0",
        "2 begins at 12.0",
        "2 has cleaned up at 14.0",
        'E_EARLY: joined fiber "attempt 2", which failed: 2 is too early at 14.0',
        "  because E_EARLY: 2 is too early",
      ),
    );
  });

  test("does not try again with a limit of 0", async () => {
    expect(await tryAgain("fixed 10 limit 0", 9)).toBe(
      lines(
        "1 begins at 0.0",
        "1 has cleaned up at 2.0",
        'E_EARLY: joined fiber "attempt 1", which failed: 1 is too early at 2.0',
        "  because E_EARLY: 1 is too early",
      ),
    );
  });

  test("does not repeat an attempt that is cancelled", async () => {
    expect(await tryAgain("fixed 10 limit 5", 0, { end: "cancel" })).toBe(
      lines(
        "1 begins at 0.0",
        "1 has cleaned up at 2.0",
        'E_CANCELLED: joined fiber "attempt 1", which was cancelled: no use at 2.0',
        "  because E_CANCELLED: no use",
      ),
    );
  });

  test("at its deadline, cancels the attempt, and fails with the failure before", async () => {
    expect(await tryAgain("fixed 10 deadline 30", 9, { time: 15 })).toBe(
      lines(
        "1 begins at 0.0",
        "1 has cleaned up at 16.0",
        "2 begins at 26.0",
        "2 has cleaned up at 31.0",
        'E_EARLY: joined fiber "attempt 1", which failed: 1 is too early at 31.0',
        "  because E_EARLY: 1 is too early",
      ),
    );
  });

  test("at its deadline without any failure, fails as cancelled", async () => {
    expect(await tryAgain("fixed 10 deadline 30", 9, { time: 40 })).toBe(
      lines(
        "1 begins at 0.0",
        "1 has cleaned up at 31.0",
        'E_CANCELLED: joined fiber "attempt 1", which was cancelled: the time of 30.0 milliseconds is over at 31.0',
        "  because E_CANCELLED: the time of 30.0 milliseconds is over",
      ),
    );
  });

  test.each([
    ["does not begin a pause that would end at its deadline", 26, false],
    ["begins one that ends before", 26.5, true],
  ])("%s", async (_name, deadline, begins) => {
    const result = await tryAgain(`fixed 10 deadline ${deadline}`, 1, { time: 15 });
    expect(String(result).includes("2 begins at 26.0")).toBe(begins);
    expect(result).toMatch(begins ? / at 27\.5\n {2}because/ : / at 16\.0\n {2}because/);
  });

  test.each([
    [5, lines("1 begins at 0.0", "1 has cleaned up at 6.0", "E_CANCELLED: enough at 6.0")],
    [20, lines("1 begins at 0.0", "1 has cleaned up at 11.0", "E_CANCELLED: enough at 20.0")],
  ])("is cancelled with its caller, at %d ms, attempt or pause", async (cancelAt, expected) => {
    expect(await tryAgain("fixed 50", 9, { time: 10, cancelAt })).toBe(expected);
  });
});

describe("a schedule", () => {
  async function moments(schedule: string, seed = 1): Promise<number[]> {
    const app = await load(guest("supervision").binary, { driver: virtualDriver({ seed }) });
    const text = await app.exports["moments"]?.(schedule);
    return String(text).split(" ").map(Number);
  }

  test.each([
    ["fixed 5 limit 3", [0, 5, 10, 15]],
    ["fixed 0 limit 2", [0, 0, 0]],
    ["exponential 10 2 limit 4", [0, 10, 30, 70, 150]],
    ["exponential 10 2 limit 4 cap 25", [0, 10, 30, 55, 80]],
    ["exponential 10 2 deadline 70", [0, 10, 30]],
    ["exponential 0 9 limit 2", [0, 0, 0]],
    ["exponential 10 1 limit 2 jitter 0", [0, 10, 20]],
  ])("%s", async (schedule, expected) => {
    expect(await moments(schedule)).toEqual(expected);
  });

  test("with jitter shortens pauses by up to that share, differently for each seed, and the same for the same", async () => {
    const one = await moments("fixed 10 limit 200 jitter 0.5");
    const pauses = one.slice(1).map((moment, index) => moment - (one[index] ?? 0));
    expect(pauses).toHaveLength(200);
    const shortest = Math.min(...pauses);
    const longest = Math.max(...pauses);
    expect(shortest).toBeGreaterThan(5 - 1e-6);
    expect(shortest).toBeLessThan(5.5);
    expect(longest).toBeGreaterThan(9.5);
    expect(longest).toBeLessThan(10 + 1e-6);
    expect(await moments("fixed 10 limit 200 jitter 0.5")).toEqual(one);
    expect(await moments("fixed 10 limit 200 jitter 0.5", 2)).not.toEqual(one);
  });
});

test.each([
  ["fixed", "E_INVALID_DURATION", "a schedule cannot pause for -1.0 milliseconds: it takes 0 or more"],
  ["first", "E_INVALID_DURATION", "a schedule cannot pause for NaN milliseconds: it takes 0 or more"],
  ["factor", "E_INVALID_SCHEDULE", "the pauses of a schedule cannot grow by 0.5: it takes 1 or more"],
  ["times", "E_INVALID_COUNT", "cannot try again -1 times: it takes 0 or more"],
  ["cap", "E_INVALID_DURATION", "a schedule cannot pause for at most -1.0 milliseconds: it takes 0 or more"],
  ["jitter", "E_INVALID_SCHEDULE", "a jitter of 1.5 is not a share of a pause: it takes 0 to 1"],
  ["deadline", "E_INVALID_DURATION", "a schedule cannot end within -1.0 milliseconds: it takes 0 or more"],
])("misuse: %s", async (what, code, message) => {
  const app = await loadWatched(guest("supervision").binary);
  await expect(app.exports["misuse"]?.(what)).rejects.toMatchObject({ code, message });
  expect(app.fibers()).toEqual([]);
});

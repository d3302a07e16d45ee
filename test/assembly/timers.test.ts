/** Timers: earliest first, among equals the first first, never early, and nothing left of what was cancelled. */
import { load, nodeDriver, virtualDriver } from "as-fibers";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { loadWatched } from "../setup/watched.ts";
import { manyTimers, timersAgainstList } from "../workloads/timers.ts";
import { runInSuite } from "../workloads/workload.ts";

const start = () => loadWatched(guest("timers").binary);
const call = async (name: string, ...values: (string | number)[]) => (await start()).exports[name]?.(...values);
const DAY = 24 * 3600 * 1000;

describe("the heap", () => {
  test("starts, cancels and expires as a sorted list does", () => runInSuite(timersAgainstList));
  test("a million timers, a third of them cancelled: in order, in time, none left", () => runInSuite(manyTimers));
});

describe("sleep", () => {
  test("wakes in the order of the deadlines, equal ones in the order of the sleeps, after exactly that time", async () => {
    // In 64ths of a millisecond, so that nanoseconds are exact.
    const durations = fc.array(
      fc.oneof(
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 0, max: 500 }).map((n) => n / 64),
      ),
      { minLength: 1, maxLength: 60 },
    );
    const app = await start();
    const property = fc.asyncProperty(durations, async (list) => {
      const expected = list
        .map((duration, i) => ({ i, duration }))
        .toSorted((a, b) => a.duration - b.duration)
        .map(({ i, duration }) => [i, duration, duration * 1e6].join(" "));
      const log = String(await app.exports["sleepAll"]?.(list.join(" "))).split("\n");
      expect(log.pop()).toBe("0 timers");
      expect(log.map((line) => line.split(" ").map(Number).join(" "))).toEqual(expected);
    });
    await fc.assert(property, { numRuns: 200, seed: 1 });
  });

  test("of days ends at once, after days", async () => {
    expect(await call("sleepFor", 365 * DAY)).toBe(365 * DAY * 1e6);
  });

  test("of fractions of a nanosecond is no shorter than that", async () => {
    expect(await call("sleepFor", 0.0001)).toBe(100);
    expect(await call("sleepFor", 1e-6)).toBe(1);
    expect(await call("sleepFor", 1e-7)).toBe(0); // the clock shows whole nanoseconds
  });

  test("of 0 lets everything run that is ready", async () => {
    expect(await call("zero")).toBe(["a", "b", "slept", "a again", "b again"].join("\n"));
  });

  test.each([-1, -1e-9, -Infinity, NaN])(
    "of %d fails with E_INVALID_DURATION, and starts no timer",
    async (milliseconds) => {
      expect(await call("sleepBadly", milliseconds)).toMatch(
        /^false E_INVALID_DURATION: cannot sleep for .*takes 0 or more 0$/,
      );
    },
  );

  test("100,000 fibers sleep at once, and take as long as the longest", async () => {
    const app = await start();
    expect(await app.exports["sleepTogether"]?.(100_000)).toBe(999 * 1e6);
    expect(await app.exports["timers"]?.()).toBe(0);
  });

  test("is never too short on Node's event loop", async () => {
    const app = await load(guest("timers").binary, { driver: nodeDriver() });
    expect(await app.exports["countEarly"]?.(200, 20)).toBe(0);
    await app.close();
  });

  test("leaves no timer when its fiber is cancelled by closing", async () => {
    const app = await load(guest("timers").binary, { driver: virtualDriver() });
    const pending = expect(app.exports["sleepFor"]?.(Infinity)).rejects.toMatchObject({ code: "E_INSTANCE_CLOSED" });
    await app.close();
    await pending;
  });
});

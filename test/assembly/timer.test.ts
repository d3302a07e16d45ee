/** `Timer`: reset and stopped under those who wait, directly or in a select. */
import { load, nodeDriver } from "as-fibers";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { modelTimers } from "../setup/timer-model.ts";
import { loadWatched } from "../setup/watched.ts";

const start = () => loadWatched(guest("alarms").binary);
const call = async (name: string, ...values: (string | number)[]) => (await start()).exports[name]?.(...values);
const lines = (...list: string[]) => list.join("\n");

/** Programs for test/setup/timer-model.ts. No time is 0: when that is over depends on when the scheduler looks at the clock. */
const time = fc.integer({ min: 1, max: 12 });
const which = fc.integer({ min: 0, max: 1 });
const word = fc.oneof(
  { weight: 4, arbitrary: which.map((timer) => `w${timer}`) },
  { weight: 3, arbitrary: time.map((duration) => `s${duration}`) },
  { weight: 3, arbitrary: fc.tuple(which, time).map(([timer, duration]) => `r${timer}:${duration}`) },
  { weight: 2, arbitrary: fc.tuple(which, time).map(([timer, duration]) => `S${timer}:${duration}`) },
  { weight: 2, arbitrary: time.map((duration) => `B:${duration}`) },
  { weight: 1, arbitrary: which.map((timer) => `x${timer}`) },
  { weight: 1, arbitrary: which.map((timer) => `t${timer}`) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 1 }).map((fiber) => `c${fiber}`) },
);
const script = fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(" "));
const program = fc.array(script, { minLength: 2, maxLength: 6 }).map((scripts) => scripts.join(" | "));

describe("random programs of waits, selects, resets, stops, sleeps and cancels do what the model says", () => {
  test.each([
    ["", {}],
    [", with a collection at every switch", { turnSwitches: 1 }],
  ])("and leave no deadline%s", async (_how, options) => {
    const isCollected = "turnSwitches" in options;
    const app = await loadWatched(guest("alarms").binary, {
      ...options,
      ...(isCollected ? { afterTurn: (one) => one.collect() } : {}),
    });
    const property = fc.asyncProperty(program, async (text) => {
      expect(await app.exports["executeTimers"]?.(text)).toBe(modelTimers(text));
    });
    await fc.assert(property, { numRuns: isCollected ? 50 : 1500, seed: 1 });
  });
});

describe("reset", () => {
  test("puts off those who wait, in their order, and leaves one deadline for each", async () => {
    expect(await call("putOff", 4)).toBe(
      lines(
        "0: true at 6.0",
        "1: true at 6.0",
        "2: true at 6.0",
        "select at 6.0",
        "0 has ended",
        "1 has ended",
        "2 has ended",
        "0 timers",
      ),
    );
  });

  test("to an earlier time, from none, to now: wakes at once; a timer runs again after its time, and after stop", async () => {
    expect(await call("shorten")).toBe(
      lines(
        "case 0 at 0.0",
        "a: true at 0.0",
        "a has ended",
        "case 0 true",
        "case 1 false true false",
        "case 0 false false 0",
      ),
    );
  });
});

test("a time that has come counts, also when nobody has looked at the clock since", async () => {
  // Only on a real clock does time pass while a fiber runs.
  const app = await load(guest("alarms").binary, { driver: nodeDriver() });
  expect(await app.exports["notice"]?.()).toBe("false true true true false true true false 0");
  await app.close();
});

test("a fiber that is cancelled while it waits leaves no deadline; the others do not notice", async () => {
  expect(await call("cancelWaiting")).toBe(
    lines("3 timers", "1 timers", "a has ended", "b: true at 5.0", "b has ended", "0 timers, 5 5"),
  );
});

test.each([
  ["timer", -1, "-1.0"],
  ["timer", NaN, "NaN"],
  ["reset", -Infinity, "-Infinity"],
])("%s of %d fails", async (what, value, text) => {
  expect(await call("misuse", what, value)).toBe(
    `E_INVALID_DURATION: a timer cannot run for ${text} milliseconds: it takes 0 or more`,
  );
});

test("timers, tickers and timeouts leave the heap as it was after 10,000 rounds", async () => {
  const app = await start();
  await app.exports["rounds"]?.(10);
  app.collect();
  const before = await readHeap(app);
  expect(await app.exports["rounds"]?.(10_000)).toBe(0);
  app.collect();
  expect(await readHeap(app)).toEqual(before);
});

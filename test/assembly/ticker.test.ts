/** `Ticker`: no drift, and what becomes of ticks that were missed, to the nanosecond. */
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { loadWatched } from "../setup/watched.ts";

/** With a full collection at every switch. */
const start = () => loadWatched(guest("alarms").binary, { turnSwitches: 1, afterTurn: (app) => app.collect() });
const call = async (name: string, ...values: (string | number)[]) => (await start()).exports[name]?.(...values);
const lines = (...list: string[]) => list.join("\n");

const [SKIP, BURST, DELAY] = [0, 1, 2];
const NOTHING = -2 / 1e6;

/** Ticks of 10 ms, when the consumer is asleep before each for so many: [due, taken, missed]. */
async function tickLate(policy: number, way: string): Promise<number[][]> {
  const log = (await call("tickLate", policy, "0 35 0 1 12 0 0", way)) as string;
  return log
    .split("\n")
    .filter((line) => line.includes("at"))
    .map((line) => line.split(/ at | missed /).map(Number));
}

describe.each(["next", "select"])("ticks that %s has missed", (way) => {
  test("are dropped but for the latest: SKIP", async () => {
    expect(await tickLate(SKIP, way)).toEqual([
      [10, 10, 0],
      [40, 45, 2],
      [50, 50, 0],
      [60, 60, 0],
      [70, 72, 0],
      [80, 80, 0],
      [90, 90, 0],
    ]);
  });

  test("are all given, at once: BURST", async () => {
    expect(await tickLate(BURST, way)).toEqual([
      [10, 10, 0],
      [20, 45, 0],
      [30, 45, 0],
      [40, 46, 0],
      [50, 58, 0],
      [60, 60, 0],
      [70, 70, 0],
    ]);
  });

  test("move those that follow: DELAY", async () => {
    expect(await tickLate(DELAY, way)).toEqual([
      [10, 10, 0],
      [20, 45, 2],
      [55, 55, 0],
      [65, 65, 0],
      [75, 77, 0],
      [85, 85, 0],
      [95, 95, 0],
    ]);
  });
});

test.each([
  [
    SKIP,
    [
      [30, 35, 2],
      [40, 48, 0],
    ],
  ],
  [
    BURST,
    [
      [10, 35, 0],
      [20, 35, 0],
      [30, 36, 0],
      [40, 48, 0],
    ],
  ],
  [
    DELAY,
    [
      [10, 35, 2],
      [45, 48, 0],
    ],
  ],
])("tryNext takes what is due, and nothing else: policy %d", async (policy, expected) => {
  const ticks = await tickLate(policy, "try");
  expect(ticks.length).toBe(7);
  expect(ticks.filter(([due]) => due !== NOTHING)).toEqual(expected);
});

test("a period that is no whole number of nanoseconds does not drift, and no tick is early", async () => {
  expect(await call("drift")).toBe(0);
});

test("a tick is for all who wait for it; reset moves it, stop ends it, cancelled fibers leave no deadline", async () => {
  expect(await call("shareTicks")).toBe(
    lines(
      "-1 false",
      "a 14000000 14.0",
      "b 14000000 14.0",
      "d 14000000 14.0",
      "2 timers",
      "0 timers",
      "e -1 15.0",
      "f -1 15.0",
      "-1 false -1",
      "25.0",
    ),
  );
});

test.each([
  [0, "0.0"],
  [-1, "-1.0"],
  [1e-7, "1e-7"],
  [NaN, "NaN"],
  [Infinity, "Infinity"],
])("a period of %d fails", async (value, text) => {
  expect(await call("misuse", "ticker", value)).toBe(
    `E_INVALID_DURATION: a ticker cannot tick every ${text} milliseconds: its period is a nanosecond or more, and finite`,
  );
});

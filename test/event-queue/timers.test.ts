/** The heap of timers, on a clock that the test moves. */
import { array, assert, boolean, constant, integer, nat, oneof, property, record } from "fast-check";
import { expect, test } from "vitest";
import { type Timer, Timers } from "../../host/event-queue/timers.ts";

const MS = 1e6;

function takeAll(timers: Timers, now: number): number[] {
  const tokens: number[] = [];
  for (let due = timers.takeDue(now); due; due = timers.takeDue(now)) tokens.push(Number(due.token));
  return tokens;
}

test("those with the same deadline are due in the order in which they were started", () => {
  const timers = new Timers(() => 0);
  for (let token = 0; token < 20; token++) timers.start(0, token, false);
  expect(takeAll(timers, 0)).toEqual(Array.from({ length: 20 }, (_, token) => token));
});

test("one that repeats skips the times that were missed, and keeps its beat", () => {
  let now = 0;
  const timers = new Timers(() => now);
  timers.start(10, 1, true);
  const due: [number, number][] = [];
  for (now of [9, 10, 19, 20, 55, 59, 60].map((ms) => ms * MS)) {
    takeAll(timers, now).forEach(() => due.push([now / MS, timers.earliest / MS]));
  }
  expect(due).toEqual([
    [10, 20],
    [20, 30],
    [55, 60],
    [60, 70],
  ]);
});

test("random starts, cancellations and times: the order of a sorted list", () => {
  const step = oneof(
    record({ verb: constant("start" as const), milliseconds: nat(20) }),
    record({ verb: constant("cancel" as const), index: nat(), isLast: boolean() }),
    record({ verb: constant("pass" as const), milliseconds: integer({ min: 1, max: 15 }) }),
  );
  assert(
    property(array(step, { minLength: 20, maxLength: 100, size: "max" }), (steps) => {
      let now = 0;
      const timers = new Timers(() => now);
      let expected: { token: number; deadline: number; timer: Timer }[] = [];
      for (const [token, what] of steps.entries()) {
        if (what.verb === "start") {
          const timer = timers.start(what.milliseconds, token, false);
          expected.push({ token, deadline: now + what.milliseconds * MS, timer });
        } else if (what.verb === "cancel") {
          const [gone] = expected.splice(what.isLast ? -1 : what.index % Math.max(expected.length, 1), 1);
          gone?.timer.cancel();
          gone?.timer.cancel();
        } else {
          now += what.milliseconds * MS;
          const due = expected.filter(({ deadline }) => deadline <= now).toSorted((a, b) => a.deadline - b.deadline);
          expected = expected.filter(({ deadline }) => deadline > now);
          expect(takeAll(timers, now)).toEqual(due.map((entry) => entry.token));
        }
        expect(timers.count).toBe(expected.length);
        expect(timers.earliest).toBe(Math.min(Infinity, ...expected.map(({ deadline }) => deadline)));
      }
    }),
    { numRuns: 100, seed: 7 },
  );
});

/** `timeout`: around any wait; what it cancels has cleaned up before it returns. */
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { loadWatched } from "../setup/watched.ts";

/** With a full collection at every switch. */
const start = () => loadWatched(guest("alarms").binary, { turnSwitches: 1, afterTurn: (app) => app.collect() });
const call = async (name: string, ...values: (string | number)[]) => (await start()).exports[name]?.(...values);
const lines = (...list: string[]) => list.join("\n");

describe("something that ends in time", () => {
  test.each([10, Infinity])("of %d milliseconds", async (time) => {
    expect(await call("within", time, "sleep", 5)).toBe(
      lines("sleep has cleaned up at 7.0", "true at 7.0", "0 timers, false"),
    );
  });
});

describe("something that does not, is cancelled, and cleans up before timeout returns", () => {
  test.each(["sleep", "receive", "lock"])("while it waits: %s", async (name) => {
    expect(await call("within", 10, name, 15)).toBe(
      lines(`${name} has cleaned up at 12.0`, "false at 12.0", "0 timers, false"),
    );
  });

  test("before it has begun, when there is no time", async () => {
    expect(await call("within", 0, "sleep", 5)).toBe(lines("false at 0.0", "0 timers, false"));
  });
});

describe("nested", () => {
  test("the inner one is over first", async () => {
    expect(await call("nest", 30, 10)).toBe(
      lines(
        "work has cleaned up at 12.0",
        "inner: false at 12.0",
        "outer has ended at 12.0",
        "outer: true at 12.0",
        "0 timers",
      ),
    );
  });

  test("the outer one is over first: what is inside ends first", async () => {
    expect(await call("nest", 10, 30)).toBe(
      lines("work has cleaned up at 12.0", "outer has ended at 12.0", "outer: false at 12.0", "0 timers"),
    );
  });
});

describe("the caller is cancelled", () => {
  test.each([
    [5, "7.0"],
    [11, "12.0"],
  ])("after %d: so is what it waits for, which has cleaned up when it ends", async (after, end) => {
    expect(await call("cancelCaller", after)).toBe(
      lines(`work has cleaned up at ${end}`, "E_CANCELLED: enough", `at ${end}, 0 timers`),
    );
  });
});

test("what fails in it fails the caller, and so does what is cancelled by somebody else", async () => {
  expect(await call("failWithin")).toBe(
    lines(
      "fail has cleaned up at 2.0",
      'E_LUCK: joined fiber "timeout", which failed: no luck',
      'E_CANCELLED: joined fiber "timeout", which was cancelled: had enough',
    ),
  );
});

describe("what is given its value at the end of the time itself goes on with it, too late", () => {
  test("and ends", async () => {
    expect(await call("giveLate", "")).toBe(lines("has ended", "false", "done"));
  });

  test("and fails: so does the caller", async () => {
    expect(await call("giveLate", "E_LATE")).toBe('E_LATE: joined fiber "timeout", which failed: after all');
  });
});

test("a duration below 0 fails before anything is started", async () => {
  expect(await call("misuse", "timeout", -2)).toBe(
    "E_INVALID_DURATION: cannot end something within -2.0 milliseconds: it takes 0 or more",
  );
});

/** What must come of fibers, scopes, cleanups, shields and deadlines when they meet: each test names one behaviour. */
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { loadWatched } from "../setup/watched.ts";

type Value = string | number | boolean;

interface Seen {
  result: unknown;
  /** Messages of failures that nobody has looked at. */
  reported: string[];
  liveBytes: number;
}

/** Calls an export of the guest in an instance of its own, in which no fiber is left. */
async function see(name: string, ...values: Value[]): Promise<Seen> {
  const reported: string[] = [];
  const app = await loadWatched(guest("behaviours").binary, {
    onUnobserved: ({ message }) => void reported.push(message),
  });
  const result = await app.exports[name]?.(...values);
  expect(app.fibers()).toEqual([]);
  return { result, reported, liveBytes: app.liveBytes };
}

/** What the export has returned, or logged. Nothing was reported. */
async function call(name: string, ...values: Value[]): Promise<unknown> {
  const { result, reported } = await see(name, ...values);
  expect(reported).toEqual([]);
  return result;
}

const lines = (...list: string[]) => list.join("\n");

describe("a thousand nested scopes", () => {
  test("end when the innermost has", async () => {
    expect(await call("returnThrough", 1000)).toBe(1001);
  });

  test("fail with the code of the innermost failure, which is the last of as many causes", async () => {
    const { result, liveBytes } = await see("failThrough", 1000);
    expect(result).toBe("E_BOTTOM 1000 at the bottom");
    // Each quotes the one before, but not all of them.
    expect(liveBytes).toBeLessThan(4 << 20);
  });

  test("are cancelled from the inside out", async () => {
    expect(await call("cancelThrough", 1000)).toBe(true);
  });
});

describe("many at once", () => {
  test("ten thousand fibers of a scope are cancelled together: each cleans up", async () => {
    expect(await call("cancelMany", 10_000)).toBe(10_000);
  });

  test("each cancelled fiber cancels the next: all are, each by the one before", async () => {
    expect(await call("cancelChain", 1000)).toBe(1000);
  });

  test("of two that ask at the same moment, the first one's reason counts", async () => {
    expect(await call("cancelTogether")).toBe(
      lines("victim has cleaned up at 5", "victim E_CANCELLED: by asker 1 at 5"),
    );
  });

  test("of two that would cancel each other at the same moment, one does", async () => {
    expect(await call("cancelEachOther")).toBe(
      lines(
        "0 wakes",
        "1 has cleaned up at 5",
        "0 has cleaned up at 10",
        "first done at 10",
        "second E_CANCELLED: by 0 at 10",
      ),
    );
  });

  test("a hundred that are finished at the same moment: the first wins the race, all clean up", async () => {
    expect(await call("tie", 100)).toBe(lines("0 wins, 100 have cleaned up", "caller done at 3"));
  });
});

describe("the end of a child", () => {
  test.each([
    ["a failure", "fail", "E_BROKEN", "broken"],
    ["a trap", "trap", "E_TRAP", "unreachable"],
    ["an exhausted stack", "too deep", "E_STACK_EXHAUSTED", "the engine's stack is exhausted"],
  ])("%s wakes the owner, when the siblings have cleaned up", async (_name, how, code, message) => {
    const log = String(await call("crash", how));
    expect(log).toMatch(
      new RegExp(`^sibling has cleaned up at 3\nowner ${code}: in a scope, fiber "child" failed: ${message}.* at 3$`),
    );
  });

  test("does not interrupt its owner in another wait: it is told when it waits for the scope", async () => {
    expect(await call("failBehind")).toBe(
      lines(
        "3 has cleaned up at 4",
        "sibling has cleaned up at 4",
        "its owner goes on at 10",
        'owner E_ODD: in a scope, fiber "child" failed: 3 is odd at 10',
      ),
    );
  });

  test("two failures at the same moment: the second is attached to the first; what fails in a cleanup is reported", async () => {
    const { result, reported } = await see("failTogether");
    expect(result).toBe(
      lines(
        "3 has cleaned up at 4",
        "3 has cleaned up at 4",
        "E_ODD: 3 is odd",
        "E_ODD: 3 is odd",
        'owner E_ODD: in a scope, fiber "first" failed (and 1 more): 3 is odd at 4',
      ),
    );
    expect(reported).toEqual(["while it cleans up"]);
  });
});

describe("cancelling a scope", () => {
  test("from two levels below: who has asked goes on to its next wait, and ends before what is above it", async () => {
    expect(await call("cancelFromBelow")).toBe(
      lines(
        "goes on at 2",
        "cousin has cleaned up at 2",
        "who asks has cleaned up at 2",
        "inner owner has cleaned up at 2",
        "owner done at 2",
      ),
    );
  });

  test("what a cleanup starts in it never begins; what it starts outside of it runs", async () => {
    expect(await call("startWhileCancelled")).toBe(lines("outside", "0 left", "owner done at 0"));
  });

  test("cleanups that take long: who has asked goes on at once, the owner waits for them", async () => {
    expect(await call("slowAbort")).toBe(
      lines("who has asked goes on at 10", "slow has cleaned up at 1010", "owner E_CANCELLED: enough at 1010"),
    );
  });
});

describe("a value and a cancellation in the same turn", () => {
  test("the value came first: its receiver has it, and is cancelled at its next wait", async () => {
    expect(await call("valueOrCancel", true)).toBe(
      lines("first received 7", "first E_CANCELLED: enough at 0", "second E_CANCELLED: enough at 0"),
    );
  });

  test("the cancellation came first: the next receiver has the value", async () => {
    expect(await call("valueOrCancel", false)).toBe(
      lines("second received 7", "first E_CANCELLED: enough at 0", "second E_CANCELLED: enough at 0"),
    );
  });

  test.each([
    ["the value came first: it is received, too late", true, "received 1, left false"],
    ["the deadline came first: the value is still there", false, "received 0, left true"],
  ])("a deadline at the moment of the value, %s", async (_name, isValueFirst, where) => {
    expect(await call("valueOrDeadline", isValueFirst)).toBe(lines("in time false", where, "receiver done at 20"));
  });

  test("a result that is there stays; a fiber that has not begun has none", async () => {
    expect(await call("cancelWithResult", false)).toBe(lines("42", "task done at 0"));
    expect(await call("cancelWithResult", true)).toBe("task E_CANCELLED: enough at 0");
  });

  test.each([
    ["fails for another reason", "fail", "fiber E_OTHER: for another reason at 0"],
    ["returns", "return", "fiber done at 0"],
  ])("a fiber that %s before the cancellation strikes has not been cancelled", async (_name, how, end) => {
    expect(await call("endWithPending", how)).toBe(end);
  });
});

describe("cleanups run exactly once, last first, and are not interrupted, when the fiber", () => {
  test.each([
    ["returns", "return", "done"],
    ["fails", "fail", "E_BROKEN: broken"],
    ["traps", "trap", "E_TRAP: unreachable"],
    ["cancels itself", "cancel itself", "E_CANCELLED: no use"],
    ["is cancelled", "cancelled", "E_CANCELLED: enough"],
  ])("%s", async (_name, how, end) => {
    expect(await call("countCleanups", how)).toBe(lines("third 1", "second 2", "first 3", `fiber ${end} at 5`));
  });
});

describe("a cleanup of a cancelled fiber", () => {
  test.each([
    ["fails", "fail", ["broken"]],
    ["traps", "trap", ["unreachable"]],
    ["cancels its own fiber", "cancel itself", []],
  ])("that %s keeps neither the others from running nor the reason from being told", async (_name, how, expected) => {
    const { result, reported } = await see("brokenCleanup", how);
    expect(result).toBe(
      lines("third has cleaned up at 1", "first has cleaned up at 4", "fiber E_CANCELLED: enough at 4"),
    );
    expect(reported).toEqual(expected);
  });

  test("may owe another one, which runs next", async () => {
    expect(await call("oweWhileCleaning")).toBe(
      lines(
        "second",
        "owed by a cleanup has cleaned up at 1",
        "first has cleaned up at 1",
        "fiber E_CANCELLED: enough at 1",
      ),
    );
  });

  test("may wait for another fiber that is cancelled at the same time", async () => {
    expect(await call("cleanupJoins")).toBe(
      lines("other has cleaned up at 0", "the other one returned: false at 0", "fiber E_CANCELLED: enough at 0"),
    );
  });

  test("of a fiber that has returned goes on when it cancels its own fiber: that is done", async () => {
    expect(await call("cancelItselfWhileCleaning")).toBe(
      lines("goes on", "first has cleaned up at 0", "fiber done at 0"),
    );
  });
});

describe("a cancellation strikes only in a wait", () => {
  test("a yield is one", async () => {
    expect(await call("busy", true)).toBe("fiber E_CANCELLED: enough at 0");
  });

  test("a fiber that never waits returns", async () => {
    expect(await call("busy", false)).toBe(lines("sum 499500", "fiber done at 0"));
  });

  test("behind a shield it waits; a fiber that cancels itself there ends at once", async () => {
    expect(await call("cancelItselfShielded", false)).toBe(
      lines("fiber has cleaned up at 5", "fiber E_CANCELLED: by itself at 5"),
    );
    expect(await call("cancelItselfShielded", true)).toBe(
      lines("fiber has cleaned up at 5", "fiber E_CANCELLED: by another one at 5"),
    );
  });

  test("whoever joins the cancelled fiber fails, with the reason and who has asked", async () => {
    expect(await call("joinCancelled")).toBe(
      lines(
        "target has cleaned up at 0",
        "failed E_CANCELLED",
        "in the way, asked by asker",
        'joiner E_CANCELLED: joined fiber "target", which was cancelled: in the way at 0',
      ),
    );
  });
});

describe("deadlines of scopes", () => {
  test("a shorter one in a longer one: the inner scope times out, the outer one goes on", async () => {
    expect(await call("nestDeadlines", 30, 10)).toBe(
      lines(
        "40 has cleaned up at 11",
        "inner timed out true at 11",
        "inner owner has cleaned up at 11",
        "outer timed out false at 11",
        "owner done at 11",
      ),
    );
  });

  test.each([
    ["a longer one in a shorter one", 10, 30],
    ["two of the same length", 10, 10],
  ])("%s: the outer scope times out, the inner one ends first, and says nothing", async (_name, outer, inner) => {
    expect(await call("nestDeadlines", outer, inner)).toBe(
      lines(
        "40 has cleaned up at 11",
        "inner owner has cleaned up at 11",
        "outer timed out true at 11",
        "owner done at 11",
      ),
    );
  });

  test.each([
    [30, 10, 10],
    [10, 30, 10],
    [0, 10, 0],
  ])("set twice, to %d and %d: the earlier one counts", async (first, second, end) => {
    expect(await call("moveDeadline", first, second)).toBe(
      lines(`40 has cleaned up at ${end + 1}`, "timed out true", `owner done at ${end + 1}`),
    );
  });
});

describe("timeouts", () => {
  test("a shorter one in a longer one: the outer one is in time", async () => {
    expect(await call("nestTimeouts", 30, 10)).toBe(
      lines(
        "40 has cleaned up at 11",
        "inner in time false at 11",
        "outer has cleaned up at 11",
        "outer in time true at 11",
        "caller done at 11",
      ),
    );
  });

  test.each([
    ["a longer one in a shorter one", 10, 30],
    ["two of the same length", 10, 10],
  ])("%s: the inner one does not return", async (_name, outer, inner) => {
    expect(await call("nestTimeouts", outer, inner)).toBe(
      lines("40 has cleaned up at 11", "outer has cleaned up at 11", "outer in time false at 11", "caller done at 11"),
    );
  });

  test("wait for what is behind a shield", async () => {
    expect(await call("deadlineBehindShield")).toBe(lines("in time false at 30", "caller done at 30"));
  });
});

describe("a race", () => {
  test.each([
    ["cleans up slowly", false, "slow has cleaned up at 51", 51],
    ["is behind a shield", true, "shielded has cleaned up at 80", 80],
  ])("returns when its loser has ended, which %s", async (_name, isShielded, loser, end) => {
    expect(await call("slowLoser", isShielded)).toBe(lines(loser, `quick wins at ${end}`, `caller done at ${end}`));
  });

  test.each([
    ["returns", "return", lines("return wins at 3", "caller done at 3")],
    ["fails", "fail", "caller E_BROKEN: joined fiber 4, which failed: broken at 3"],
    ["traps", "trap", "caller E_TRAP: joined fiber 4, which failed: unreachable at 3"],
    ["cancels itself", "cancel itself", "caller E_CANCELLED: joined fiber 4, which was cancelled: no use at 3"],
  ])("ends as the first to end does, which %s", async (_name, how, end) => {
    expect(await call("raceEnds", how)).toBe(lines("other has cleaned up at 3", end));
  });

  test("any of some of which none returns fails with the last of their ends", async () => {
    expect(await call("anyOfNone")).toBe(
      lines(
        "fail has cleaned up at 4",
        "trap has cleaned up at 4",
        "cancel itself has cleaned up at 4",
        "caller E_CANCELLED: joined fiber 5, which was cancelled: no use at 4",
      ),
    );
  });

  test.each(["race", "any", "all"])(
    "%s whose caller is cancelled: all that run clean up before it ends",
    async (name) => {
      expect(await call("cancelCaller", name)).toBe(
        lines("20 has cleaned up at 6", "40 has cleaned up at 6", "caller E_CANCELLED: enough at 6"),
      );
    },
  );

  test("map whose caller is cancelled: what has not begun never begins", async () => {
    expect(await call("cancelCaller", "map")).toBe(lines("20 has cleaned up at 6", "caller E_CANCELLED: enough at 6"));
  });
});

describe("a supervisor of a child that fails every 10 ms", () => {
  test.each([
    ["gives up when the limit is exceeded within the time", 3, 1000, 4],
    ["restarts nothing when the limit is 0", 0, 1000, 1],
  ])("%s", async (_name, limit, within, begun) => {
    expect(await call("restartIntensity", limit, within)).toBe(
      lines(
        `sister has cleaned up at ${begun * 10}`,
        `begun ${begun} times at ${begun * 10}`,
        `supervisor E_RESTART_LIMIT: fiber "child" failed, and ${limit} restarts within 1000.0 milliseconds are the limit: broken at ${begun * 10}`,
      ),
    );
  });

  test("goes on when they are further apart", async () => {
    expect(await call("restartIntensity", 3, 25)).toBe(
      lines("sister has cleaned up at 300", "begun 10 times at 300", "supervisor done at 300"),
    );
  });
});

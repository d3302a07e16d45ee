/** Fibers: started, named, looked at, joined. */
import { FiberError } from "as-fibers";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { loadWatched } from "../setup/watched.ts";

const start = () => loadWatched(guest("fiber").binary);
const call = async (name: string, ...values: (string | number)[]) => (await start()).exports[name]?.(...values);
const lines = (...list: string[]) => list.join("\n");

test("go, run and spawn start fibers that run when the starter next waits, in the order of the starts", async () => {
  expect(await call("order")).toBe(lines("all started", "a runs", "plain runs", "3 runs", "starter again"));
});

test("ids count up; names are as given", async () => {
  expect(await call("identity")).toBe(lines("1 2 3", '"identity" "" "second" "drei ③ 🧵"', "true true true"));
});

test("a fiber sees itself as its starter does", async () => {
  expect(await call("current")).toBe(true);
});

describe("a fiber goes through its states", () => {
  test.each([
    ["done", 0],
    ["failed", 1],
    ["cancelled", 2],
  ])("until it is %s", async (end, how) => {
    expect(await call("states", how)).toBe(lines("ready", "running", "ready", "parked", "ready", end));
  });
});

test("fibers start fibers: a tree of them runs level by level, and is joined from its leaves", async () => {
  const log = ((await call("tree", 3)) as string).split("\n");
  const begins = log.filter((line) => line.endsWith(" begins")).map((line) => line.replace(" begins", ""));
  const levels = [[""]];
  for (let i = 0; i < 3; i++) levels.push((levels.at(-1) ?? []).flatMap((label) => [`${label}l`, `${label}r`]));
  expect(begins).toEqual(levels.flat());
  const ends = log.filter((line) => line.endsWith(" ends")).map((line) => line.replace(" ends", ""));
  expect(ends).toEqual([...(levels[2] ?? []), ...(levels[1] ?? []), ""]);
  expect(log.at(-1)).toBe("8 leaves");
});

describe("join", () => {
  test("several joiners go on in the order in which they joined", async () => {
    expect(await call("joinedBySeveral")).toBe(
      lines("slept", "first has joined", "second has joined", "third has joined"),
    );
  });

  test("of an ended fiber does not wait, however often", async () => {
    expect(await call("joinEnded")).toBe(lines("early runs", "joined", "other runs"));
  });

  test("of itself fails with E_JOIN_SELF", async () => {
    const message = "a fiber cannot join itself: it would wait forever";
    expect(await call("joinSelf")).toBe(`false E_JOIN_SELF: ${message}`);
    await expect(call("joinMyself")).rejects.toMatchObject({ code: "E_JOIN_SELF", message, fiber: "joinMyself" });
  });

  test("of a failed fiber fails with its code and both messages, along the whole chain", async () => {
    const log = ((await call("joinFailed")) as string).replace(/fiber \d+/, "fiber #");
    expect(log).toBe(
      lines(
        'outer E_TOLD: joined fiber #, which failed: joined fiber "writer", which failed: the disk is full',
        'second E_TOLD: joined fiber "writer", which failed: the disk is full',
        "writer E_TOLD: the disk is full",
      ),
    );
  });

  test("of a failed fiber rejects the call that joins, with the failure as its cause", async () => {
    const error = (await call("joinFailing")?.catch((reason: unknown) => reason)) as FiberError;
    expect(error).toBeInstanceOf(FiberError);
    expect(error).toMatchObject({
      code: "E_TOLD",
      message: 'joined fiber "writer", which failed: the disk is full',
      fiber: "joinFailing",
    });
    expect(error.cause).toBeInstanceOf(FiberError);
    expect(error.cause).toMatchObject({ code: "E_TOLD", message: "the disk is full", fiber: "writer" });
    expect((error.cause as FiberError).fiberId).toBe(error.fiberId + 1);
    expect((error.cause as FiberError).cause).toBeUndefined();
  });

  test("of a cancelled fiber fails with E_CANCELLED and the reason; the joiner has failed, not been cancelled", async () => {
    expect(await call("joinCancelled")).toBe(
      lines(
        "cancelled E_CANCELLED: no longer needed",
        'failed E_CANCELLED: joined fiber "sleeper", which was cancelled: no longer needed',
      ),
    );
  });

  test("tryJoin is false instead; error tells why, and only when it has ended", async () => {
    expect(await call("tryJoinAll")).toBe(
      lines("true true true", "done runs", "true false false", "true false false", "true no cancelled"),
    );
  });
});

test("lastError is empty at first", async () => {
  expect(await call("lastErrorAtFirst")).toBe("");
});

test("the list of all fibers holds those that have not ended, the oldest first, whichever end in between", async () => {
  const durations = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 30 });
  const property = fc.asyncProperty(durations, async (list) => {
    const app = await start();
    const first = Number(await app.exports["startSleepers"]?.(list.join(",")));
    let elapsed = 0;
    for (const time of [0, 3, 4, 1, 5, 7]) {
      await app.exports["sleepHere"]?.(time);
      elapsed += time;
      // The virtual clock stands still until the next call. Who slept exactly as long was woken before, and has ended.
      const expected = list
        .map((duration, i) => ({ id: first + i, name: String(duration), state: "parked", reason: "sleep" }))
        .filter((_, i) => (list[i] ?? 0) > elapsed);
      expect(app.fibers()).toMatchObject(expected);
      expect(app.fibers().length).toBe(expected.length);
    }
  });
  await fc.assert(property, { numRuns: 50, seed: 1 });
});

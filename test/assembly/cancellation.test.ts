/** Cancellation: in every state, once, and with nothing left behind. */
import { load, virtualDriver } from "as-fibers";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";

const start = () => loadWatched(guest("cancellation").binary);
const call = async (name: string, ...values: (string | number)[]) => (await start()).exports[name]?.(...values);
const lines = (...list: string[]) => list.join("\n");

describe("a fiber is cancelled", () => {
  test("before it has begun: it never begins, and has ended when its turn comes", async () => {
    expect(await call("ready")).toBe(lines("state 0, no error", "state 5, E_CANCELLED: before it began"));
  });

  test("while it is ready after a yield", async () => {
    expect(await call("yielding")).toBe(lines("a begins", "cleanup a", "state 5, E_CANCELLED: while it yielded"));
  });

  test("while it sleeps: its timer is gone at once", async () => {
    expect(await call("sleeping")).toBe(
      lines("a begins", "a goes on", "1 timers", "0 timers", "cleanup a", "state 5, E_CANCELLED: cancelled"),
    );
  });

  test("when its timer has expired but it has not run since", async () => {
    expect(await call("woken")).toBe(
      lines("a begins", "a goes on", "state 0", "cleanup a", "state 5, E_CANCELLED: just woken"),
    );
  });

  test("while it joins: the joined fiber and the other joiners do not notice", async () => {
    expect(await call("joining")).toBe(
      lines(
        "target begins",
        "target goes on",
        "cleanup of the joiner",
        "state 5, E_CANCELLED: not interested",
        "target ends",
        "cleanup target",
        "joined",
        "joined",
        "cleanup of the joiner",
        "cleanup of the joiner",
        "state 3, no error",
      ),
    );
  });

  test("while it waits for its output to be written", async () => {
    expect(await call("printing")).toBe(
      lines(
        "2 2",
        "cleanup first",
        "second has printed",
        "cleanup second",
        "state 5, E_CANCELLED: enough printed",
        "state 3, no error",
      ),
    );
  });

  test("by itself: nothing more of it runs, from whatever depth", async () => {
    expect(await call("itself")).toBe(
      lines("a cancels itself", "cleanup a", "state 5, E_CANCELLED: a", "state 5, E_CANCELLED: deep inside"),
    );
    await expect(call("selfTwice")).rejects.toMatchObject({ code: "E_CANCELLED", message: "of a call" });
  });

  test("by a cleanup of another one", async () => {
    expect(await call("inCleanup")).toBe(
      lines("other begins", "other goes on", "a cancels the other", "cleanup other", "state 5, E_CANCELLED: by a"),
    );
  });

  test("as a task: it has no result", async () => {
    expect(await call("task")).toBe(lines("false", "state 5, E_CANCELLED: no result wanted"));
  });

  test("by one that cancels itself next", async () => {
    expect(await call("mutual")).toBe(lines("state 5, E_CANCELLED: by its partner", "state 5, E_CANCELLED: by itself"));
  });
});

test("who has asked stands in the failure", async () => {
  expect(await call("asking")).toBe(
    lines("victim begins", "cleanup victim", 'in the way: "other" true', 'tired: "" 0'),
  );
});

test("cancelling what has ended, or is cancelled already, changes nothing: the first reason stays", async () => {
  expect(await call("ended")).toBe(lines("cleanup done", "state 3, no error", "state 5, E_CANCELLED: first reason"));
});

test("cleanups are not interrupted", async () => {
  expect(await call("cleaning")).toBe(
    lines(
      "returned cleans",
      "cancelled cleans",
      "state 2, no error",
      "returned has cleaned",
      "cancelled has cleaned",
      "state 3, no error",
      "state 5, E_CANCELLED: the reason",
    ),
  );
});

test("joiners of a cancelled fiber wake when its cleanups have run", async () => {
  const log = (await call("joiners")) as string;
  expect(log.replace(/fiber \d+/, "fiber #")).toBe(
    lines(
      "target cleans",
      "target has cleaned",
      "cleanup of the joiner",
      "false",
      "state 4, E_CANCELLED: joined fiber #, which was cancelled: enough",
    ),
  );
});

test("fibers that sleep forever end only so, in any order, and leave no timer", async () => {
  expect(await call("forever", 1001)).toBe(lines("1001 timers", "500 timers", "0 timers", "1001 cancelled"));
});

test("after any number of switches: cancelled with its cleanup run once, or done; no timer is left, nor memory", async () => {
  const app = await start();
  await app.exports["cancelAfter"]?.(1000);
  app.collect();
  const before = await readHeap(app);
  let lastCancelled = -1;
  for (let switches = 0; switches < 60; switches++) {
    const log = await app.exports["cancelAfter"]?.(switches);
    const ends = [
      lines("state 5, E_CANCELLED: stopped", "0 timers"), // before it has begun
      lines("cleanup 1", "state 5, E_CANCELLED: stopped", "0 timers"),
      lines("cleanup 1", "state 3, no error", "0 timers"),
    ];
    expect(ends).toContain(log);
    expect(log === ends[0]).toBe(switches === 0);
    if (log === ends[1]) lastCancelled = switches;
  }
  // Time passes only when nothing is ready: as long as main yields, the fiber sleeps.
  expect(lastCancelled).toBe(59);
  app.collect();
  expect(await readHeap(app)).toEqual(before);
});

test("closing cancels all, the oldest first, and lets them clean up", async () => {
  const driver = virtualDriver();
  const app = await load(guest("cancellation").binary, { driver });
  expect(await app.exports["startOwing"]?.(5)).toBe(5);
  await app.close();
  expect(driver.output).toBe("cleaned 0\ncleaned 1\ncleaned 2\ncleaned 3\ncleaned 4\n");
});

/** Random trees of scopes: whatever fails, is cancelled or late in them, what a `Scope` promises is kept. See test/setup/scope-rules.ts. */
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { checkScopes } from "../setup/scope-rules.ts";
import { loadWatched } from "../setup/watched.ts";
import * as workloads from "../workloads/scopes.ts";
import { runInSuite } from "../workloads/workload.ts";

async function run(...scripts: string[]): Promise<string> {
  const app = await loadWatched(guest("scope-programs").binary);
  return (await app.exports["execute"]?.(scripts.join(" | "))) as string;
}

describe("random trees of scopes keep every promise, and leave nothing behind", () => {
  test("turns of many switches", () => runInSuite(workloads.inTurns));
  test("turns of three switches", () => runInSuite(workloads.inSmallTurns));
  test("with a full collection at every switch", () => runInSuite(workloads.collectedAtEverySwitch));
});

test("one that another fiber starts in a scope when the last has ended, before the owner runs, is waited for", async () => {
  const told = await run("go 1, go 2, wait", "go 3, wait", "yield, yield, sleep 1, into 4 1", "sleep 1", "sleep 1");
  checkScopes(told);
  expect(told.split("\n").slice(13, 23)).toEqual([
    "1 3 slept",
    "1 3 returns",
    "1 2 slept",
    "1 2 starts 4 1",
    "1 2 returns",
    "1 4 begins",
    "1 4 sleeps 1",
    "2 4 slept",
    "2 4 returns",
    "2 1 waited 1 0",
  ]);
});

describe("what is wrong is told:", () => {
  const program = [
    "scope 2, deadline 9, go 1, go 2, go 3, try",
    "defer 1, defer 2, sleep 1, shield 1, fail",
    "defer 0, sleep 9",
    "sleep 1",
  ];
  test.each<[string, string, string]>([
    ["a fiber that is left", "left 0 0", "left 1 0"],
    ["a timer that is left", "left 0 0", "left 0 1"],
    ["a cleanup that did not run", "\n5 2 cleans 0 0 0\n5 2 cleaned 0", ""],
    ["cleanups in the wrong order", "cleans 1 0 2", "cleans 0 0 2"],
    ["a cleanup before what was opened after it has ended", "cleans 1 0 2", "cleans 1 1 2"],
    ["a cleanup that was interrupted", "4 1 cleaned 1", "3 1 cleaned 1"],
    ["a cleanup that came late", "5 2 cleans 0 0 0\n5 2 cleaned 0", "6 2 cleans 0 0 0\n6 2 cleaned 0"],
    ["a sleep that was too long", "1 1 slept", "2 1 slept"],
    ["a fiber that ended otherwise", "end 1 failed", "end 1 cancelled"],
    ["a failure that was not told", "failures 0 1", "failures 0"],
    ["one that begins after its scope has failed", "5 0 waited", "5 3 begins\n5 0 waited"],
    ["one that goes on after its scope has failed", "5 2 cleans", "5 2 slept\n5 2 cleans"],
    ["one that goes on after the deadline", "0 0 limits 0 9", "0 0 limits 0 0"],
    ["a wait that was too short", "5 0 waited 0 0", "5 0 waited 0 1"],
    ["more at once than the limit", "0 2 begins", "0 2 begins\n0 3 begins"],
  ])("%s", async (_, right, wrong) => {
    const told = await run(...program);
    checkScopes(told);
    expect(told).toContain(right);
    expect(() => checkScopes(told.replace(right, wrong))).toThrow();
  });
});

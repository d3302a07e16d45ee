/** The lessons: each wrong version runs well in production's order, and fails in another one that explore finds; each fixed one never fails. */
import { assertEverySchedule, explore, type ExploreOptions, simulate } from "as-fibers/testing";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";

const { binary, sourceMap } = guest("lessons");

const options = (entry: string): ExploreOptions => ({ entry, sourceMap, leaks: "error", maxSchedules: 50_000 });

const lessons = [
  ["philosophers", "E_DEADLOCK", 2],
  ["wakeUp", "E_DEADLOCK", 3],
  ["account", "E_ABORTED", 2],
  ["lock", "E_ABORTED", 2],
  ["select", "E_LEAK", 3],
  ["cancellation", "E_DEADLOCK", 3],
] as const;

describe.each(lessons)("%s", (name, code, preemptions) => {
  test("wrong: it goes well in production's order, and fails in another", async () => {
    const entry = `${name}Wrong`;
    expect((await simulate(binary, { entry, leaks: "error" })).failure).toBeUndefined();
    const { failure, report } = await explore(binary, options(entry));
    expect(failure?.fault.code).toBe(code);
    expect(failure?.preemptions).toBe(preemptions);
    expect(report).toMatch(/\.ts:\d+:\d+ \[chosen before \d+ of \d+ ready\]/);
    // The same by simulate, with nothing but the schedule.
    const again = await simulate(binary, { entry, leaks: "error", schedule: failure?.schedule ?? "" });
    expect([code, "E_DEADLOCK"]).toContain((again.failure as { code?: string } | undefined)?.code);
  });

  test("wrong: the same is found without leaving anything out", async () => {
    const { failure } = await explore(binary, { ...options(`${name}Wrong`), reduce: false });
    expect(failure?.fault.code).toBe(code);
    expect(failure?.preemptions).toBe(preemptions);
  });

  test("fixed: it holds in every schedule of more preemptions than the wrong one needs", async () => {
    await assertEverySchedule(binary, { ...options(`${name}Fixed`), preemptions: preemptions + 1 });
  });
});

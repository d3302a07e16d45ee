/** The search through all schedules: that it misses none, that what it leaves out is the same, and what it says of what it finds. */
import { assertEverySchedule, explore, type ExploreOptions, matchers, pure, simulate } from "as-fibers/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describeLocation } from "../../host/errors.ts";
import { guest } from "../setup/guests.ts";
import { placeOf } from "../setup/source.ts";

const { binary, sourceMap } = guest("testing");
const imports = { app: { twice: pure((value: number) => value * 2) } };
const run = (entry: string, options: ExploreOptions = {}) => explore(binary, { entry, imports, sourceMap, ...options });

/**
 * How many schedules the export `yields` has: by the rules of the run queue, and nothing else. A fiber that yields n times is resumed
 * n + 1 times; the entry itself has ended when they begin.
 */
function countSchedules(queue: readonly number[], preemptions = Infinity): number {
  if (queue.length < 2) return 1;
  return queue.reduce((sum, left, i) => {
    if (i && !preemptions) return sum;
    const rest = queue.toSpliced(i, 1);
    return sum + countSchedules(left ? [...rest, left - 1] : rest, preemptions - (i ? 1 : 0));
  }, 0);
}

describe("every schedule is run once", () => {
  const small = [
    "1",
    "11",
    "12",
    "21",
    "22",
    "33",
    "04",
    "40",
    "44",
    "35",
    "111",
    "112",
    "121",
    "211",
    "122",
    "013",
    "0123",
    "1111",
    "0000",
    "10101",
  ];

  test.each(small)("%s", async (digits) => {
    const lefts = [...digits].map(Number);
    const all = await run("joined", { args: [digits], reduce: false, maxSchedules: 1e6 });
    expect(all).toMatchObject({ schedules: countSchedules(lefts), pruned: 0, complete: true, coverage: 1 });
    const bounded = await run("joined", { args: [digits], reduce: false, maxSchedules: 1e6, preemptions: 1 });
    expect(bounded).toMatchObject({ schedules: countSchedules(lefts, 1), complete: true });
  });

  test("three fibers of five steps: a third at most is left, and nothing that can come out is missed", async () => {
    const naive = countSchedules([4, 4, 4]);
    const { schedules, pruned, complete } = await run("joined", { args: ["444"], maxSchedules: naive });
    expect(naive).toBe(756_756);
    expect(complete).toBe(true);
    expect(schedules + pruned).toBeLessThan(naive / 3);
  });
});

describe("what is left out is the same as what is run", () => {
  async function outcomes(entry: string, args: number[], reduce: boolean): Promise<string[]> {
    const seen = new Set<string>();
    const check = ({ value, stdout }: { value: unknown; stdout: string }) =>
      void seen.add(`${String(value)} ${stdout}`);
    const { complete } = await run(entry, { args, reduce, check, maxSchedules: 100_000 });
    expect(complete, entry).toBe(true);
    return [...seen].toSorted();
  }

  test.each([
    ["lostUpdates", [3]],
    ["words", []],
    ["channels", []],
  ] as const)("%s", async (entry, args) => {
    const all = await outcomes(entry, [...args], false);
    expect(await outcomes(entry, [...args], true)).toEqual(all);
    expect(all.length).toBeGreaterThan(entry === "channels" ? 0 : 1);
  });

  test("a loop that waits comes back to where it was, and ends the search", async () => {
    expect(await run("spinning", { maxSchedules: 1000 })).toMatchObject({ complete: true });
    expect(await run("spinForever", { maxSwitches: 1000 })).toMatchObject({ complete: false, cut: 1, schedules: 0 });
  });
});

describe("a fault", () => {
  test("is found with as few preemptions as possible, and repeated by its schedule", async () => {
    const check = ({ value }: { value: unknown }) => value !== 6 || "none was lost";
    const { failure } = await run("lostUpdates", { args: [3], check, maxSchedules: 100_000 });
    expect(failure?.fault).toEqual({ kind: "check", code: "E_CHECK", message: "none was lost" });
    const fewer = await run("lostUpdates", {
      args: [3],
      check,
      preemptions: (failure?.preemptions ?? 0) - 1,
      reduce: false,
    });
    expect(fewer).toMatchObject({ complete: true });
    expect(fewer.failure).toBeUndefined();
    const again = await simulate(binary, {
      entry: "lostUpdates",
      args: [3],
      imports,
      schedule: failure?.schedule ?? "",
    });
    expect(again.value).toBe(6);
    expect(again.switches).toBe(failure?.switches);
  });

  test("is told step by step, with lines", async () => {
    const { failure, report } = await run("lostUpdates", { args: [1], check: ({ value }) => value === 2 });
    expect(failure).toMatchObject({ preemptions: 0, switches: 6 });
    expect(failure?.steps[0]?.to).toBe(
      describeLocation(placeOf("testing", "|one.join();\n  other.join();\n  return total")),
    );
    const lines = report
      .replace(/1\.[0-9a-f]{8}\./, "1.checksum.")
      .replaceAll(/:\d+:\d+/g, "")
      .split("\n");
    expect(lines.slice(0, 9)).toEqual([
      "E_CHECK: the check is false",
      "in the schedule 1.checksum.1., of 0 preemptions and 6 switches:",
      "",
      '   1   fiber 1 "lostUpdates": starts fiber 2 "one", starts fiber 3 "other", waits (join), testing.ts',
      '   2   fiber 2 "one": yields, testing.ts',
      '   3   fiber 3 "other": yields, testing.ts',
      '   4   fiber 2 "one": wakes fiber 1 "lostUpdates", returns, after testing.ts',
      '   5   fiber 3 "other": returns, after testing.ts',
      '   6   fiber 1 "lostUpdates": returns, after testing.ts',
    ]);
  });

  test.each([
    ["standsStill", {}, "deadlock", "E_DEADLOCK"],
    ["fails", {}, "failure", "E_ORDER"],
    ["failsUnseen", {}, "unobserved", "E_UNSEEN"],
    ["trapsUnseen", {}, "unobserved", "E_TRAP"],
    ["fails", { leaks: "error" }, "failure", "E_ORDER"],
    ["leaks", { leaks: "error" }, "leak", "E_LEAK"],
    ["words", { check: () => false }, "check", "E_CHECK"],
    ["destroys", {}, "failure", "E_INSTANCE_DEAD"],
  ] as const)("%s with %j: %s", async (entry, options, kind, code) => {
    const { failure } = await run(entry, options);
    expect(failure?.fault).toMatchObject({ kind, code });
  });

  test("that is none is not found", async () => {
    expect((await run("leaks")).failure).toBeUndefined();
    expect(await run("channels", { check: ({ value }) => value === 6 })).toMatchObject({ complete: true });
  });
});

test("copies of states and running again find the same", async () => {
  const deep = await run("deep", { args: [400], maxSchedules: 150, reduce: false, check: ({ value }) => value === 1 });
  expect(deep.failure).toBeUndefined();
  expect(deep).toMatchObject({ schedules: 150, complete: false });
  expect(deep.deepest).toBeGreaterThan(400);
});

test("programs that use the network are run again from the beginning", async () => {
  const check = ({ value }: { value: unknown }) => value === "ping pong";
  const explored = await run("talk", { check });
  expect(explored).toMatchObject({ complete: true, pruned: 0 });
  expect(explored.schedules).toBeGreaterThan(3);
  expect(explored.failure).toBeUndefined();
});

test("random choices of preemptions in a row do the same in simulate", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), async (seed) => {
      const one = await simulate(binary, { entry: "everything", imports, seed, policy: "random" });
      expect((await simulate(binary, { entry: "everything", imports, schedule: one.schedule })).hash).toBe(one.hash);
    }),
    { numRuns: 10, seed: 1 },
  );
});

describe("for test runners", () => {
  test("an assertion whose message is the report", async () => {
    await expect(assertEverySchedule(binary, { entry: "standsStill", imports })).rejects.toMatchObject({
      code: "E_FAULT_FOUND",
      message: expect.stringContaining("waits (receive"),
    });
    const many = { entry: "lostUpdates", args: [4], imports, maxSchedules: 5, reduce: false };
    await expect(assertEverySchedule(binary, many)).rejects.toMatchObject({ code: "E_NOT_COMPLETE" });
    expect(await assertEverySchedule(binary, { ...many, isEnough: () => true })).toMatchObject({ schedules: 5 });
  });

  test("a matcher", async () => {
    expect.extend(matchers);
    const held = expect(binary) as unknown as { toHoldInEverySchedule(options: ExploreOptions): Promise<void> };
    await held.toHoldInEverySchedule({ entry: "channels", imports });
    await expect(held.toHoldInEverySchedule({ entry: "standsStill", imports })).rejects.toThrow(/E_DEADLOCK/);
  });
});

test("misuse is refused by name", async () => {
  await expect(run("nothing")).rejects.toMatchObject({ code: "E_NO_EXPORT" });
  await expect(run("words", { imports: { app: { twice: (value: number) => value } } })).rejects.toMatchObject({
    code: "E_IMPURE_IMPORT",
  });
  await expect(run("words", { maxSchedules: -1 })).rejects.toMatchObject({ code: "E_INVALID_OPTION" });
  await expect(run("words", { depth: 3 } as ExploreOptions)).rejects.toMatchObject({ code: "E_INVALID_OPTION" });
});

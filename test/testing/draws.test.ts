/** What the library leaves to chance: a search looks at all of it, a schedule repeats it, and who it was drawn by is told. */
import { explore, type ExploreOptions, pure, simulate, type SimulateOptions } from "as-fibers/testing";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";

const { binary, sourceMap } = guest("testing");
const imports = { app: { twice: pure((value: number) => value * 2) } };
const search = (entry: string, options: ExploreOptions = {}) =>
  explore(binary, { entry, imports, sourceMap, ...options });
const run = (entry: string, options: SimulateOptions = {}) => simulate(binary, { entry, imports, ...options });

/** What the runs of a search return, each once, and the search. */
async function outcomes(entry: string, options: ExploreOptions = {}) {
  const seen = new Set<unknown>();
  const check = ({ value }: { value: unknown }) => void seen.add(value);
  return { ...(await search(entry, { check, ...options })), seen: [...seen].toSorted() };
}

describe("a search looks at each possibility once", () => {
  test("of a select whose cases are ready", async () => {
    const { seen, schedules, complete, coverage } = await outcomes("lots", { reduce: false });
    expect(seen).toEqual(["012", "021", "102", "120", "201", "210"]);
    expect({ schedules, complete, coverage }).toEqual({ schedules: 6, complete: true, coverage: 1 });
  });

  test("of several fibers, in each of their orders", async () => {
    for (const [count, factorial] of [
      [1, 1],
      [2, 2],
      [3, 6],
      [4, 24],
    ] as const) {
      const { seen, ...all } = await outcomes("drawers", { args: [count], reduce: false });
      expect(all).toMatchObject({ schedules: factorial * 2 ** count, complete: true, coverage: 1 });
      expect(seen.length).toBe(factorial * 2 ** count);
      expect(await outcomes("drawers", { args: [count] })).toMatchObject({ seen, complete: true });
    }
  });

  test("without a preemption: a draw is none", async () => {
    const { seen } = await outcomes("drawers", { args: [2], preemptions: 0 });
    expect(seen).toEqual(["00 10 ", "00 11 ", "01 10 ", "01 11 "]);
  });

  test("a loop that draws comes back to where it was, and ends the search", async () => {
    expect(await search("drawsAgain")).toMatchObject({ complete: true, cut: 0 });
  });

  test("of a pause that is shortened by chance: the longest, the middle and the shortest", async () => {
    const { seen, complete } = await outcomes("triesAgain");
    expect(seen).toEqual([0, 100, 50]);
    expect(complete).toBe(true);
  });
});

describe("a draw by which a program fails", () => {
  const check = ({ value }: { value: unknown }) => value !== "01 11 " || "both are the second";

  test("is told, and repeated by the schedule", async () => {
    const { failure, report } = await search("drawers", { args: [2], check });
    expect(failure).toMatchObject({ preemptions: 0, schedule: expect.stringMatching(/^1\.[0-9a-f]{8}\.1\.\.x1-x1$/) });
    expect(report).toContain("fiber 2: draws 2 of 2, returns");
    expect((await run("drawers", { args: [2], schedule: failure?.schedule ?? "" })).value).toBe("01 11 ");
  });
});

test("a policy draws by the seed, and its schedule repeats that", async () => {
  for (const policy of ["fifo", "random", "pct"] as const) {
    const seen = new Set<unknown>();
    for (let seed = 1; seed <= 12; seed++) {
      const one = await run("lots", { seed, policy });
      expect(await run("lots", { schedule: one.schedule })).toEqual(one);
      seen.add(one.value);
    }
    expect(seen.size, policy).toBeGreaterThan(3);
  }
});

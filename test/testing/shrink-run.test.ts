/** Runs that fail are made smaller: decisions, fibers, arguments, faults of the network; and what is left is told step by step. */
import type { VirtualPort } from "as-fibers";
import { shrinkRun, type ShrinkOptions, simulate, type SimulateOptions } from "as-fibers/testing";
import { describe, expect, test } from "vitest";
import { describeLocation } from "../../host/errors.ts";
import { guest } from "../setup/guests.ts";
import { placeOf } from "../setup/source.ts";

const { binary, sourceMap } = guest("testing");
const imports = { app: { twice: (value: number) => value * 2 } };

/** Looks for a seed by which this is so. */
async function meet(options: SimulateOptions, isIt: (value: unknown) => boolean) {
  for (let seed = 1; ; seed++) {
    const met = await simulate(binary, { policy: "random", ...options, seed });
    if (isIt(met.value)) return { seed, ...met };
  }
}

describe("decisions", () => {
  const options = { entry: "lostUpdates", args: [3], imports };
  const check = ({ value }: { value: unknown }) => value !== 4 || "one was kept";

  test("of a schedule: none that is left can go", async () => {
    const met = await meet(options, (value) => value === 4);
    const found = await shrinkRun(binary, { ...options, check, schedule: met.schedule });
    expect(found.fault).toEqual({ kind: "check", code: "E_CHECK", message: "one was kept" });
    const preemptions = (schedule: string) => schedule.split("x").length - 1;
    expect(preemptions(found.schedule)).toBe(found.size.preemptions);
    expect(found.size.preemptions).toBeLessThan(preemptions(met.schedule));
    expect(found.steps.length).toBe(found.size.switches);
    expect((await simulate(binary, { ...options, schedule: found.schedule })).value).toBe(4);
    const again = await shrinkRun(binary, { ...options, check, schedule: found.schedule });
    expect(again.schedule).toBe(found.schedule);
  });

  test("draws that do not matter are the first", async () => {
    const drawing = { entry: "drawers", args: [4], imports };
    const met = await meet(drawing, (value) => String(value).includes("21"));
    const isSecond = ({ value }: { value: unknown }) => !String(value).includes("21") || "the third has the second";
    const found = await shrinkRun(binary, { ...drawing, policy: "random", seed: met.seed, check: isSecond });
    expect(found.size).toMatchObject({ preemptions: 0, draws: 1 });
    expect(found.schedule).toMatch(/\.\.2x1$/);
  });

  test("a run in which nothing is wrong", async () => {
    await expect(shrinkRun(binary, { ...options, check: () => true })).rejects.toMatchObject({ code: "E_NO_FAULT" });
  });
});

describe("fibers", () => {
  const options: ShrinkOptions = {
    entry: "crowd",
    args: [6],
    imports,
    sourceMap,
    policy: "random",
    check: ({ value }) => value === 2 || "an update is lost",
  };

  test("that are not needed do not run", async () => {
    const { seed } = await meet({ entry: "crowd", args: [6], imports }, (value) => value === 1);
    const { size, before, steps, report, schedule } = await shrinkRun(binary, { ...options, seed });
    expect(before.fibers).toBe(9);
    expect(size.fibers).toBe(3);
    expect([...new Set(steps.map(({ name }) => name))].toSorted()).toEqual(["crowd", "one", "other"]);
    expect(report).toContain(`of 3 fibers (of 9), `);
    const yielding = describeLocation(placeOf("testing", "|yieldNow();\n    total = before + 1;"));
    expect(report).toContain(`\n   2 * fiber 8 "one": yields, ${yielding} [chosen before 6 of 8 ready]\n`);
    const place = describeLocation(placeOf("testing", "one.join();\n  |other.join();\n  return total"));
    expect(report).toContain(`fiber 1 "crowd": waits (join), ${place} [chosen before 7 of 8 ready]`);
    expect((await simulate(binary, { entry: "crowd", args: [6], imports, schedule })).value).toBe(1);
  });

  test("are not even started when an argument may be less", async () => {
    const { seed } = await meet({ entry: "crowd", args: [6], imports }, (value) => value === 1);
    const found = await shrinkRun(binary, { ...options, seed, least: [0] });
    expect(found).toMatchObject({ args: [0], size: { fibers: 3, preemptions: 0, switches: 6 } });
    expect(found.steps.length).toBe(6);
    expect(found.report).toContain("with the arguments [0] (before: [6])");
  });
});

describe("faults of the network", () => {
  async function answer(listener: VirtualPort): Promise<void> {
    const peer = await listener.accept();
    for (let bytes = await peer.read(4); bytes.length === 4; bytes = await peer.read(4)) await peer.write(bytes);
  }

  const options: ShrinkOptions = {
    entry: "ask",
    args: ["db", 3],
    imports,
    sourceMap,
    hosts: { db: { latency: 10 } },
    during: ({ network }) => {
      void answer(network.listen(5432, "db")).catch(() => {});
      return Promise.resolve();
    },
    check: ({ value }) => !String(value).includes("ECONNRESET") || "a connection was reset",
  };

  test("of a script: what is left is what it takes", async () => {
    const reset = { at: 500, kind: "reset", host: "db" } as const;
    const found = await shrinkRun(binary, {
      ...options,
      faults: [
        { at: 100, kind: "slow", bytesPerSecond: 5000 },
        { at: 10, kind: "partition", for: 20 },
        reset,
        { at: 3000, kind: "lost" },
      ],
    });
    expect(found.faults).toEqual([reset]);
    expect(found.report).toContain('of 4 faults of the network, these: [{"at":500,"kind":"reset","host":"db"}]');
    const place = describeLocation(placeOf("testing", "|stream.readOrError(buffer) < 0"));
    expect(found.report).toContain(`fiber 1 "ask": waits (read), ${place}`);
  });

  test("a partition is as short as it may be", async () => {
    const { faults } = await shrinkRun(binary, {
      ...options,
      check: ({ time }) => time < 2500 || "late",
      faults: [{ at: 500, kind: "partition", for: 8000 }],
    });
    expect(faults).toEqual([{ at: 500, kind: "partition", for: 1000 }]);
  });

  test("by chance: they become a script that does the same", async () => {
    const faults = { chances: { reset: 0.4, slow: 0.4, partition: 0.4 }, within: 1500 };
    const { check: _, ...world } = options;
    let seed = 1;
    while (!String((await simulate(binary, { ...world, faults, seed })).value).includes("ECONNRESET")) seed++;
    const found = await shrinkRun(binary, { ...options, faults, seed });
    expect(found.faults).toEqual([{ at: expect.any(Number) as number, kind: "reset", connection: 1 }]);
    const again = await simulate(binary, { ...world, faults: found.faults, schedule: found.schedule });
    expect(again.value).toContain("ECONNRESET");
  });
});

/** Time: never early, below and above a millisecond; deadlines in the past, at once, and never. */
import { afterEach, expect, test } from "vitest";
import { describeOn, needing } from "../setup/describe.ts";
import { closeBenches, openBench } from "../setup/driver-bench.ts";
import { closeScenes, openProgram } from "../setup/driver-program.ts";
import { worlds } from "../setup/world.ts";

/** Below and above a millisecond, and around whole ones, where timers of the platform are cut. */
const DURATIONS = [0, 1e-6, 0.001, 0.25, 0.5, 0.75, 0.999, 1, 1.001, 1.25, 1.999, 2, 3.5, 10, 20.75];

/** Nanoseconds that a sleep may be too long where the clock is real: other processes have their share too. */
const SLACK = 5e9;

afterEach(async () => {
  await closeScenes();
  await closeBenches();
});

describeOn(worlds, "point 5", (world) => {
  const check = (measured: unknown, milliseconds: number) => {
    const nanoseconds = Number(measured);
    // The program's clock shows whole nanoseconds.
    const due = Math.floor(milliseconds * 1e6);
    expect(nanoseconds).toBeGreaterThanOrEqual(due);
    expect(nanoseconds).toBeLessThanOrEqual(due + (world.isSimulated ? 1 : SLACK));
  };

  test("sleeps one after another: none is early", async () => {
    const program = await openProgram(world);
    for (const milliseconds of DURATIONS) check(await program.call("measure", milliseconds), milliseconds);
  });

  test("sleeps all at once: none is early, and on a clock that stands still they end in their order", async () => {
    const program = await openProgram(world);
    const order: number[] = [];
    const sleeps = DURATIONS.toReversed().map(async (milliseconds) => {
      check(await program.call("measure", milliseconds), milliseconds);
      order.push(milliseconds);
    });
    await Promise.all(sleeps);
    if (world.isSimulated) expect(order).toEqual(DURATIONS);
    else expect(order.toSorted((a, b) => a - b)).toEqual(DURATIONS);
  });

  test("an infinite sleep ends only by being cancelled", async () => {
    const program = await openProgram(world);
    const job = await program.begin("forever", 0);
    await program.call("measure", 5);
    expect(await program.reasons()).toEqual(["sleep"]);
    await program.call("cancel", job);
    expect(await program.end(job)).toBe("E_CANCELLED");
  });

  test("the clock does not go back", async () => {
    const program = await openProgram(world);
    expect(await program.call("timesBack", 1000)).toBe(0);
    const before = (await program.call("nowNs")) as number;
    await program.call("measure", 1);
    expect((await program.call("nowNs")) as number).toBeGreaterThanOrEqual(before + 1e6);
  });

  needing(world, "driver")("a deadline is met, not early, and once", async () => {
    const { bench } = await openBench(world);
    for (const nanoseconds of [1, 1000, 400_000, 999_999, 1e6, 1_000_001, 1_700_000, 5e6]) {
      const deadline = bench.driver.now() + nanoseconds;
      bench.driver.arm(deadline);
      const met = await bench.nextTurn();
      expect(met).toBeGreaterThanOrEqual(deadline);
      if (world.isSimulated) expect(met).toBe(deadline);
    }
    const { turns } = bench;
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    expect(bench.turns).toBe(turns);
  });

  needing(world, "driver")("one in the past is met at the next chance, and never inside arm", async () => {
    const { bench } = await openBench(world);
    await bench.inTurn(() => {});
    for (const deadline of [bench.driver.now() - 1e9, -1, 0, -Infinity, bench.driver.now()]) {
      const { turns } = bench;
      bench.driver.arm(deadline);
      expect(bench.turns).toBe(turns);
      expect(await bench.nextTurn()).toBeLessThan(Math.max(deadline, bench.driver.now()) + SLACK);
    }
  });

  needing(world, "driver")(
    "one deadline at a time: a later arm replaces it, whether it is sooner, later, or never",
    async () => {
      const { bench } = await openBench(world);
      const { driver } = bench;
      driver.arm(driver.now() + 3600e9);
      const sooner = driver.now() + 2e6;
      driver.arm(sooner);
      expect(await bench.nextTurn()).toBeGreaterThanOrEqual(sooner);
      driver.arm(driver.now() + 1e6);
      const later = driver.now() + 8e6;
      driver.arm(later);
      expect(await bench.nextTurn()).toBeGreaterThanOrEqual(later);
      driver.arm(driver.now() + 1e6);
      driver.arm(Infinity);
      const after = driver.now() + 8e6;
      driver.arm(after);
      expect(await bench.nextTurn()).toBeGreaterThanOrEqual(after);
    },
  );
});

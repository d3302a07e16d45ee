/** The scheduler: in which order fibers run, how long a turn lasts, and that wakes reach the wait that they are for. */
import { type App, load, nodeDriver, virtualDriver } from "as-fibers";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { ManualDriver } from "../setup/manual-driver.ts";
import { modelExecute } from "../setup/programs.ts";
import { loadWatched } from "../setup/watched.ts";
import { modelInSteps, modelInTurns } from "../workloads/programs.ts";
import { runInSuite } from "../workloads/workload.ts";

const lines = (...list: string[]) => list.join("\n");
const start = () => loadWatched(guest("scheduler").binary, { imports: { test: { work() {} } } });
const call = async (name: string, ...values: (string | number | boolean)[]) =>
  (await start()).exports[name]?.(...values);

describe("order", () => {
  test("fibers that yield run in turn", async () => {
    expect(await call("inTurn", 3, 2)).toBe(
      lines("main", "0.0", "1.0", "2.0", "main", "0.1", "1.1", "2.1", "main", "1.2", "main"),
    );
  });

  test.each([1, 2, 7, 10_000])(
    "no fiber is overtaken by one that became ready later: %d switches per turn",
    async (turnSwitches) => {
      const app = await loadWatched(guest("scheduler").binary, { imports: { test: { work() {} } }, turnSwitches });
      expect(await app.exports["countOvertakings"]?.(20, 200)).toBe(0);
    },
  );

  test("calls from JavaScript are queued behind what is ready", async () => {
    const app = await loadWatched(guest("scheduler").binary, { imports: { test: { work() {} } }, turnSwitches: 1 });
    const order: string[] = [];
    const names = ["a", "b", "c", "d"];
    await Promise.all(
      names.map(async (name) => order.push(name + String(await app.exports["countOvertakings"]?.(0, 0)))),
    );
    expect(order).toEqual(["a0", "b0", "c0", "d0"]);
  });
});

describe("random programs do what the model does", () => {
  test("one switch per turn", () => runInSuite(modelInSteps));
  test("turns of many switches", () => runInSuite(modelInTurns));

  test("the model knows what a program does", () => {
    // Fiber 0 starts 1 and 2, joins 1, which yields; 2 fails in its second cleanup, having returned.
    expect(modelExecute("g1w2j1t2|y0|d3d0s2")).toBe(
      lines(
        "0 begins",
        "0 starts 1",
        "0 starts 2",
        "1 begins",
        "2 begins",
        "1 yielded",
        "1 returns",
        "0 joined 1",
        "2 slept 2",
        "2 returns",
        "2 cleans 1, kind 0",
        "2 cleans 1, done",
        "2 cleans 0, kind 3",
        "0 joined 2: false f2 4 E_CLEANUP: cleanup 0",
        "0 returns",
        "0 ended f0 3",
        "1 ended f1 3",
        "2 ended f2 4 E_CLEANUP: cleanup 0",
        "0 timers",
      ),
    );
  });
});

describe("a turn", () => {
  const timed = async (budget: number): Promise<{ app: App; driver: ManualDriver }> => {
    const driver = new ManualDriver(budget);
    const work = (nanoseconds: number) => driver.advance(nanoseconds);
    const app = await load(guest("scheduler").binary, { driver, imports: { test: { work } } });
    return { app, driver };
  };

  test.each([
    [1_000_000, 4_000_000], // 4 runs fit
    [3_000_000, 4_000_000], // the second one begins in time, and ends late
    [9_000_000, 4_000_000], // one run is longer than a turn
    [10_000, 4_000_000],
    [100, 4_000_000],
  ])("of fibers that run for %d ns each is not much longer than its budget of %d", async (each, budget) => {
    const { app, driver } = await timed(budget);
    await app.exports["workInParts"]?.(500, each);
    // The first one begins with starting them all, which takes no time here; the last one ends when there is nothing more to do.
    const full = driver.turns.slice(1, -1);
    expect(full.length).toBeGreaterThanOrEqual(
      each * 500 * 20 > budget ? Math.floor((each * 500 * 20) / (budget + each)) - 1 : 0,
    );
    for (const turn of full) {
      expect(turn).toBeGreaterThanOrEqual(budget);
      // The clock is read so often that a 16th of the budget does not pass unseen, except in one fiber's run.
      expect(turn).toBeLessThanOrEqual(budget + Math.max(each, budget / 16));
    }
    expect(driver.turns.reduce((sum, turn) => sum + turn, 0)).toBe(each * 500 * 20);
  });

  test("goes on after a trap with the rest of its budget", async () => {
    const driver = new ManualDriver(4_000_000);
    const work = (nanoseconds: number) => {
      driver.advance(nanoseconds);
      throw new Error("a trap");
    };
    const app = await load(guest("scheduler").binary, { driver, imports: { test: { work } } });
    const calls = Array.from({ length: 20 }, () => app.exports["workInParts"]?.(1, 1_000_000));
    for (const { status } of await Promise.allSettled(calls)) expect(status).toBe("rejected");
    // In the last one nobody works: those who join the others are told.
    expect(driver.turns).toEqual([4_000_000, 4_000_000, 4_000_000, 4_000_000, 4_000_000, 0]);
  });

  test("serves timers that expire while fibers are busy", async () => {
    const { app, driver } = await timed(4_000_000);
    expect(await app.exports["sleepWhileBusy"]?.(500_000)).toBe(
      // They began to sleep after busy 0. Whoever wakes is queued behind the busy one, which was ready before: one run later.
      lines("busy 0", "busy 1", "busy 2", "busy 3", "slept 1.0", "busy 4", "busy 5", "slept 2.0"),
    );
    // All in one turn; the second one is that of the last sleep.
    expect(driver.turns.length).toBe(2);
  });

  test("is left by maybeYield when its time is used up, and only then", async () => {
    const { app } = await timed(4_000_000);
    // 10,000 calls of 1,000 ns: 10 ms.
    const times = (await app.exports["countMaybeYields"]?.(10_000, 1000)) as number;
    expect(times).toBeGreaterThanOrEqual(2);
    // Not more often than the clock is read: once in 256 calls.
    expect(times).toBeLessThanOrEqual(10_000 / 256 + 1);
    const { app: quick } = await timed(4_000_000);
    expect(await quick.exports["countMaybeYields"]?.(10_000, 10)).toBe(0);
  });

  test("of the virtual driver has all the time: maybeYield never yields", async () => {
    expect(await call("spinUntilDone", 100_000)).toBe(false);
  });

  test("of Node's event loop has not: maybeYield lets another fiber end the loop", async () => {
    const app = await load(guest("scheduler").binary, { driver: nodeDriver(), imports: { test: { work() {} } } });
    expect(await app.exports["spinUntilDone"]?.(2_000_000_000)).toBe(true);
    await app.close();
  });
});

describe("a wake", () => {
  test("does not come any more when the wait was left: it is left once", async () => {
    expect(await call("leaveEarly")).toBe(lines("left 1, state 0", "false 5"));
  });

  test("of a fiber that does not wait is impossible, and stops the instance with its own sentence in a debug build", async () => {
    const { binary } = guest("scheduler", { target: "debug" });
    const app = await loadWatched(binary, { imports: { test: { work() {} } } });
    await expect(app.exports["wakeReady"]?.()).rejects.toMatchObject({
      code: "E_INSTANCE_DEAD",
      message: expect.stringContaining("as-fibers: only a parked fiber can be woken") as string,
    });
    await expect(app.exports["leaveEarly"]?.()).rejects.toMatchObject({ code: "E_INSTANCE_DEAD" });
  });
});

describe("a cancellation of a fiber that was woken with something", () => {
  const cleaned = ["cleanup begins", "cleanup ends"];
  const cancelled = (left: number) => `state 5, E_CANCELLED: not needed any more, left ${left}, 0 timers`;

  test.each([
    ["a yield", 1, 0],
    ["a park, which is left", 2, 1],
    ["a sleep, whose timer is stopped", 3, 0],
  ])("strikes at its next wait: %s", async (_wait, how, left) => {
    expect(await call("cancelGiven", how, true)).toBe(lines("has it", ...cleaned, cancelled(left)));
  });

  test("is forgotten when it returns before, and does not interrupt its cleanups", async () => {
    expect(await call("cancelGiven", 0, true)).toBe(
      lines("has it", "returns", ...cleaned, "state 3, no error, left 0, 0 timers"),
    );
  });

  test("does not hide a failure that comes before, nor interrupt its cleanups", async () => {
    expect(await call("cancelGiven", 4, true)).toBe(
      lines("has it", ...cleaned, "state 4, E_FAILED: by itself, left 0, 0 timers"),
    );
  });

  test("strikes at once when it was woken with nothing", async () => {
    expect(await call("cancelGiven", 0, false)).toBe(lines(...cleaned, cancelled(0)));
  });

  test("nothing strikes without a cancellation", async () => {
    expect(await call("useGiven", 1)).toBe(lines("has it", "returns", ...cleaned, "state 3"));
    expect(await call("useGiven", 3)).toBe(lines("has it", "returns", ...cleaned, "state 3"));
  });
});

describe("determinism", () => {
  test("the same program does the same, with the same number of switches", async () => {
    const run = async () => {
      const app = await load(guest("scheduler").binary, {
        driver: virtualDriver(),
        imports: { test: { work() {} } },
        onUnobserved: () => {},
      });
      const log = await app.exports["mixed"]?.(100);
      return { log, switches: app.switches };
    };
    const first = await run();
    expect(first.switches).toBeGreaterThan(300);
    expect(await run()).toEqual(first);
  });

  test("the length of turns changes nothing but where time is read", async () => {
    const run = async (turnSwitches: number) => {
      const app = await loadWatched(guest("programs").binary, { turnSwitches });
      const log = await app.exports["execute"]?.("g1w2g3g3j1j2q1|y0s1y0d2d1q3y0|s2w3y0c4t4s1|n3y0s1n2y0y0d3s4|y0");
      return { log, switches: app.switches };
    };
    const long = await run(10_000);
    for (const turnSwitches of [1, 2, 3, 5, 64]) expect(await run(turnSwitches)).toEqual(long);
  });
});

/** `Select`: what blocks, what runs, what is left of the cases that lose. Scripts: see test/setup/select-scripts.ts. */
import { type App, load, virtualDriver } from "as-fibers";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { play } from "../setup/select-scripts.ts";
import { loadWatched } from "../setup/watched.ts";

const SEND_ON_CLOSED =
  "E_CLOSED: cannot send: the channel is closed, and its values go to nobody new; close it when all senders have ended";
const BUSY =
  "E_BUSY: a select serves one fiber at a time, and another one waits in it: give each fiber a select of its own";
const CANCELLED = "E_CANCELLED: by a script";

/** The guest, in a world of this seed. */
const loadSelect = (seed = 1) => load(guest("select").binary, { driver: virtualDriver({ seed }) });

const call = (app: App, name: string, ...args: (number | boolean)[]) => app.exports[name]?.(...args);

describe("a case is", () => {
  test.each(["r-", "s-", "r- s-", "r0", "s0", "r0 s0", "r1", "s2", "r- s- r0 s0 r1 s2 tInfinity"])(
    "never ready without a channel, with nobody at the other end, with nothing or no room in the buffer: %s",
    async (cases) => {
      const full = "0 1 1 | trySend 2, sleep 1";
      expect(await play(full, `sleep 1, poll ${cases}`, `sleep 1, wait ${cases}, say never`)).toEqual([
        "1 trySend: 1.0 true",
        "2 poll: nothing",
        "3 still waits",
      ]);
    },
  );

  test.each(["wait", "biased", "poll"])("ready with a buffer that has room or values: %s", async (verb) => {
    expect(await play("1", `${verb} s0, ${verb} r0`)).toEqual([
      `1 ${verb === "poll" ? "poll" : "wait"}: 0 s0 1.0`,
      `1 ${verb === "poll" ? "poll" : "wait"}: 0 r0 1.0`,
    ]);
  });

  test.each(["wait", "poll"])("ready with a fiber that waits at the other end: %s", async (verb) => {
    expect(await play("0 0 0", "send 0", "receive 1", "wait s2", `yield, ${verb} r0, ${verb} s1, ${verb} r2`)).toEqual([
      `4 ${verb}: 0 r0 1.0`,
      `4 ${verb}: 0 s1 4.1`,
      `4 ${verb}: 0 r2 3.0`,
      "1 send: 1.0",
      "2 receive: 4.1",
      "3 wait: 0 s2 3.0",
    ]);
  });

  test.each(["wait", "poll"])(
    "ready to receive from a closed channel: what is left, then its end: %s",
    async (verb) => {
      expect(await play("2", `send 0, send 0, close 0, ${verb} r0, ${verb} r0, ${verb} r0 r-, ${verb} r0`)).toEqual([
        "1 send: 1.0",
        "1 send: 1.1",
        `1 ${verb}: 0 r0 1.0`,
        `1 ${verb}: 0 r0 1.1`,
        `1 ${verb}: 0 r0 end`,
        `1 ${verb}: 0 r0 end`,
      ]);
    },
  );

  test.each(["wait s0", "poll s0", "wait r- s0 t5", "biased s0 r0"])(
    "ready to send to a closed channel, and fails the fiber: %s",
    async (step) => {
      expect(await play("1", `close 0, ${step}, say never`)).toEqual([`1 ended: ${SEND_ON_CLOSED}`]);
    },
  );

  test.each([0, 1, 2, 5])(
    "without any that can be ready, waiting is a standstill: %d without a channel",
    async (nulls) => {
      const app = await loadWatched(guest("select").binary);
      await expect(call(app, "waitForNothing", nulls)).rejects.toMatchObject({ code: "E_DEADLOCK" });
      await app.close();
    },
  );

  test("never the other side of its own select: it waits, until another one comes", async () => {
    expect(await play("0", "wait s0 r0")).toEqual(["1 still waits"]);
    expect(await play("0", "poll s0 r0, poll r0 s0")).toEqual(["1 poll: nothing", "1 poll: nothing"]);
    expect(await play("0", "wait s0 r0", "biased r0 s0")).toEqual(["2 wait: 0 r0 1.0", "1 wait: 0 s0 1.0"]);
    expect(await play("0", "wait s0 r0", "biased s0 r0")).toEqual(["2 wait: 0 s0 2.0", "1 wait: 1 r0 2.0"]);
  });
});

describe("a select that waits", () => {
  test("is served in its turn, in each of its queues", async () => {
    expect(await play("0 0", "receive 0", "wait r1 r0", "receive 0", "yield, send 0, send 0, send 0")).toEqual([
      "4 send: 4.0",
      "4 send: 4.1",
      "4 send: 4.2",
      "1 receive: 4.0",
      "2 wait: 1 r0 4.1",
      "3 receive: 4.2",
    ]);
  });

  test("leaves nothing in the queues of the cases that lose", async () => {
    expect(
      await play("0 0 0", "wait r0 s1 r2 s2 t9", "yield, trySend 0, trySend 0, tryNext 1, trySend 2, tryNext 2"),
    ).toEqual([
      "2 trySend: 2.0 true",
      "2 trySend: 2.1 false",
      "2 tryNext: nothing",
      "2 trySend: 2.2 false",
      "2 tryNext: nothing",
      "1 wait: 0 r0 2.0",
    ]);
  });

  test("takes one value with one channel in several cases, and the next fiber the next", async () => {
    expect(await play("0 0", "wait r0 s1 r0", "wait r0", "yield, trySend 0, trySend 0, trySend 0, tryNext 1")).toEqual([
      "3 trySend: 3.0 true",
      "3 trySend: 3.1 true",
      "3 trySend: 3.2 false",
      "3 tryNext: nothing",
      "1 wait: 0 r0 3.0",
      "2 wait: 0 r0 3.1",
    ]);
  });

  test("waits again with the same cases, and offers the same values", async () => {
    expect(
      await play("0 0", "wait r0 s1, again, again", "yield, tryNext 1, yield, trySend 0, yield, tryNext 1, trySend 0"),
    ).toEqual([
      "2 tryNext: 1.1",
      "1 wait: 1 s1 1.1",
      "2 trySend: 2.0 true",
      "1 wait: 0 r0 2.0",
      "2 tryNext: 1.1",
      "2 trySend: 2.1 false",
      "1 wait: 1 s1 1.1",
    ]);
  });

  test("is told of a channel that closes: the end where it receives, a failure where it sends", async () => {
    expect(await play("0 0 0", "wait r0 r2", "wait s1 r2, say never", "wait r2 r0", "yield, close 0, close 1")).toEqual(
      ["1 wait: 0 r0 end", "3 wait: 1 r0 end", `2 ended: ${SEND_ON_CLOSED}`],
    );
  });

  test("does not lose what it was given when the channel closes then", async () => {
    expect(await play("0", "wait r0, again", "yield, send 0, close 0")).toEqual([
      "2 send: 2.0",
      "1 wait: 0 r0 2.0",
      "1 wait: 0 r0 end",
    ]);
  });

  test("keeps the order of many: 10,000 in selects at one channel", async () => {
    expect(await call(await loadSelect(), "serveInTurn", 10_000)).toBe(10_000);
  });
});

describe("join", () => {
  test.each([
    ["returns", "yield, say ends", []],
    ["fails", "yield, yield, fail", ["2 ended: E_SCRIPT: as the script says"]],
    ["is cancelled", "yield, yield, yield, say never", [`2 ended: ${CANCELLED}`]],
  ])("a case of a fiber that %s is ready from then on", async (how, script, end) => {
    const canceller = how === "is cancelled" ? ["yield, cancel 2"] : [];
    const said = await play("0", "poll j2, wait r0 j2, again, poll j2", script, ...canceller);
    expect(said.filter((line) => line !== "2 ends")).toEqual([
      "1 poll: nothing",
      "1 wait: 1 j2",
      "1 wait: 1 j2",
      "1 poll: 0 j2",
      ...end,
    ]);
  });

  test("the case of a fiber that goes on leaves nothing with it; one's own end never comes", async () => {
    expect(await play("0", "wait j2 r0 j1, yield", "sleep 10, say ends", "yield, send 0")).toEqual([
      "3 send: 3.0",
      "1 wait: 1 r0 3.0",
      "2 ends",
    ]);
    expect(await play("0", "wait j1 t5")).toEqual(["1 wait: 1 t5"]);
  });
});

describe("timeout", () => {
  test("is counted from the beginning of each wait; the earliest of several ends it, once", async () => {
    expect(await play("0", "wait t7 r0 t3 t5, now, again, now, sleep 10")).toEqual([
      "1 wait: 2 t3",
      "1 now: 3.0",
      "1 wait: 2 t3",
      "1 now: 6.0",
    ]);
  });

  test("does not run when another case came first, and does not come later", async () => {
    expect(await play("0", "wait t10 r0, now, sleep 20, again, now", "sleep 4, send 0")).toEqual([
      "2 send: 2.0",
      "1 wait: 1 r0 2.0",
      "1 now: 4.0",
      "1 wait: 0 t10",
      "1 now: 34.0",
    ]);
  });

  test("of 0 runs when nothing else is ready, in a poll as well; a longer one does not in a poll; an infinite one never", async () => {
    expect(
      await play(
        "1",
        "wait t0 r0, now, trySend 0, again, poll r0 t0, poll r0 t1, wait tInfinity t2, now, wait tInfinity",
      ),
    ).toEqual([
      "1 wait: 0 t0",
      "1 now: 0.0",
      "1 trySend: 1.2 true",
      "1 wait: 1 r0 1.2",
      "1 poll: 1 t0",
      "1 poll: nothing",
      "1 wait: 1 t2",
      "1 now: 2.0",
      "1 still waits",
    ]);
  });

  test("takes the fiber out of all queues when its time has come", async () => {
    expect(await play("0 0", "wait t5 r0 s1, say ran", "sleep 5, trySend 0, tryNext 1")).toEqual([
      "1 wait: 0 t5",
      "1 ran",
      "2 trySend: 2.0 false",
      "2 tryNext: nothing",
    ]);
  });

  test.each([0, 1, 5])("of %d ms is never early on the real clock", async (milliseconds) => {
    const app = await load(guest("select").binary);
    expect(await call(app, "timeTimeout", milliseconds)).toBeGreaterThanOrEqual(milliseconds * 1e6);
    await app.close();
  });

  test.each([-1, Number.NaN, -Infinity])("of %d milliseconds fails with E_INVALID_DURATION", async (milliseconds) => {
    await expect(call(await loadSelect(), "addTimeout", milliseconds)).rejects.toMatchObject({
      code: "E_INVALID_DURATION",
      message: `cannot wait for ${Number.isInteger(milliseconds) ? milliseconds.toFixed(1) : milliseconds} milliseconds: it takes 0 or more`,
    });
  });
});

describe("a cancelled fiber", () => {
  test("leaves every queue, takes its values with it, and leaves no timer", async () => {
    expect(await play("0 0", "wait s0 r1 t50 j2", "yield, cancel 1, trySend 1, tryNext 0")).toEqual([
      "2 trySend: 2.0 false",
      "2 tryNext: nothing",
      `1 ended: ${CANCELLED}`,
    ]);
  });

  test.each([
    ["was given a value", "trySend 1", "2 trySend: 2.0 true", "1 wait: 1 r1 2.0"],
    ["has sent its value", "tryNext 0", "2 tryNext: 1.0", "1 wait: 0 s0 1.0"],
    ["was told of the end", "close 1", "2 closed", "1 wait: 1 r1 end"],
  ])("whose select is decided, because it %s, goes on with it until its next wait", async (_why, step, told, wait) => {
    const said = await play("0 0", "wait s0 r1, say ran, yield, say never", `yield, ${step}, say closed, cancel 1`);
    expect(said.filter((line) => line === told || line.startsWith("1"))).toEqual([
      told,
      wait,
      "1 ran",
      `1 ended: ${CANCELLED}`,
    ]);
  });

  test("whose time has come goes on as well", async () => {
    // The sleep of fiber 2 began before the wait, so it ends before, at the same instant.
    expect(
      await play("0", "sleep 1, wait r0 t4, say ran, yield, say never", "sleep 5, cancel 1, yield, yield, of 1 poll"),
    ).toEqual(["1 wait: 1 t4", "1 ran", "2 of: -1", `1 ended: ${CANCELLED}`]);
  });
});

describe("misuse: a select serves one fiber at a time", () => {
  test.each(["wait", "poll", "add", "clear"])("%s by another one fails that one with E_BUSY", async (verb) => {
    expect(await play("0", "wait r0", `yield, of 1 ${verb}, say never`, "yield, yield, send 0")).toEqual([
      "3 send: 3.0",
      "1 wait: 0 r0 3.0",
      `2 ended: ${BUSY}`,
    ]);
  });

  test.each(["wait", "poll", "add", "clear"])("%s when its case has won but has not run yet, too", async (verb) => {
    expect(await play("0", "wait s- r0", `yield, trySend 0, of 1 ${verb}, say never`)).toEqual([
      "2 trySend: 2.0 true",
      "1 wait: 1 r0 2.0",
      `2 ended: ${BUSY}`,
    ]);
    expect(await play("0", "sleep 1, wait r0 t4", `sleep 5, of 1 ${verb}, say never`)).toEqual([
      "1 wait: 1 t4",
      `2 ended: ${BUSY}`,
    ]);
  });

  test("afterwards it can be used, whoever was in it, and however that one has left", async () => {
    const use = "of 1 add, of 1 poll, of 1 clear, of 1 add, of 1 wait";
    const used = ["2 of: 1", "2 of: -1", "2 of: 0", "2 of: 0"];
    expect(await play("0", "wait r0", `yield, trySend 0, yield, ${use}`)).toEqual([
      "2 trySend: 2.0 true",
      "1 wait: 0 r0 2.0",
      ...used,
    ]);
    expect(await play("0", "wait r0", `yield, cancel 1, ${use}`)).toEqual([...used, `1 ended: ${CANCELLED}`]);
    expect(await play("0", "wait t5", `sleep 6, ${use}`)).toEqual(["1 wait: 0 t5", ...used]);
  });

  test("outside of fibers it can be polled", async () => {
    expect(await call(await loadSelect(), "afterStart")).toBe("1 0 early true\n-1 0 -1\n0 false");
  });
});

describe("a choice among the cases that are ready", () => {
  const choose = async (ready: number, rounds: number, seed: number, isBiased = false, isPolling = false) =>
    [...((await call(await loadSelect(seed), "choose", ready, rounds, isBiased, isPolling)) as string)].map(Number);

  /** How far these are from being equally frequent. */
  const chiSquare = (values: number[], kinds: number) => {
    const counts = Array.from({ length: kinds }, () => 0);
    for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
    expect(counts.length).toBe(kinds);
    const expected = values.length / kinds;
    return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  };

  // What chi-square passes with a probability of 0.001, by the degrees of freedom: 1, 2, 4 for each; 3, 8, 24 for pairs.
  test.each([
    [2, 10.828, 16.266],
    [3, 13.816, 26.124],
    [5, 18.467, 51.179],
  ])("is fair among %d, and knows nothing of the one before", async (ready, limit, limitOfPairs) => {
    for (const isPolling of [false, true]) {
      const chosen = await choose(ready, 10_000, 1, false, isPolling);
      expect(chosen.length).toBe(10_000);
      expect(chiSquare(chosen, ready)).toBeLessThan(limit);
      for (const shift of [0, 1]) {
        const firsts = chosen.filter((_, i) => i % 2 === shift && i + 1 < chosen.length);
        const pairs = firsts.map((first, i) => first * ready + (chosen[2 * i + shift + 1] ?? 0));
        expect(chiSquare(pairs, ready * ready)).toBeLessThan(limitOfPairs);
      }
    }
  });

  test("is the same for the same seed, and another one for another", async () => {
    const seeds = [1, 2, 3, 1_000_000];
    const runs = await Promise.all(seeds.map((seed) => choose(3, 100, seed)));
    expect(await Promise.all(seeds.map((seed) => choose(3, 100, seed)))).toEqual(runs);
    expect(new Set(runs.map(String)).size).toBe(seeds.length);
  });

  test("that is biased is the first", async () => {
    for (const isPolling of [false, true])
      expect(new Set(await choose(5, 1000, 1, true, isPolling))).toEqual(new Set([0]));
    expect(await play("1 1", "trySend 0, trySend 1, biased r1 r0, biased r1 r0")).toEqual([
      "1 trySend: 1.0 true",
      "1 trySend: 1.1 true",
      "1 wait: 0 r1 1.1",
      "1 wait: 1 r0 1.0",
    ]);
  });
});

describe("many times over", () => {
  test.each([0, 1, 3])("two selects on the same channels lose and double nothing, capacity %d", async (capacity) => {
    expect(await call(await loadSelect(), "doubleSelect", 100_000, capacity)).toBe(100_000);
  });

  test("selects that send and receive on the same channel meet others, never themselves", async () => {
    for (const seed of [1, 2]) expect(await call(await loadSelect(seed), "pairWithEachOther", 2, 10_000)).toBe(0);
  });

  test.each([
    ["reuseReady", 1_000_000],
    ["reuse", 30_000],
  ])("one select allocates nothing: %s, %d waits", async (name, rounds) => {
    const app = await loadSelect();
    const allocatedBy = async (count: number) => {
      app.collect();
      const before = await readHeap(app);
      expect(await call(app, name, count)).toBe(count);
      const after = await readHeap(app);
      return [after.usedBlocks - before.usedBlocks, after.usedBytes - before.usedBytes];
    };
    await allocatedBy(6);
    const few = await allocatedBy(6);
    expect(await allocatedBy(rounds)).toEqual(few);
  });

  test("a select that is always ready lets others run after 128 waits", async () => {
    expect(await call(await loadSelect(), "waitsUntilOthersRun")).toBe(129);
  });
});

test("values arrive as they were sent, of every type", async () => {
  expect(await call(await loadSelect(), "carryAll")).toBe("");
});

describe.each([
  ["incremental", {}, false],
  ["incremental, at every switch", {}, true],
  ["incremental, in the smallest steps", { label: "small-steps" }, false],
  ["minimal, at every switch", { runtime: "minimal" }, true],
] as const)("%s: the collector", (_when, variant, isAtEverySwitch) => {
  const start = async () => {
    const app = await loadWatched(
      guest("select", variant).binary,
      isAtEverySwitch ? { turnSwitches: 1, afterTurn: (watched) => watched.collect() } : { turnSwitches: 16 },
    );
    // From here on it takes its steps: before, it waits until half of the memory is used.
    app.collect();
    return app;
  };

  test("keeps what only the cases of a select refer to", async () => {
    const app = await start();
    expect(await call(app, "keepInCases", 30, 40)).toBe(1200);
    expect(await call(app, "carryPoints", 500)).toBe(500);
  });

  test("keeps a select that only the fiber knows that waits in it, and frees it afterwards", async () => {
    const app = await start();
    const round = async () => {
      await call(app, "waitAlone", 20);
      app.collect();
      expect(await call(app, "cancelAlone")).toBe(20);
      app.collect();
      return readHeap(app);
    };
    const before = await round();
    expect(await round()).toEqual(before);
  });
});

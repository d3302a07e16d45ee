/** Traces: what the events say, and that they are in the documented format of those who show them. */
import { load, nodeDriver } from "as-fibers";
import { chromeTrace, type ChromeEvent, simulate, type TraceEvent } from "as-fibers/testing";
import { describe, expect, test } from "vitest";
import { Choosing, type GuestExports } from "../../host/abi.ts";
import { GuestTrace } from "../../host/testing/guest-trace.ts";
import { guest } from "../setup/guests.ts";

const { binary, sourceMap } = guest("testing");
const imports = { app: { twice: (value: number) => value * 2 } };
const run = (entry: string, traceEvents = 4096) => simulate(binary, { entry, imports, sourceMap, traceEvents });

test("events tell who did what to whom, in order", async () => {
  const { events, names } = await run("words");
  const told = events
    .filter(({ kind }) => kind !== "clock")
    .map(({ kind, fiber, by, reason, state }) => [kind, fiber, by || "", reason || state].filter(Boolean).join(" "));
  expect(told).toEqual([
    "start 1",
    "run 1",
    "start 2 1",
    "start 3 1",
    "park 1 join",
    "run 2",
    "yield 2",
    "run 3",
    "yield 3",
    "run 2",
    "yield 2",
    "run 3",
    "yield 3",
    "run 2",
    "wake 1 2 join",
    "end 2 done",
    "run 3",
    "end 3 done",
    "run 1",
    "end 1 done",
  ]);
  expect([...names]).toEqual([
    [1, "words"],
    [2, "one"],
    [3, "other"],
  ]);
});

test("time wakes sleepers, and nobody", async () => {
  const { events, sites } = await run("fails");
  const [woken] = events.filter(({ kind }) => kind === "wake");
  expect(woken).toMatchObject({ fiber: 1, by: 0, reason: "sleep" });
  const started = events.find(({ kind, fiber }) => kind === "start" && fiber === 2);
  expect(sites[(started?.site ?? 0) - 1]).toMatch(/^testing\.ts:\d+:\d+$/);
  const clocks = events.filter(({ kind }) => kind === "clock").map(({ time }) => time);
  expect(new Set(clocks)).toEqual(new Set([0, 1e6]));
});

test("a fiber that fails ends as failed; one that traps too", async () => {
  const ends = async (entry: string) =>
    (await run(entry)).events.filter(({ kind }) => kind === "end").map(({ fiber, state }) => `${fiber} ${state}`);
  expect(await ends("fails")).toEqual(["1 failed"]);
  expect(await ends("failsUnseen")).toEqual(["1 done", "2 failed"]);
});

test("events that a turn makes beyond the capacity are the last ones; the hash is of all", async () => {
  const some = await run("everything", 64);
  const all = await run("everything");
  expect(some.hash).toBe(all.hash);
  const told = (events: TraceEvent[]) => events.slice(-20).map((event) => ({ ...event, object: 0 }));
  expect(told(all.events)).toEqual(told(some.events));
  expect(some.events.length).toBeLessThan(all.events.length);
});

describe("pauses of the collector", () => {
  test("its steps, and a whole collection, between what the fibers do", async () => {
    const { events, hash } = await run("wastes", 1 << 16);
    const pauses = events.filter(({ kind }) => kind === "collect");
    expect(pauses.filter(({ isFull }) => isFull).length).toBe(1);
    expect(pauses.length).toBeGreaterThan(100);
    // In a simulated world, time stands still while a fiber runs.
    expect(pauses.every(({ duration, time, fiber }) => duration === 0 && time === 0 && fiber === 0)).toBe(true);
    const first = events.findIndex(({ kind }) => kind === "collect");
    expect(events.slice(0, first).some(({ kind }) => kind === "run")).toBe(true);
    expect(events.at(-2)).toMatchObject({ kind: "end" });
    expect((await run("wastes", 0)).hash).toBe(hash);
  });

  test("how long each took, in a real world", async () => {
    let trace: GuestTrace | undefined;
    const app = await load(binary, {
      driver: nodeDriver(),
      imports,
      wasi: {
        getImportObject: () => ({}),
        initialize(instance) {
          trace = new GuestTrace(instance.exports as unknown as GuestExports, 1 << 16, Choosing.NOTHING);
        },
      },
    });
    const before = performance.now();
    await app.exports["wastes"]?.();
    const elapsed = (performance.now() - before) * 1e6;
    const pauses = trace?.read().filter(({ kind }) => kind === "collect") ?? [];
    await app.close();
    const whole = pauses.find(({ isFull }) => isFull);
    expect(whole?.duration).toBeGreaterThan(0);
    const sum = pauses.reduce((total, { duration }) => total + duration, 0);
    expect(sum).toBeLessThan(elapsed);
    // One after the other.
    let end = 0;
    for (const { time, duration } of pauses) {
      expect(time).toBeGreaterThanOrEqual(end);
      end = time + duration;
    }
  });
});

describe("the format of chrome://tracing and Perfetto", () => {
  const PHASES = new Set(["X", "s", "f", "i", "M"]);

  async function trace(entry: string, events?: number): Promise<ChromeEvent[]> {
    const { traceEvents, displayTimeUnit } = chromeTrace(await run(entry, events));
    expect(displayTimeUnit).toBe("ns");
    return JSON.parse(JSON.stringify(traceEvents)) as ChromeEvent[];
  }

  test("each entry has the fields of its phase", async () => {
    for (const entry of await trace("everything")) {
      expect(PHASES.has(entry.ph)).toBe(true);
      expect(typeof entry.name).toBe("string");
      expect([entry.pid, entry.tid, entry.ts].every(Number.isFinite)).toBe(true);
      if (entry.ph === "X") expect(entry.dur).toBeGreaterThanOrEqual(0);
      if (entry.ph === "i") expect(entry.s).toBe("t");
      if (entry.ph === "M") expect(["process_name", "thread_name"]).toContain(entry.name);
      if (entry.ph === "s" || entry.ph === "f") expect(entry.id).toBeGreaterThan(0);
      if (entry.ph === "f") expect(entry.bp).toBe("e");
    }
  });

  test("an arrow begins and ends once, inside of slices, and forwards", async () => {
    const entries = await trace("everything");
    const arrows = entries.filter(({ ph }) => ph === "s");
    expect(arrows.length).toBeGreaterThan(5);
    const slices = entries.filter(({ ph }) => ph === "X");
    const isInside = ({ tid, ts }: ChromeEvent) =>
      slices.some((slice) => slice.tid === tid && slice.ts <= ts && ts <= slice.ts + (slice.dur ?? 0) + 1e-6);
    for (const begin of arrows) {
      const ends = entries.filter(({ ph, id }) => ph === "f" && id === begin.id);
      expect(ends.length).toBeLessThanOrEqual(1);
      for (const end of ends) expect(end.ts).toBeGreaterThanOrEqual(begin.ts);
      expect([begin, ...ends].every(isInside)).toBe(true);
    }
  });

  test("the collector has a lane of its own", async () => {
    const entries = await trace("wastes", 1 << 16);
    expect(entries).toContainEqual(expect.objectContaining({ ph: "M", tid: 0, args: { name: "collector" } }));
    const pauses = entries.filter(({ tid, ph }) => tid === 0 && ph === "X");
    expect(pauses.at(-1)).toMatchObject({ name: "whole collection", cat: "collect" });
    expect(pauses.length).toBeGreaterThan(100);
  });

  test("the slices of a lane follow each other", async () => {
    const entries = await trace("everything");
    const ends = new Map<number, number>();
    for (const { tid, ts, dur = 0 } of entries.filter(({ ph }) => ph === "X").toSorted((a, b) => a.ts - b.ts)) {
      expect(ts).toBeGreaterThanOrEqual((ends.get(tid) ?? 0) - 1e-6);
      ends.set(tid, ts + dur);
    }
    expect(ends.size).toBeGreaterThan(3);
  });
});

/** All that fibers share, together: random programs against the reference model. Programs: see test/setup/vocabulary-programs.ts. */
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { modelVocabulary } from "../setup/vocabulary-model.ts";
import { loadWatched } from "../setup/watched.ts";
import * as workloads from "../workloads/vocabulary.ts";
import { runInSuite } from "../workloads/workload.ts";

/** What a program logs until its standstill, and how its fibers have ended. */
async function run(...parts: string[]): Promise<{ log: string[]; ends: string[] }> {
  const app = await loadWatched(guest("vocabulary-programs").binary);
  const program = parts.join(" | ");
  const told = (await app.exports["execute"]?.(program)) as string;
  // What is said here by hand, the model must know as well.
  expect(modelVocabulary(program, told)).toBe(told);
  const lines = told.split("\n");
  const ends = lines.flatMap((line) => /^\d+ ended: (.*)/.exec(line)?.[1] ?? []);
  const end = lines.findIndex((line) => /^round|ended: /.test(line));
  return { log: lines.slice(0, end), ends };
}

describe("one program over several kinds", () => {
  test("a select that is given one thing leaves those that waited behind it elsewhere to go on", async () => {
    const { log, ends } = await run("0b 0b 1", "select acquire:3 receive:0", "acquire 1", "send 0, yield, look");
    expect(log).toEqual([
      "1 selects",
      "3 send 0",
      "2 acquire 1",
      "2 returns",
      "1 select acquire:3 receive:0: 1 3.0",
      "1 returns",
      "3 yield",
      "3 look: 0 of 0 open, 0 dropped; 0 of 0 open, 0 dropped; free; free; 0 permits, not set",
      "3 returns",
    ]);
    expect(ends).toEqual(["done ", "done ", "done "]);
  });

  test("a fiber that is cancelled while it waits for a condition owns the mutex in its cleanups", async () => {
    const { log, ends } = await run("0b 0b 0", "lock 0, defer unlock 0, wait 0", "cancel 1", "yield, lock 0, look");
    expect(log.slice(0, -1)).toEqual([
      "1 lock 0",
      "2 cancel 1",
      "2 returns",
      "3 yield",
      "1 unlock 0",
      "3 lock 0",
      "3 look: 0 of 0 open, 0 dropped; 0 of 0 open, 0 dropped; locked; free; 0 permits, not set",
    ]);
    expect(ends).toEqual(["cancelled E_CANCELLED: by 2", "done ", "done "]);
  });

  test("a lock that is held at the end goes to who waits, marked", async () => {
    const { log } = await run("0b 0b 0", "lock 0, yield, fail", "select lock:0 timeout:1, unlock 0, look");
    expect(log).toEqual([
      "1 lock 0",
      "2 selects",
      "1 yield",
      "2 select lock:0 timeout:1: 0",
      "2 unlock 0",
      "2 look: 0 of 0 open, 0 dropped; 0 of 0 open, 0 dropped; free, abandoned; free; 0 permits, not set",
      "2 returns",
    ]);
  });

  test("selects that need not wait let the others run now and then", async () => {
    const { log } = await run("0b 0b 0", "set, times 200 select event", "look");
    const until = log.findIndex((line) => line.startsWith("2 look"));
    expect(log.slice(0, until).filter((line) => line === "1 selects")).toHaveLength(129);
    expect(log.filter((line) => line === "1 select event: 0")).toHaveLength(200);
  });
});

describe("random programs do what the model does, and leave nothing behind", () => {
  test("turns of many switches", () => runInSuite(workloads.inTurns));
  test("turns of three switches", () => runInSuite(workloads.inSmallTurns));
  test("with a full collection at every switch", () => runInSuite(workloads.collectedAtEverySwitch));
  test("with a switch between any two steps of the collector", () => runInSuite(workloads.collectedInSmallSteps));
  test("in a debug build", () => runInSuite(workloads.inDebug));

  test("and a difference is told with the shortest program that shows it", async () => {
    // A model that confuses which value is dropped.
    const model = (program: string, told: string) => modelVocabulary(program.replaceAll(/(\d)o/g, "$1n"), told);
    const error = (await workloads.compare(2000, 1, {}, model).catch((reason: unknown) => reason)) as Error;
    const [, program = ""] = /Counterexample: \["(.*)"\]/.exec(error.message) ?? [];
    const [shared = "", ...scripts] = program.split(" | ");
    expect(shared).toContain("1o");
    expect(scripts.join(", ").split(", ").length).toBeLessThan(8);
  });
});

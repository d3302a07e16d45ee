/** Plays scripts of test/guests/sync.ts: with long turns, and under two collectors at their worst. */
import type { App } from "as-fibers";
import { expect } from "vitest";
import { guest, type Variant } from "./guests.ts";
import { loadWatched, type WatchOptions } from "./watched.ts";

export interface Played {
  /** What was done, in order: the number of the script and the step, with what it gave. `waits`: it would have waited forever. */
  log: string;
  /** Code and message of those that have not returned, by their numbers, which also stand for their fibers' ids. */
  ends: Record<number, string>;
  /** What is still taken, or waits, when all have ended. */
  left: string;
}

/** What is expected: the log may be broken into lines. */
export function played(log: string, ends: Record<number, string> = {}, left = ""): Played {
  return { log: log.trim().replaceAll(/\s+/g, " "), ends, left };
}

/** Failures that the scripts do not ask for: those of cleanups. */
const unobserved: string[] = [];

/** @param choice what its top-level statements try; 0: nothing */
export function loadSync(variant: Variant = {}, options: WatchOptions = {}, choice = 0): Promise<App> {
  const onUnobserved = (error: Error) => unobserved.push(error.message);
  const imports = { app: { choice: () => choice } };
  return loadWatched(guest("sync", variant).binary, { ...options, onUnobserved, imports });
}

let apps: Promise<App[]> | undefined;

function loadAll(): Promise<App[]> {
  return Promise.all([
    loadSync(),
    // A switch between any two steps of the collector.
    loadSync({ label: "small-steps" }, { turnSwitches: 16 }),
    // A full collection at every switch.
    loadSync({ runtime: "minimal" }, { turnSwitches: 1, afterTurn: (app) => app.collect() }),
  ]);
}

/** Plays the scripts, of which each is a fiber's steps, with a semaphore of so many permits. All runs must say the same. */
export async function playWith(permits: number, ...scripts: string[]): Promise<Played> {
  apps ??= loadAll();
  const [said, ...others] = await Promise.all(
    (await apps).map(async (app) => parse(await app.exports["play"]?.([permits, ...scripts].join(" | ")))),
  );
  for (const other of others) expect(other).toEqual(said);
  expect(unobserved).toEqual([]);
  return said as Played;
}

/** Without permits. */
export const play = (...scripts: string[]): Promise<Played> => playWith(0, ...scripts);

function parse(said: unknown): Played {
  const [first = "", ...lines] = String(said).split("\n");
  const own = (id: string) => `fiber ${Number(id) - Number(first) + 1}`;
  const [log = "", ends = "", left = ""] = lines.join("\n").split("\n\n");
  const numbered = ends
    .split("\n")
    .map((end, i) => [i + 1, end.replaceAll(/\bfiber (\d+)/g, (_, id: string) => own(id))]);
  return {
    log: log.replaceAll("\n", ", "),
    ends: Object.fromEntries(numbered.filter(([, end]) => end !== "done")) as Record<number, string>,
    left,
  };
}

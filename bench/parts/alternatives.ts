/** What else there is: threads for what computes, async functions, JSPI and threads for what waits, and what a process takes to begin. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { checkEqual, CheckError } from "../check.ts";
import { contest, type Timing } from "../contest.ts";
import { formatCount, formatNumber } from "../format.ts";
import { compileModule, Guest, guestSource } from "../guest.ts";
import type { Part } from "../part.ts";
import { median } from "../statistics.ts";
import type { Table } from "../table.ts";

const STEPS = 200_000;
const WAIT_MS = 2_000;
const ROUNDS = 5;

/** Waits at once. JSPI needs a newer Node, which scripts/node-versions.mjs fetches: 24 has it behind a flag. */
const WAYS: Way[] = [
  { name: "as-fibers: sleep", kind: "fibers", counts: [10_000, 100_000, 1_000_000] },
  { name: "async functions: await", kind: "await", counts: [10_000, 100_000, 1_000_000] },
  { name: "JSPI, Node 24", kind: "jspi", counts: [10_000, 100_000], major: 24, flags: ["--experimental-wasm-jspi"] },
  { name: "JSPI, Node 26", kind: "jspi", counts: [10_000, 100_000], major: 26 },
  { name: "threads", kind: "threads", counts: [100] },
];

interface Way {
  name: string;
  /** For bench/peers/waits.mjs. */
  kind: "fibers" | "await" | "jspi" | "threads";
  counts: number[];
  /** Another version of Node. */
  major?: number;
  flags?: string[];
}

interface Waits {
  name: string;
  count: number;
  /** How much later than the wait itself the last one has ended; null: the process has not survived. */
  lateMs: number | null;
  bytes: number;
}

export const part: Part = {
  name: "alternatives",
  title: "Other ways to do many things at once",
  async run() {
    const fibers = (await compileModule(guestSource("alternatives"))).file;
    const plain = (await compileModule("bench/plain/alternatives.ts", { fibers: false })).file;
    const heavy = await computeTwice(fibers, plain);
    const waits = WAYS.filter((way) => existsSync(nodeOf(way))).flatMap((way) =>
      way.counts.map((count) => waitAtOnce(way, count, way.kind === "jspi" ? plain : fibers)),
    );
    const starts = startUp(fibers, plain);
    return {
      tables: [heavyTable(heavy), waitsTable(waits), startTable(starts)],
      claims: [],
      data: { heavy, waits, starts },
    };
  },
};

/** The same computation twice: one after the other, in two fibers, in two threads that stand ready. */
async function computeTwice(fibers: string, plain: string): Promise<Record<"plain" | "fibers" | "threads", Timing>> {
  const module = await WebAssembly.compile(readFileSync(plain));
  const imports = { alternatives: { wait() {} }, env: { abort() {} } };
  const work = (await WebAssembly.instantiate(module, imports)).exports["work"] as (steps: number) => number;
  const guest = await Guest.load(fibers);
  const workers = [0, 1].map(() => new Worker("./bench/peers/heavy.mjs", { workerData: module }));
  const inThread = async (worker: Worker): Promise<number> => {
    worker.postMessage(STEPS);
    return ((await once(worker, "message")) as [number])[0];
  };
  const inThreads = async () => (await Promise.all(workers.map(inThread))).reduce((sum, one) => sum + one);
  const inFibers = async () => Number(await guest.app.exports["computeTwice"]?.(STEPS));
  const expected = 2 * work(STEPS);
  const timed = (run: () => Promise<number> | number) => ({
    async run() {
      const begin = performance.now();
      checkEqual("energies", await run(), expected);
      return (performance.now() - begin) * 1e6;
    },
  });
  const timings = await contest(
    { plain: timed(() => work(STEPS) + work(STEPS)), fibers: timed(inFibers), threads: timed(inThreads) },
    { rounds: ROUNDS },
  );
  guest.close();
  await Promise.all(workers.map((worker) => worker.terminate()));
  return timings;
}

function nodeOf({ major }: Way): string {
  return major ? `.cache/node/${major}/package/bin/node` : process.execPath;
}

function waitAtOnce(way: Way, count: number, file: string): Waits {
  const { name, kind, flags = [] } = way;
  const words = ["--expose-gc", ...flags, "bench/peers/waits.mjs", kind, String(count), String(WAIT_MS), file];
  const { status, stdout } = spawnSync(nodeOf(way), words, { encoding: "utf8" });
  if (status !== 0) return { name, count, lateMs: null, bytes: 0 };
  const { ended, milliseconds, bytes } = JSON.parse(stdout) as { ended: number; milliseconds: number; bytes: number };
  checkEqual(`${name}: waits that have ended`, ended, count);
  return { name, count, lateMs: milliseconds - WAIT_MS, bytes };
}

/** Milliseconds from the start of a process to its first result, in a process that does nothing else. */
function startUp(fibers: string, plain: string): Record<"nothing" | "plain" | "fibers", number> {
  const measure = (script: string) => median(Array.from({ length: 2 * ROUNDS + 1 }, () => timeProcess(script)));
  return {
    nothing: measure(""),
    plain: measure(`
      import { readFileSync } from "node:fs";
      const imports = { alternatives: { wait() {} }, env: { abort() {} } };
      const { instance } = await WebAssembly.instantiate(readFileSync("${plain}"), imports);
      instance.exports.work(1);`),
    fibers: measure(`
      import { load } from "as-fibers";
      const app = await load("${fibers}");
      await app.exports.computeTwice(1);`),
  };
}

function timeProcess(script: string): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
  });
  if (status !== 0) throw new CheckError(stderr);
  return performance.now() - begin;
}

function heavyTable({ plain, fibers, threads }: Record<"plain" | "fibers" | "threads", Timing>): Table {
  const row = (name: string, timing: Timing) => [name, formatNumber(timing.median / 1e6, "ms")];
  return {
    caption: `Two computations (nbody, ${formatCount(STEPS)} steps each), ms for both`,
    headers: ["how", "ms"],
    rows: [
      row("plain Wasm, one after the other", plain),
      row("as-fibers, two fibers", fibers),
      row("two worker threads that stand ready", threads),
    ],
    notes: ["Fibers share one core. Threads need another one that is free."],
  };
}

function waitsTable(waits: Waits[]): Table {
  const isComplete = WAYS.every((way) => waits.some(({ name }) => name === way.name));
  const lacks = isComplete ? [] : ["JSPI needs a newer Node: `node scripts/node-versions.mjs 24 26` fetches both."];
  return {
    caption: `Waits of ${formatCount(WAIT_MS)} ms at once, each way in a process of its own`,
    headers: ["how", "at once", "last one late by, ms", "resident bytes each"],
    rows: waits.map(({ name, count, lateMs, bytes }) => {
      const figures = lateMs === null ? ["aborted", "-"] : [formatNumber(lateMs, "ms"), formatNumber(bytes, "bytes")];
      return [name, formatCount(count), ...figures];
    }),
    notes: ["Starting them is part of it. Aborted: V8 has ended the process.", ...lacks],
  };
}

function startTable({ nothing, plain, fibers }: Record<"nothing" | "plain" | "fibers", number>): Table {
  const row = (name: string, ms: number) => [name, formatNumber(ms, "ms"), formatNumber(ms - nothing, "ms")];
  return {
    caption: "From the start of a process to its first result, ms",
    headers: ["what", "in all", "over nothing"],
    rows: [row("node, nothing else", nothing), row("plain Wasm", plain), row("as-fibers", fibers)],
  };
}

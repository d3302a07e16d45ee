/**
 * What it costs to call a program from JavaScript, and to have it wait for JavaScript's promises.
 *
 * JSPI is measured in a process of its own, `bench.js --jspi`, by a Node that has it, with as-fibers and await beside it.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { App } from "as-fibers";
import { checkEqual, CheckError } from "../check.ts";
import { atMost } from "../claim.ts";
import { nowNs } from "../clock.ts";
import { contest, type Contestant } from "../contest.ts";
import { formatNumber } from "../format.ts";
import { compileModule, guestSource } from "../guest.ts";
import type { Part } from "../part.ts";
import { hasJspi, openJspi } from "../peers/jspi.ts";
import type { Table } from "../table.ts";

/** The argument that makes the bundled benchmark such a process. */
export const JSPI_ARGUMENT = "--jspi";

/** A Node that has JSPI: this one, or what scripts/node-versions.mjs has fetched. */
const JSPI_NODE = hasJspi ? process.execPath : path.resolve(".cache/node/24/package/bin/node");

const BUILT = ".cache/bench/bound/calls";
const CALLS_AT_ONCE = 1_000;
const BURSTS = 100;
const PROMISES = 100_000;
const FIBERS = [1, 100, 1_000] as const;

interface Exports {
  add(a: number, b: number): Promise<number>;
  awaitPromises(fibers: number, count: number): Promise<number>;
}

const promised = (value: number) => Promise.resolve(value);
const imports = { calls: { promised } } as unknown as WebAssembly.Imports;

export const part: Part = {
  name: "calls",
  title: "Calls from JavaScript, and its promises",
  async run() {
    const { file } = await compileModule("bench/plain/calls.ts", { fibers: false });
    build();
    const app = await open();
    const calls = await measureCalls(app.exports, file);
    const awaits = await contest(awaiters(app.exports), { rounds: 8 });
    await app.close();
    const jspi = measureJspi(file);
    const bare = awaits["await 100"].median;
    return {
      tables: [callTable(calls), promiseTable(awaits), ...jspiTables(jspi)],
      claims: [
        atMost("call of an export, over plain asc's", calls.fiber.median - calls.plain.median, 400, "ns"),
        atMost("host promise, 100 fibers", awaits["fibers 100"].median, 2 * bare + 300, "ns"),
      ],
      data: { calls, awaits, jspi },
    };
  },
};

/** As its users build it. */
function build(): void {
  const words = ["dist/command.js", "build", guestSource("calls"), "-o", BUILT];
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  if (status !== 0) throw new CheckError(`bench/guests/calls.ts cannot be built:\n${stderr}`);
}

async function open(): Promise<App<Exports>> {
  const bindings = (await import(pathToFileURL(`${path.resolve(BUILT)}.js`).href)) as {
    instantiate(options: { imports: WebAssembly.Imports }): Promise<App<Exports>>;
  };
  return bindings.instantiate({ imports });
}

async function measureCalls({ add }: Exports, plainFile: string) {
  const { instance } = await WebAssembly.instantiate(await readFile(plainFile), imports);
  const addPlainly = instance.exports["add"] as (a: number, b: number) => number;
  const addLater = async (a: number, b: number) => a + b;
  const inBursts = (called: Exports["add"]) => async () => {
    const begin = nowNs();
    let sum = 0;
    for (let burst = 0; burst < BURSTS; burst++) {
      const calls = [];
      for (let i = 0; i < CALLS_AT_ONCE; i++) calls.push(called(i, burst));
      for (const result of await Promise.all(calls)) sum += result;
    }
    return perCall(begin, sum);
  };
  const plain = () => {
    const begin = nowNs();
    let sum = 0;
    for (let burst = 0; burst < BURSTS; burst++) for (let i = 0; i < CALLS_AT_ONCE; i++) sum += addPlainly(i, burst);
    return perCall(begin, sum);
  };
  return contest({ fiber: { run: inBursts(add) }, plain: { run: plain }, await: { run: inBursts(addLater) } });
}

function perCall(begin: number, sum: number): number {
  const end = nowNs();
  checkEqual("sum of the results", sum, (BURSTS * CALLS_AT_ONCE * (CALLS_AT_ONCE + BURSTS - 2)) / 2);
  return (end - begin) / BURSTS / CALLS_AT_ONCE;
}

type Awaiters = `${"fibers" | "await"} ${(typeof FIBERS)[number]}`;

/** As fibers and as async functions, each number of them. */
function awaiters({ awaitPromises }: Exports): Record<Awaiters, Contestant> {
  const all = FIBERS.flatMap((count) => [
    [`fibers ${count}`, timeAwaits(count, (each) => awaitPromises(count, each))],
    [`await ${count}`, timeAwaits(count, (each) => inParallel(count, () => awaitAll(each)))],
  ]);
  return Object.fromEntries(all) as Record<Awaiters, Contestant>;
}

/** @param run has `count` of something await so many promises each; gives the sum of all answers */
function timeAwaits(count: number, run: (each: number) => Promise<number>): Contestant {
  const each = PROMISES / count;
  return {
    async run() {
      const begin = nowNs();
      const sum = await run(each);
      const end = nowNs();
      checkEqual("sum of the answers", sum, (PROMISES * (each - 1)) / 2);
      return (end - begin) / PROMISES;
    },
  };
}

async function inParallel(count: number, run: () => Promise<number>): Promise<number> {
  const sums = await Promise.all(Array.from({ length: count }, run));
  return sums.reduce((sum, one) => sum + one, 0);
}

async function awaitAll(count: number): Promise<number> {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += await promised(i);
  return sum;
}

interface JspiTimings {
  version: string;
  /** Nanoseconds per promise, by contestant. */
  medians: Record<"fibers" | "await" | "JSPI", number>;
}

/** Undefined: no Node has it. */
function measureJspi(plainFile: string): JspiTimings | undefined {
  if (!existsSync(JSPI_NODE)) return undefined;
  const words = ["--expose-gc", "--experimental-wasm-jspi", process.argv[1] as string, JSPI_ARGUMENT, plainFile];
  const { status, stdout, stderr } = spawnSync(JSPI_NODE, words, { encoding: "utf8" });
  if (status !== 0) throw new CheckError(`the process that measures JSPI failed:\n${stderr}`);
  return JSON.parse(stdout) as JspiTimings;
}

/** Runs in such a process: prints the medians as JSON. */
export async function runJspiChild([plainFile]: string[]): Promise<void> {
  const app = await open();
  const { awaitPromises } = app.exports;
  const waiting = await openJspi(plainFile as string, promised);
  const count = 100;
  const timings = await contest({
    fibers: timeAwaits(count, (each) => awaitPromises(count, each)),
    await: timeAwaits(count, (each) => inParallel(count, () => awaitAll(each))),
    JSPI: timeAwaits(count, (each) => inParallel(count, () => waiting(each))),
  });
  const medians = Object.fromEntries(Object.entries(timings).map(([name, { median }]) => [name, median]));
  process.stdout.write(JSON.stringify({ version: process.version, medians }));
  await app.close();
}

function callTable(calls: Awaited<ReturnType<typeof measureCalls>>): Table {
  return {
    caption: `ns per call of add(a, b), ${CALLS_AT_ONCE.toLocaleString("en-US")} at once`,
    headers: ["what", "ns"],
    rows: [
      ["as-fibers: an export, by Promise.all", formatNumber(calls.fiber.median, "ns")],
      ["an async function of JavaScript, by Promise.all", formatNumber(calls.await.median, "ns")],
      ["an export of plain asc, which is no promise", formatNumber(calls.plain.median, "ns")],
    ],
  };
}

function promiseTable(awaits: Record<Awaiters, { median: number }>): Table {
  return {
    caption: "ns per promise that is fulfilled already, each awaited by one of so many",
    headers: ["at once", "as-fibers: @suspends import", "await in JavaScript"],
    rows: FIBERS.map((count) => [
      count.toLocaleString("en-US"),
      formatNumber(awaits[`fibers ${count}`].median, "ns"),
      formatNumber(awaits[`await ${count}`].median, "ns"),
    ]),
    notes: [
      "Fibers go on in the next turn, which leaves Node's event loop its share: a fiber that is alone pays for a round of that loop each time.",
    ],
  };
}

function jspiTables(jspi: JspiTimings | undefined): Table[] {
  const caption = "The same by JSPI, 100 at once, ns per promise";
  const headers = ["what", "ns", "as-fibers to it"];
  if (!jspi) {
    const note = `Not measured: Node ${process.version} has no JSPI. "node scripts/node-versions.mjs 24" fetches one that has it.`;
    return [{ caption, headers, rows: [], notes: [note] }];
  }
  const { version, medians } = jspi;
  const row = (what: string, median: number) => [
    what,
    formatNumber(median, "ns"),
    (medians.fibers / median).toFixed(2),
  ];
  return [
    {
      caption: `${caption}, in Node ${version}`,
      headers,
      rows: [row("as-fibers", medians.fibers), row("JSPI", medians.JSPI), row("await", medians.await)],
    },
  ];
}

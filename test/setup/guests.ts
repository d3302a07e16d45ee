/** The guest programs of the tests: compiled once, before all tests, and read from the cache by each. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Compiled, CompileOptions } from "as-fibers/compiler";

const root = fileURLToPath(new URL("../..", import.meta.url));
export const cacheDir = path.join(root, ".cache/guests");

export interface Guest {
  binary: Uint8Array;
  sourceMap: string;
  /** The module's file; its source map lies beside it. */
  file: string;
}

export interface Variant {
  target?: NonNullable<CompileOptions["target"]>;
  runtime?: NonNullable<CompileOptions["runtime"]>;
  host?: NonNullable<CompileOptions["host"]>;
  /** Names a variant that has flags for asc. */
  label?: string;
}

type FlaggedVariant = Variant & { flags?: string[] };

/**
 * Makes the incremental collector take the smallest steps that it can, one at every allocation: so there is a switch between any two of
 * its steps. Otherwise one step does the whole heap of a test.
 */
export const smallSteps = ["GRANULARITY=64", "IDLEFACTOR=100", "MARKCOST=128", "SWEEPCOST=64"].flatMap((setting) => [
  "--use",
  `ASC_GC_${setting}`,
]);

/** What is compiled besides release and incremental, by the name of the guest. */
export const variants: Record<string, FlaggedVariant[]> = {
  "host-failures": [{ target: "debug" }, { target: "debug", runtime: "minimal" }, { target: "debug", runtime: "stub" }],
  "host-life": [{ target: "debug" }],
  "host-memory": [
    { label: "small-memory", flags: ["--maximumMemory", "48"] },
    { label: "small-memory", target: "debug", flags: ["--maximumMemory", "48"] },
  ],
  "host-start": [{ target: "debug" }],
  channel: [
    { runtime: "minimal" },
    { label: "small-steps", flags: smallSteps },
    { label: "small-memory", flags: ["--maximumMemory", "48"] },
  ],
  "channel-programs": [{ runtime: "minimal" }, { target: "debug" }, { label: "small-steps", flags: smallSteps }],
  collector: [{ runtime: "minimal" }, { label: "small-steps", flags: smallSteps }],
  context: [{ target: "debug" }],
  exhaustion: [{ label: "small-shadow-stack", flags: ["--stackSize", "8192"] }],
  "news-memory": [{ runtime: "minimal" }, { label: "small-steps", flags: smallSteps }],
  programs: [
    { runtime: "minimal" },
    { runtime: "stub" },
    { target: "debug" },
    { label: "small-steps", flags: smallSteps },
  ],
  "vocabulary-programs": [{ target: "debug" }, { label: "small-steps", flags: smallSteps }],
  scheduler: [{ target: "debug" }],
  scope: [{ runtime: "minimal" }],
  select: [{ runtime: "minimal" }, { label: "small-steps", flags: smallSteps }],
  reports: [{ target: "debug" }],
  standstill: [{ target: "debug" }],
  sync: [{ runtime: "minimal" }, { label: "small-steps", flags: smallSteps }],
};

/** Programs for a WASI host, of test/guests/wasi/, that several test files run; the others are compiled by the only one that does. */
const wasiPrograms = ["wasi/driver"];

function nameOf(program: string, { target = "release", runtime = "incremental", label }: Variant): string {
  return path.join(cacheDir, `${[program.replace("/", "-"), target, runtime, label].filter(Boolean).join(".")}.wasm`);
}

/** A guest that globalSetup has compiled: `test/guests/<name>.ts`. */
export function guest(name: string, variant: Variant = {}): Guest {
  const file = nameOf(name, variant);
  if (!existsSync(file)) throw new Error(`${file} was not compiled: add the variant to test/setup/guests.ts`);
  return { binary: readFileSync(file), sourceMap: readFileSync(`${file}.map`, "utf8"), file };
}

interface Job {
  source: string;
  file: string;
  key: string;
  options: CompileOptions;
}

/** Compiles all guests in all variants, except those that are in the cache and made of what they would be made of now. */
export async function compileGuests(): Promise<void> {
  const names = readdirSync(path.join(root, "test/guests")).filter((file) => file.endsWith(".ts"));
  const jobs = names
    .map((file) => file.slice(0, -3))
    .flatMap((name) => [{}, ...(variants[name] ?? [])].map((variant) => makeJob(name, variant)))
    .concat(wasiPrograms.map((name) => makeJob(name, { host: "wasi" })))
    .filter(({ file, key }) => !existsSync(`${file}.key`) || readFileSync(`${file}.key`, "utf8") !== key);
  mkdirSync(cacheDir, { recursive: true });
  const threads = Array.from({ length: Math.min(availableParallelism(), jobs.length, 4) }, () => work(jobs));
  await Promise.all(threads);
}

/** What is about the switch itself, or the collector, is optimized as programs are. The others, and variants, not at all: it takes a fifth of the time. */
const OPTIMIZED =
  /^(channel-programs|collector|context|exhaustion|host-failures|programs|scheduler|traps|vocabulary-programs)$/;

function makeJob(name: string, variant: FlaggedVariant): Job {
  const { target = "release", runtime = "incremental", host = "javascript" } = variant;
  const isLess =
    target === "release" && !(OPTIMIZED.test(name) && runtime === "incremental" && variant.label !== "small-steps");
  const flags = [...(isLess ? ["--optimizeLevel", "0"] : []), ...(variant.flags ?? [])];
  const source = path.join(root, "test/guests", `${name}.ts`);
  // Those of a WASI host are made of other guests, the lessons of examples.
  const others = host === "wasi" ? "test/guests" : name === "lessons" ? "examples/lessons" : null;
  const parts = [source, ...(others === null ? [] : filesIn(others))];
  const key = checksum([...parts, ...libraryFiles()], JSON.stringify({ ...variant, flags }));
  return { source, file: nameOf(name, variant), key, options: { target, runtime, host, flags } };
}

/** Takes jobs until none is left, in a thread of its own. */
async function work(jobs: Job[]): Promise<void> {
  const worker = new Worker(path.join(root, "test/setup/compile-worker.mjs"));
  try {
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      const { source, file, key, options } = job;
      worker.postMessage({ source, options });
      const [{ compiled, failure }] = (await once(worker, "message")) as [{ compiled: Compiled; failure?: string }];
      if (failure !== undefined) throw new Error(failure);
      rmSync(`${file}.key`, { force: true });
      writeFileSync(`${file}.map`, compiled.sourceMap);
      writeFileSync(`${file}.part`, compiled.binary);
      renameSync(`${file}.part`, file);
      writeFileSync(`${file}.key`, key);
    }
  } finally {
    await worker.terminate();
  }
}

let library: string[] | undefined;

/** What every guest depends on: compiler and transform as built, the guest library, and the folders of the guests. */
function libraryFiles(): string[] {
  library ??= [
    ...bundleFiles("dist/compiler.js"),
    ...filesIn("assembly"),
    ...filesIn("test/guests").filter((file) => path.dirname(file) !== path.join(root, "test/guests")),
    path.join(root, "node_modules/assemblyscript/package.json"),
  ];
  return library;
}

/** A bundle and the chunks that it is made of. What else the build has made does not change a guest. */
function bundleFiles(bundle: string): string[] {
  const found = new Set<string>();
  const add = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    for (const [, chunk = ""] of readFileSync(file, "utf8").matchAll(/(?:from|import) ?"(\.\/[^"]+\.js)"/g)) {
      add(path.join(path.dirname(file), chunk));
    }
  };
  add(path.join(root, bundle));
  return [...found].toSorted();
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return files.toSorted();
}

function checksum(files: string[], options: string): string {
  const hash = createHash("sha256").update(options);
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(file));
  return hash.digest("hex");
}

/** Compiles AssemblyScript in memory: asc with the transform, for `as-fibers run`, the demos, tests and benchmarks. */
import { createRequire } from "node:module";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { createMemoryStream, main } from "assemblyscript/asc";
import { FibersError } from "./errors.ts";
import FibersTransform from "./transform/index.ts";
import { wasiTransform } from "./transform/wasi.ts";

export interface CompileOptions {
  /** Optimized or not; "release" by default. */
  target?: "debug" | "release";
  /** Who runs it: JavaScript, by `load`, the default; or a WASI host, by `_start`. */
  host?: "javascript" | "wasi";
  /** For a WASI host: the most bytes that one fiber may save when it waits. JavaScript says so when it loads. */
  stackLimit?: number;
  runtime?: "incremental" | "minimal" | "stub";
  /** Options for asc, as on its command line. */
  flags?: string[];
  /** False: plain asc, without the transform. For comparing. */
  fibers?: boolean;
}

export interface Compiled {
  binary: Uint8Array;
  /** The source map's text; empty when it was built for a WASI host. */
  sourceMap: string;
  /** What asc and the transform have printed. */
  report: string;
}

const TARGETS = { debug: ["--debug"], release: ["--optimizeLevel", "3", "--shrinkLevel", "0"] };

/**
 * Compiles one file with all that it imports.
 * @throws E_COMPILE with asc's report, which names file and line and shows the source
 */
export async function compile(file: string, options: CompileOptions = {}): Promise<Compiled> {
  const { target = "release", runtime = "incremental", flags = [], fibers = true, host = "javascript" } = options;
  const baseDir = path.dirname(path.resolve(file));
  const output = new Map<string, string | Uint8Array>();
  const stdout = createMemoryStream();
  const stderr = createMemoryStream();
  const argv = [path.basename(file), "--outFile", "module.wasm", "--runtime", runtime, "--baseDir", baseDir];
  // A WASI host reads no source map.
  if (host === "javascript") argv.push("--sourceMap");
  argv.push("--config", "none", ...TARGETS[target], ...(fibers ? ["--stackSize", "262144"] : []), ...flags);
  const { error } = await main(argv, {
    stdout,
    stderr,
    transforms: fibers ? [(host === "wasi" ? wasiTransform(options.stackLimit) : FibersTransform) as never] : [],
    readFile: (name, from) => readSource(path.resolve(from, name)),
    writeFile: (name, contents) => void output.set(name, contents),
    listFiles: (folder, from) => listSources(path.resolve(from, folder)),
  });
  const report = stderr.toString().trim();
  if (error) {
    // asc's report ends with the error's message, unless it failed before it could report.
    throw new FibersError("E_COMPILE", report.includes(error.message) ? report : `${report}\n${error.message}`.trim());
  }
  const binary = output.get("module.wasm");
  const sourceMap = output.get("module.wasm.map") ?? "";
  return { binary: binary as Uint8Array, sourceMap: String(sourceMap), report };
}

/** The sources in a folder that was given by `--lib`. */
async function listSources(folder: string): Promise<string[] | null> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));
  } catch {
    // asc says what it has not found there.
    return null;
  }
}

const packageRoot = path.dirname(createRequire(import.meta.url).resolve("as-fibers/package.json"));

/** Reads a source. The package "as-fibers" is this one, wherever the program lies. */
async function readSource(file: string): Promise<string | null> {
  const parts = file.split(path.sep).join("/").split("/node_modules/as-fibers/");
  const actual = parts.length > 1 ? path.join(packageRoot, parts.at(-1) ?? "") : file;
  try {
    return await readFile(actual, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EISDIR" || code === "ENOTDIR") return null;
    throw error;
  }
}

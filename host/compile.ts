/** Compiles AssemblyScript in memory: asc with the transform, for `as-fibers run`, the demos, tests and benchmarks. */
import path from "node:path";
import { createMemoryStream, libraryFiles, main } from "assemblyscript/asc";
import { FibersError } from "./errors.ts";
import { diskFiles, type SourceFiles } from "./source-files.ts";
import { type Bindings, bindingsTransform } from "./transform/bindings.ts";
import FibersTransform from "./transform/index.ts";
import { wasiTransform } from "./transform/wasi.ts";

/** What `compile` takes. */
export interface CompileOptions {
  /** Optimized or not; "release" by default. */
  target?: "debug" | "release";
  /** Who runs it: JavaScript, by `load`, the default; or a WASI host, by `_start`. */
  host?: "javascript" | "wasi";
  /** For a WASI host: the most bytes that one fiber may save when it waits. JavaScript says so when it loads. */
  stackLimit?: number;
  /** Name of the module's file, which its source map is named after; "module" by default. */
  name?: string;
  /** How memory is managed: `incremental`, the default, collects as it goes; `minimal` collects between turns; `stub` frees nothing. */
  runtime?: "incremental" | "minimal" | "stub";
  /** Options for asc, as on its command line. */
  flags?: string[];
  /** Also what JavaScript needs to call it with values of all types: see `Compiled.bindings`. For the host "javascript". */
  bindings?: boolean;
  /** False: plain asc, without the transform. For comparing. */
  fibers?: boolean;
}

/** A compiled program. */
export interface Compiled {
  /** The module. */
  binary: Uint8Array;
  /** The source map's text; empty when it was built for a WASI host. */
  sourceMap: string;
  /** What asc and the transform have printed. */
  report: string;
  /** What the program exports and imports, and asc's text that lifts and lowers the values. */
  bindings?: Bindings & { javascript: string };
}

const TARGETS = { debug: ["--debug"], release: ["--optimizeLevel", "3", "--shrinkLevel", "0"] };

let last: Promise<unknown> = Promise.resolve();

/**
 * Compiles one file with all that it imports. One after the other: asc and Binaryen keep settings for the whole process.
 * @throws E_COMPILE with asc's report, which names file and line and shows the source
 */
export function compile(file: string, options: CompileOptions = {}, files: SourceFiles = diskFiles): Promise<Compiled> {
  const compiled = last.then(() => compileNow(file, options, files));
  last = compiled.catch(() => {});
  return compiled;
}

async function compileNow(file: string, options: CompileOptions, files: SourceFiles): Promise<Compiled> {
  const {
    target = "release",
    runtime = "incremental",
    flags = [],
    fibers = true,
    host = "javascript",
    name = "module",
  } = options;
  const baseDir = path.dirname(path.resolve(file));
  const output = new Map<string, string | Uint8Array>();
  const stdout = createMemoryStream();
  const stderr = createMemoryStream();
  const argv = [path.basename(file), "--outFile", `${name}.wasm`, "--runtime", runtime, "--baseDir", baseDir];
  // A WASI host reads no source map.
  if (host === "javascript") argv.push("--sourceMap");
  // 235 lists what cannot be exported: `bindings.skipped` has it, without what need not be.
  if (options.bindings) argv.push("--bindings", "raw", "--disableWarning", "235");
  argv.push("--config", "none", ...TARGETS[target], ...(fibers ? ["--stackSize", "262144"] : []), ...flags);
  const before = new Set(Object.keys(libraryFiles));
  let bindings: Bindings | undefined;
  const javascriptTransform = options.bindings ? bindingsTransform((found) => (bindings = found)) : FibersTransform;
  const { error } = await main(argv, {
    stdout,
    stderr,
    transforms: fibers ? [(host === "wasi" ? wasiTransform(options.stackLimit) : javascriptTransform) as never] : [],
    readFile: (source, from) => files.read(path.resolve(from, source)),
    writeFile: (written, contents) => void output.set(written, contents),
    listFiles: (folder, from) => files.list(path.resolve(from, folder)),
  });
  // asc keeps what `--lib` has named, for all that it compiles later in this process.
  for (const library of Object.keys(libraryFiles)) if (!before.has(library)) delete libraryFiles[library];
  const report = stderr.toString().trim();
  if (error) {
    // asc's report ends with the error's message, unless it failed before it could report.
    throw new FibersError("E_COMPILE", report.includes(error.message) ? report : `${report}\n${error.message}`.trim());
  }
  const binary = output.get(`${name}.wasm`);
  const sourceMap = output.get(`${name}.wasm.map`) ?? "";
  const compiled = { binary: binary as Uint8Array, sourceMap: String(sourceMap), report };
  if (!bindings) return compiled;
  return { ...compiled, bindings: { ...(bindings as Bindings), javascript: String(output.get(`${name}.js`)) } };
}

/** `load`: from a module's bytes to a running instance whose exports are async functions. */
import { readFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { App, type LeakPolicy } from "./app.ts";
import type { Driver } from "./driver.ts";
import { nodeDriver } from "./drivers/node.ts";
import { redZoneBytes } from "./engine-stack.ts";
import { FiberError, FibersError } from "./errors.ts";
import type { Connect } from "./imports.ts";
import { checkPlaces, type ListenPlace } from "./listeners.ts";
import { readSection, type SectionContent } from "./section.ts";

/** A file's URL or path, the module's bytes, or the module. */
export type ModuleSource = URL | string | Uint8Array | ArrayBuffer | WebAssembly.Module;

/** Who serves the WASI calls of a program: what `createWasi` gives, or an instance of `WASI` of `node:wasi`. */
export interface WasiHost {
  /** What the program imports of WASI, by module and name. */
  getImportObject(): object;
  /** Called once, with the new instance, before anything of it runs. */
  initialize(instance: WebAssembly.Instance): void;
}

/** What `load` takes, and `instantiate` of a program that was built with bindings. */
export interface LoadOptions {
  /** What the program imports beside what as-fibers gives it, by module and name. */
  imports?: WebAssembly.Imports;
  /** Serves what the program, or a library of it, calls of WASI. Calls that wait, for a clock, standard input or a socket, park the fiber instead. */
  wasi?: WasiHost;
  /**
   * Sockets that listen before the program starts, for `sock_accept` of WASI: its descriptors 3, 4 …, or those that are given, in place of
   * the WASI host's. A number is a port on 127.0.0.1. See `App.ports`.
   */
  listen?: ListenPlace[];
  /** Who serves the program; `nodeDriver()` by default. One driver serves one instance. */
  driver?: Driver;
  /** The most bytes of frames that one fiber may save when it suspends; 256 KiB by default. */
  stackLimit?: number;
  /** The source map's text, for modules that are loaded from bytes. Beside a file, it is found. */
  sourceMap?: string;
  /** Told about failures that nobody looked at, and what `leaks` warns of; by default they are written to standard error. */
  onUnobserved?: (error: Error) => void;
  /**
   * What is done about fibers that have not ended when the instance is closed although no call is pending, and about scopes that nobody has
   * waited for: "ignore", the default; "warn", by `onUnobserved`, with E_LEAK and E_SCOPE_LEFT; or "error": `close` rejects with E_LEAK,
   * also for failures that nobody looked at.
   */
  leaks?: LeakPolicy;
}

const DEFAULT_STACK_LIMIT = 256 * 1024;

/**
 * Loads a module that was built with as-fibers, and runs its top-level statements.
 * @throws E_NOT_AS_FIBERS, E_ABI_MISMATCH (not built with this), E_INVALID_OPTION, E_MISSING_IMPORT; what the system says when it cannot listen; and what a top-level statement throws
 */
export async function load(source: ModuleSource, options: LoadOptions = {}): Promise<App> {
  checkOptions(options);
  return open(source, await compile(source), options);
}

/** The same, for a module that is compiled already. `connect` is what the compiler has written for it to lift and lower. */
export async function open(
  source: ModuleSource,
  module: WebAssembly.Module,
  options: LoadOptions,
  connect?: Connect,
): Promise<App> {
  const stackLimit = checkOptions(options);
  const section = readSection(module);
  const app = new App({
    module,
    section,
    driver: options.driver ?? nodeDriver(),
    listen: checkPlaces(options.listen ?? []),
    imports: { ...(options.wasi?.getImportObject() as WebAssembly.Imports | undefined), ...options.imports },
    connect,
    onInstance: (instance) => options.wasi?.initialize(instance),
    readSourceMap: () => options.sourceMap ?? readSourceMapBeside(source, section),
    onUnobserved: options.onUnobserved ?? writeUnobserved,
    leaks: options.leaks ?? "ignore",
  });
  await app.start(stackLimit, redZoneBytes());
  return app;
}

function writeUnobserved(error: Error): void {
  const text =
    error instanceof FiberError ? `nobody looked at this failure:\n${error.stack}` : `${error.name}: ${error.message}`;
  process.stderr.write(`as-fibers: ${text}\n`);
}

const KNOWN_OPTIONS = new Set([
  "imports",
  "wasi",
  "listen",
  "driver",
  "stackLimit",
  "sourceMap",
  "onUnobserved",
  "leaks",
]);
const LEAK_POLICIES: readonly unknown[] = ["ignore", "warn", "error"];

function checkOptions(options: LoadOptions): number {
  for (const name of Object.keys(options)) {
    if (KNOWN_OPTIONS.has(name)) continue;
    throw new FibersError(
      "E_INVALID_OPTION",
      `load has no option ${JSON.stringify(name)}; it knows ${[...KNOWN_OPTIONS].join(", ")}`,
    );
  }
  const { stackLimit = DEFAULT_STACK_LIMIT, leaks = "ignore" } = options;
  if (!LEAK_POLICIES.includes(leaks)) {
    throw new FibersError("E_INVALID_OPTION", `leaks is one of ${LEAK_POLICIES.join(", ")}, and got ${String(leaks)}`);
  }
  if (!Number.isInteger(stackLimit) || stackLimit < 64 || stackLimit > 2 ** 30) {
    throw new FibersError(
      "E_INVALID_OPTION",
      `stackLimit is a number of bytes from 64 to 2^30, and got ${String(stackLimit)}`,
    );
  }
  return stackLimit;
}

/** The module of a source. @throws E_NO_MODULE, E_NOT_AS_FIBERS */
export async function compile(source: ModuleSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const bytes = source instanceof Uint8Array || source instanceof ArrayBuffer ? source : await readSource(source);
  try {
    return await WebAssembly.compile(bytes as BufferSource);
  } catch (error) {
    throw new FibersError("E_NOT_AS_FIBERS", `this is not a WebAssembly module: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function readSource(source: URL | string): Promise<Uint8Array> {
  try {
    return await readFile(source);
  } catch (error) {
    throw new FibersError("E_NO_MODULE", `cannot read the module ${String(source)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function readSourceMapBeside(source: ModuleSource, { sourceMap }: SectionContent): string | null {
  if (!sourceMap || !(source instanceof URL || typeof source === "string")) return null;
  const path = source instanceof URL ? fileURLToPath(source) : source;
  try {
    return readFileSync(path.replace(/[^/\\]*$/, "") + sourceMap.replace(/^\.\//, ""), "utf8");
  } catch {
    // A source map is a convenience: without it, errors say "unknown" for the line.
    return null;
  }
}

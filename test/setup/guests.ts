/** The guest programs of the tests: compiled once, before all tests, and read from the cache by each. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { compile, type CompileOptions } from "as-fibers/compiler";

const root = fileURLToPath(new URL("../..", import.meta.url));
export const cacheDir = path.join(root, ".cache/guests");

export interface Guest {
  binary: Uint8Array;
  sourceMap: string;
  /** The module's file; its source map lies beside it. */
  file: string;
}

type Target = NonNullable<CompileOptions["target"]>;
type Runtime = NonNullable<CompileOptions["runtime"]>;

/** What is compiled besides release and incremental, by the name of the guest. */
export const variants: Record<string, { target?: Target; runtime?: Runtime; flags?: string[] }[]> = {};

function nameOf(guest: string, target: Target, runtime: Runtime): string {
  return path.join(cacheDir, `${guest}.${target}.${runtime}.wasm`);
}

/** A guest that globalSetup has compiled: `test/guests/<name>.ts`. */
export function guest(
  name: string,
  { target = "release", runtime = "incremental" }: { target?: Target; runtime?: Runtime } = {},
): Guest {
  const file = nameOf(name, target, runtime);
  if (!existsSync(file)) throw new Error(`${file} was not compiled: add the variant to test/setup/guests.ts`);
  return { binary: readFileSync(file), sourceMap: readFileSync(`${file}.map`, "utf8"), file };
}

/** Compiles one variant into the cache. */
export async function compileGuest(
  name: string,
  {
    target = "release",
    runtime = "incremental",
    flags = [],
  }: { target?: Target; runtime?: Runtime; flags?: string[] } = {},
): Promise<void> {
  const compiled = await compile(path.join(root, "test/guests", `${name}.ts`), { target, runtime, flags });
  const file = nameOf(name, target, runtime);
  mkdirSync(cacheDir, { recursive: true });
  writeFileSync(`${file}.map`, compiled.sourceMap);
  writeFileSync(`${file}.part`, compiled.binary);
  renameSync(`${file}.part`, file);
}

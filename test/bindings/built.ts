/** Programs that were built by `as-fibers build`, in .cache/bindings, as their users import them. */
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { App, LoadOptions } from "as-fibers";
import { compile, type CompileOptions } from "as-fibers/compiler";
import { writeBindings } from "../../host/command/bindings-files.ts";
import { asFibers } from "../setup/command.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A function of a program, when its types are of no interest. */
export type AnyFunction = (...values: unknown[]) => Promise<unknown>;

/** What the .js file exports. */
export interface BuiltModule {
  instantiate(options?: LoadOptions): Promise<App<Record<string, AnyFunction>>>;
  [name: string]: unknown;
}

export interface BuiltProgram {
  /** Where the files are, without ending. */
  base: string;
  /** What the command has printed on standard error. */
  report: string;
  /** Imports the .js file. */
  open(): Promise<BuiltModule>;
}

/** Builds test/guests/bindings/<name>.ts, without optimizing: that is asc's, and takes most of the time. */
export async function build(name: string, words: string[] = [], label = name): Promise<BuiltProgram> {
  const base = path.join(root, ".cache/bindings", label);
  const { code, stderr } = await asFibers([
    "build",
    `test/guests/bindings/${name}.ts`,
    "-o",
    base,
    "--debug",
    ...words,
  ]);
  if (code !== 0) throw new Error(stderr);
  return { base, report: stderr, open: () => importFile(`${base}.js`) };
}

/** The same without the command, which is tested elsewhere: in this process, where the compiler may be warm. */
export async function buildHere(
  source: string,
  base: string,
  { imports, flags = [] }: Pick<CompileOptions, "flags"> & { imports?: string | undefined } = {},
): Promise<BuiltProgram> {
  const compiled = await compile(source, { bindings: true, name: path.basename(base), target: "debug", flags });
  await writeBindings(compiled, { source, base, imports });
  return { base, report: compiled.report, open: () => importFile(`${base}.js`) };
}

/** The same of test/guests/bindings/<name>.ts, without a value for its imports. */
export function buildGuest(name: string): Promise<BuiltProgram> {
  return buildHere(`test/guests/bindings/${name}.ts`, path.join(root, ".cache/bindings", name));
}

/** Imports a file as Node does. */
export function importFile(file: string): Promise<BuiltModule> {
  return import(/* @vite-ignore */ pathToFileURL(file).href) as Promise<BuiltModule>;
}

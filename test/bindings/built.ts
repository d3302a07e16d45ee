/** Programs that were built by `as-fibers build`, in .cache/bindings, as their users import them. */
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { App, LoadOptions } from "as-fibers";
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

/** Imports a file as Node does. */
export function importFile(file: string): Promise<BuiltModule> {
  return import(/* @vite-ignore */ pathToFileURL(file).href) as Promise<BuiltModule>;
}

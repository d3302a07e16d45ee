/** Compiles a program for the command: warnings go to standard error. */
import path from "node:path";
import { isatty } from "node:tty";
import type { CompileOptions, Compiled } from "../compile.ts";
import { FibersError } from "../errors.ts";
import type { SourceFiles } from "../source-files.ts";
import { inBaseline } from "./baseline.ts";
import { compileOnce, type Reads } from "./build-cache.ts";
import type { Palette } from "./palette.ts";
import { reportMessages } from "./report.ts";

/**
 * Compiles a program.
 * @param onReads told what was read for it, also when it does not compile
 * @throws E_COMPILE; E_NO_COMPILER when the compiler is not installed
 */
export async function compileProgram(
  file: string,
  options: CompileOptions,
  colours: Palette,
  onReads?: (reads: Reads) => void,
): Promise<Compiled> {
  const compileNow = (files: SourceFiles) =>
    inBaseline(async () => {
      const { compile } = await importCompiler();
      return compile(file, options, files);
    });
  const withProgress = (files: SourceFiles) => showing(`compiling ${file} …`, () => compileNow(files));
  const compiled = await compileOnce(file, options, withProgress, onReads);
  // Warnings are for the author; how much the transform has added is not what somebody who runs a program asks.
  const warnings = compiled.report.replace(/^as-fibers: \d+ of .*$/gm, "").trim();
  const sourceFolder = path.dirname(path.resolve(file));
  if (warnings) process.stderr.write(`${reportMessages(warnings, { colours, sourceFolder })}\n`);
  return compiled;
}

/** The file descriptor; a thread's own stream does not know that it is a terminal. */
const STANDARD_ERROR = 2;

/** Shows a line on the terminal while something is done; nothing in a pipe. */
async function showing<Result>(line: string, action: () => Promise<Result>): Promise<Result> {
  if (!isatty(STANDARD_ERROR) || process.env["TERM"] === "dumb") return action();
  process.stderr.write(line);
  return action().finally(() => process.stderr.write("\r\u001b[K"));
}

async function importCompiler(): Promise<typeof import("../compile.ts")> {
  try {
    return await import("../compile.ts");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new FibersError(
      "E_NO_COMPILER",
      "the AssemblyScript compiler is not installed: npm install --save-dev assemblyscript",
      { cause: error },
    );
  }
}

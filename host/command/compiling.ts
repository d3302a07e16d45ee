/** Compiles a program for the command: warnings go to standard error. */
import path from "node:path";
import type { CompileOptions, Compiled } from "../compile.ts";
import { FibersError } from "../errors.ts";
import { inBaseline } from "./baseline.ts";
import { compileOnce } from "./build-cache.ts";
import type { Palette } from "./palette.ts";
import { reportMessages } from "./report.ts";

/** Compiles a program. @throws E_COMPILE; E_NO_COMPILER when the compiler is not installed */
export async function compileProgram(file: string, options: CompileOptions, colours: Palette): Promise<Compiled> {
  const compiled = await compileOnce(file, options, (files) =>
    inBaseline(async () => {
      const { compile } = await importCompiler();
      return compile(file, options, files);
    }),
  );
  // Warnings are for the author; how much the transform has added is not what somebody who runs a program asks.
  const warnings = compiled.report.replace(/^as-fibers: \d+ of .*$/gm, "").trim();
  const sourceFolder = path.dirname(path.resolve(file));
  if (warnings) process.stderr.write(`${reportMessages(warnings, { colours, sourceFolder })}\n`);
  return compiled;
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

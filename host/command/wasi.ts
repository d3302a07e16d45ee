/** Runs a program on target `wasi` here: in this thread, which it has to itself, on the WASI host of `as-fibers/wasi`. */
import path from "node:path";
import type { CompileOptions } from "../compile.ts";
import { FibersError } from "../errors.ts";
import { createWasi, type Wasi, type WasiOptions } from "../wasi/index.ts";
import { compileProgram } from "./compiling.ts";
import { ExitCode } from "./exit-code.ts";
import { palette, wantsColour } from "./palette.ts";
import { report } from "./report.ts";

export interface WasiProgramOptions extends Required<Pick<WasiOptions, "base" | "env" | "listen" | "preopens">> {
  file: string;
  /** What follows the name of the program on its command line. */
  words: string[];
  target: NonNullable<CompileOptions["target"]>;
  runtime: NonNullable<CompileOptions["runtime"]>;
  stackLimit: number | undefined;
}

/** Compiles the program and runs it; its exit code. */
export async function runOnWasi(options: WasiProgramOptions): Promise<number> {
  const { file, words, target, runtime, stackLimit, base, env, listen, preopens } = options;
  const colours = palette(wantsColour(process.stderr));
  const limit = stackLimit === undefined ? {} : { stackLimit };
  try {
    const { binary } = await compileProgram(file, { host: "wasi", target, runtime, ...limit }, colours);
    const args = [path.basename(file, ".ts"), ...words];
    const wasi = await withoutWarning(() => createWasi({ base, env, listen, preopens, args }));
    listen.forEach(({ host, port }, i) => {
      // The program cannot know it.
      if (!port) process.stderr.write(`as-fibers: listening on ${host}:${wasi.ports[i]}\n`);
    });
    return await start(binary, wasi);
  } catch (error) {
    process.stderr.write(report(error, { colours, sourceFolder: path.dirname(path.resolve(file)) }));
    return ExitCode.FAILED;
  }
}

/** Node warns of node:wasi, of whose functions hardly one is left here: on standard error, which is the program's. */
async function withoutWarning<Result>(action: () => Promise<Result>): Promise<Result> {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!String(warning).startsWith("WASI is an experimental feature")) emitWarning(warning, ...rest);
  }) as typeof emitWarning;
  try {
    return await action();
  } finally {
    process.emitWarning = emitWarning;
  }
}

async function start(binary: Uint8Array, wasi: Wasi): Promise<number> {
  try {
    const { instance } = await WebAssembly.instantiate(binary as BufferSource, wasi.getImportObject());
    return wasi.start(instance);
  } catch (error) {
    throw asTrap(error);
  } finally {
    wasi.close();
  }
}

/** A trap as an error with a code; everything else as it is. */
function asTrap(error: unknown): unknown {
  const isExhausted = error instanceof RangeError && /call stack/i.test(error.message);
  if (!isExhausted && !(error instanceof WebAssembly.RuntimeError)) return error;
  const frames = [...(error.stack ?? "").matchAll(/^ +at .*wasm.*$/gm)].map(([line]) => line.trim());
  const message = [`${error.message}: on target wasi a trap ends the program`, ...frames.slice(0, 12)].join("\n  ");
  return new FibersError(isExhausted ? "E_STACK_EXHAUSTED" : "E_TRAP", message, { cause: error });
}

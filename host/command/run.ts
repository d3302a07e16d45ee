/**
 * `as-fibers run`: reads the command line, then watches over the thread in which the program runs.
 *
 * The program has a thread of its own so that Ctrl-C always works: a fiber that never yields blocks its thread, and a handler of
 * signals there would wait for it forever.
 */
import { statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { ExitCode } from "./exit-code.ts";
import { help } from "./help.ts";
import { palette, wantsColour } from "./palette.ts";
import type { ProgramOptions } from "./program.ts";
import { UsageError } from "./usage-error.ts";

/** How long an interrupted program may take to clean up, in milliseconds: the grace of `App.close`, and some for the way. */
const CLEANUP_GRACE = 1500;

const TARGETS = ["debug", "release"] as const;
const RUNTIMES = ["incremental", "minimal", "stub"] as const;

/** Runs the command with the words behind "run"; the exit code. @throws UsageError */
export async function run(words: string[]): Promise<number> {
  const { values, positionals } = parseRunOptions(words);
  if (values.help) {
    process.stdout.write(help("run", palette(wantsColour(process.stdout))));
    return ExitCode.OK;
  }
  const [file, ...programArguments] = positionals;
  if (file === undefined) {
    throw new UsageError("E_NO_FILE", "run takes the file of a program", "as-fibers run examples/two-counters.ts");
  }
  checkFile(file);
  return runProgram({
    file,
    words: programArguments,
    target: oneOf(TARGETS, "--target", values.target ?? "debug"),
    runtime: oneOf(RUNTIMES, "--runtime", values.runtime ?? "incremental"),
    stackLimit: values["stack-limit"] === undefined ? undefined : parseBytes("--stack-limit", values["stack-limit"]),
  });
}

function parseRunOptions(words: string[]) {
  try {
    return parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        target: { type: "string" },
        runtime: { type: "string" },
        "stack-limit": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    const hint = 'the options of run are listed by "as-fibers run --help"; what main is to get stands behind "--"';
    throw UsageError.ofOptions(error, hint);
  }
}

function oneOf<const Choice extends string>(choices: readonly Choice[], option: string, value: string): Choice {
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  throw new UsageError(
    "E_INVALID_OPTION",
    `${option} got ${JSON.stringify(value)}`,
    `${option} is one of ${choices.join(", ")}`,
  );
}

function parseBytes(option: string, value: string): number {
  const bytes = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (bytes >= 64 && bytes <= 2 ** 30) return bytes;
  const hint = `${option} is a number of bytes from 64 to 1073741824`;
  throw new UsageError("E_INVALID_OPTION", `${option} got ${JSON.stringify(value)}`, hint);
}

function checkFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile()) return;
  const isElsewhere = !found && statSync(`${file}.ts`, { throwIfNoEntry: false })?.isFile();
  throw new UsageError(
    "E_NO_FILE",
    found ? `${file} is not a file` : `there is no file ${file}`,
    isElsewhere ? `there is ${file}.ts` : `looked in ${path.dirname(path.resolve(file))}`,
  );
}

/** Runs a program in a thread of its own until it has ended; the exit code. */
export async function runProgram(program: Omit<ProgramOptions, "isColoured">): Promise<number> {
  const workerData: ProgramOptions = { ...program, isColoured: wantsColour(process.stderr) };
  const worker = new Worker(new URL("./command.js", import.meta.url), { workerData });
  let isRunning = false;
  let interrupted = 0;
  const interrupt = (signal: NodeJS.Signals) => {
    // Nothing to clean up before main has begun; and who asks twice does not want to wait.
    if (!isRunning || interrupted) void worker.terminate();
    interrupted = signal === "SIGTERM" ? ExitCode.SIGTERM : ExitCode.SIGINT;
    worker.postMessage("close");
    setTimeout(() => {
      process.stderr.write("as-fibers: a fiber does not yield: ended without running the cleanups\n");
      void worker.terminate();
    }, CLEANUP_GRACE).unref();
  };
  // The reader of a pipe may leave before the program has ended (`| head`): it ends too.
  process.stdout.on("error", () => void worker.terminate());
  worker.once("message", () => (isRunning = true));
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      worker.on("exit", resolve);
      worker.on("error", reject);
    });
    return interrupted || code;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

/** `as-fibers run`: reads the command line, then runs the program. */
import { statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { ExitCode } from "./exit-code.ts";
import { help } from "./help.ts";
import { palette, wantsColour } from "./palette.ts";
import { runProgram } from "./thread.ts";
import { UsageError } from "./usage-error.ts";

const DRIVERS = ["node", "virtual"] as const;
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
    driver: oneOf(DRIVERS, "--driver", values.driver ?? "node"),
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
        driver: { type: "string" },
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

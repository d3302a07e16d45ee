/** Reads the options that several commands have. */
import { statSync } from "node:fs";
import path from "node:path";
import { UsageError } from "./usage-error.ts";

export const RUNTIMES = ["incremental", "minimal", "stub"] as const;

/** The value of an option that is one of several words. @throws UsageError */
export function oneOf<const Choice extends string>(
  choices: readonly Choice[],
  option: string,
  value: string | undefined,
): Choice {
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  throw new UsageError(
    "E_INVALID_OPTION",
    value === undefined ? `${option} is missing` : `${option} got ${JSON.stringify(value)}`,
    `${option} is one of ${choices.join(", ")}`,
  );
}

/** The value of --stack-limit; undefined when it is not given. @throws UsageError */
export function parseStackLimit(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const bytes = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (bytes >= 64 && bytes <= 2 ** 30) return bytes;
  const hint = "--stack-limit is a number of bytes from 64 to 1073741824";
  throw new UsageError("E_INVALID_OPTION", `--stack-limit got ${JSON.stringify(value)}`, hint);
}

/** Checks that the program is there. @throws UsageError */
export function checkFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile()) return;
  const isElsewhere = !found && statSync(`${file}.ts`, { throwIfNoEntry: false })?.isFile();
  throw new UsageError(
    "E_NO_FILE",
    found ? `${file} is not a file` : `there is no file ${file}`,
    isElsewhere ? `there is ${file}.ts` : `looked in ${path.dirname(path.resolve(file))}`,
  );
}

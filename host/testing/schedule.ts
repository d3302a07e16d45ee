/**
 * A schedule as a short text, by which a run is repeated exactly: `1.5f0c93aa.1.3x2-x1.x1`.
 *
 *     1         version of this format
 *     5f0c93aa  checksum of the module, since a schedule means nothing to another one
 *     1         seed of the run's random numbers, base 32
 *     3x2-x1    three choices of the fiber that was ready first, then of the third; then, at once, of the second; then the first always
 *     x1        draws, in the same way: the second possibility, then the first always; nothing, and no dot, when there are none
 *
 * A choice is made whenever more than one fiber is ready; a draw, whenever the library leaves something to chance: see draws.ts. Each are
 * counted by themselves. Numbers are in base 32: x is none of its digits.
 */
import { FibersError } from "../errors.ts";
import type { Program } from "./program.ts";

const VERSION = "1";
const BASE = 32;

/** What was decided in a run, in place of time and chance. */
export interface Decisions {
  /** Who ran next. 0: the fiber that has been ready longest. Behind the last one: always 0. */
  readonly choices: readonly number[];
  /** What was drawn. Behind the last one: always 0. */
  readonly draws: readonly number[];
}

/** How many of them are not the usual ones. */
export function countDeviations({ choices, draws }: Decisions): number {
  return choices.filter(Boolean).length + draws.filter(Boolean).length;
}

/** The same without what is usual at the end. */
export function trimmed({ choices, draws }: Decisions): Decisions {
  const upToLast = (made: readonly number[]) => made.slice(0, made.findLastIndex(Boolean) + 1);
  return { choices: upToLast(choices), draws: upToLast(draws) };
}

export interface Schedule extends Decisions {
  readonly seed: number;
}

/** Writes a schedule. */
export function formatSchedule({ checksums }: Pick<Program, "checksums">, { seed, choices, draws }: Schedule): string {
  const drawn = formatRow(draws);
  return [VERSION, checksums[0], seed.toString(BASE), formatRow(choices), ...(drawn ? [drawn] : [])].join(".");
}

function formatRow(decisions: readonly number[]): string {
  const parts: string[] = [];
  let first = 0;
  for (const decision of decisions) {
    if (decision) {
      parts.push(`${first ? first.toString(BASE) : ""}x${decision.toString(BASE)}`);
      first = 0;
    } else first++;
  }
  return parts.join("-");
}

const ROW = "(?:[0-9a-v]*x[0-9a-v]+(?:-(?=.)|(?=[.]|$)))*";
const PATTERN = new RegExp(String.raw`^([0-9a-v]+)\.([0-9a-f]{8})\.(-?[0-9a-v]+)\.(${ROW})(?:\.(${ROW}))?$`);

/** Reads a schedule for this program. @throws E_INVALID_SCHEDULE_TEXT, E_OTHER_MODULE */
export function parseSchedule({ checksums }: Pick<Program, "checksums">, text: string): Schedule {
  const [, version, checksum = "", seed = "", choices = "", draws = ""] = PATTERN.exec(text) ?? [];
  if (version !== VERSION) {
    const message = `this is not a schedule of version ${VERSION}: ${JSON.stringify(text)}; take what simulate, explore or the command has printed, whole`;
    throw new FibersError("E_INVALID_SCHEDULE_TEXT", message);
  }
  if (!checksums.includes(checksum)) {
    const message = `this schedule was made by the module ${checksum}, and this one is ${checksums[0]}: build the same program by the same version again, or look for the fault anew`;
    throw new FibersError("E_OTHER_MODULE", message);
  }
  return { seed: Number.parseInt(seed, BASE), choices: parseRow(choices), draws: parseRow(draws) };
}

function parseRow(row: string): number[] {
  const decisions: number[] = [];
  for (const part of row.split("-").filter(Boolean)) {
    const [first = "", decision = ""] = part.split("x");
    for (let i = first ? Number.parseInt(first, BASE) : 0; i > 0; i--) decisions.push(0);
    decisions.push(Number.parseInt(decision, BASE));
  }
  return decisions;
}

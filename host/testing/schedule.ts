/**
 * A schedule as a short text, by which a run is repeated exactly: `1.5f0c93aa.1.3x2-x1`.
 *
 *     1         version of this format
 *     5f0c93aa  checksum of the module, since a schedule means nothing to another one
 *     1         seed of the run's random numbers, base 32
 *     3x2-x1    three choices of the fiber that was ready first, then of the third; then, at once, of the second; then the first always
 *
 * A choice is made whenever more than one fiber is ready. Numbers are in base 32: x is none of its digits.
 */
import { FibersError } from "../errors.ts";
import type { Program } from "./program.ts";

const VERSION = "1";
const BASE = 32;

export interface Schedule {
  seed: number;
  /** 0: the fiber that has been ready longest. Behind the last one: always 0. */
  choices: readonly number[];
}

/** Writes a schedule. */
export function formatSchedule({ checksums }: Pick<Program, "checksums">, { seed, choices }: Schedule): string {
  const parts: string[] = [];
  let first = 0;
  for (const choice of choices) {
    if (choice) {
      parts.push(`${first ? first.toString(BASE) : ""}x${choice.toString(BASE)}`);
      first = 0;
    } else first++;
  }
  return [VERSION, checksums[0], seed.toString(BASE), parts.join("-")].join(".");
}

const PATTERN = /^([0-9a-v]+)\.([0-9a-f]{8})\.(-?[0-9a-v]+)\.((?:[0-9a-v]*x[0-9a-v]+(?:-|$))*)$/;

/** Reads a schedule for this program. @throws E_INVALID_SCHEDULE_TEXT, E_OTHER_MODULE */
export function parseSchedule({ checksums }: Pick<Program, "checksums">, text: string): Schedule {
  const [, version, checksum = "", seed = "", body = ""] = PATTERN.exec(text) ?? [];
  if (version !== VERSION) {
    const message = `this is not a schedule of version ${VERSION}: ${JSON.stringify(text)}; take what simulate, explore or the command has printed, whole`;
    throw new FibersError("E_INVALID_SCHEDULE_TEXT", message);
  }
  if (!checksums.includes(checksum)) {
    const message = `this schedule was made by the module ${checksum}, and this one is ${checksums[0]}: build the same program by the same version again, or look for the fault anew`;
    throw new FibersError("E_OTHER_MODULE", message);
  }
  const choices: number[] = [];
  for (const part of body.split("-").filter(Boolean)) {
    const [first = "", choice = ""] = part.split("x");
    for (let i = first ? Number.parseInt(first, BASE) : 0; i > 0; i--) choices.push(0);
    choices.push(Number.parseInt(choice, BASE));
  }
  return { seed: Number.parseInt(seed, BASE), choices };
}

/**
 * `explore`: runs a program in every order in which its fibers could run, or in as many as it may, and finds those in which it is wrong.
 *
 * - Schedules with few preemptions come first: a preemption is the choice of another fiber than the one that has been ready longest. So the
 *   first fault that is found has as few of them as possible.
 * - A run that comes to a state in which another one has been is not continued: it would do the same from there. That is sound, since the
 *   state is all of memory and globals, the run queue and its order included, and the simulated world; and since the other one had as few
 *   preemptions, it could go wherever this one can. See guest-state.ts for what is left out of it, and why.
 * - Runs begin where they leave another one, by a copy of its state, when that is less work than running it again up to there.
 *
 * - Draws, what the library leaves to chance, are decisions too: each possibility is looked at. See draws.ts.
 *
 * Chosen over partial orders (Godefroid; Flanagan), which must know what each step reads and writes. To compare memory before and after a step
 * would show what it wrote, not what it read; to instrument each access makes it many times slower; and every step writes the run queue,
 * most the allocator too, so by accesses no two would be independent. Equal states need no such knowledge, catch loops that wait, and
 * leave 9,881 of the 756,756 schedules of three fibers of five steps.
 */
import { FibersError } from "../errors.ts";
import type { ModuleSource } from "../load.ts";
import { Explorer } from "./explorer.ts";
import { prepare } from "./program.ts";
import type { Finding, Step } from "./report.ts";
import type { TrialOptions } from "./trial.ts";

/** What `explore` takes. */
export interface ExploreOptions extends TrialOptions {
  /** How many schedules are run at most; 10,000 by default. */
  maxSchedules?: number;
  /** How often a schedule may choose another fiber than the one that has been ready longest; infinite by default. */
  preemptions?: number;
  /** False: states that were met before are run again. */
  reduce?: boolean;
}

/** What a search has covered, and what it has found. */
export interface Exploration {
  /** Runs that were made to their end. */
  schedules: number;
  /** Runs that were given up in a state that was met before. */
  pruned: number;
  /** States in which there was a choice. */
  states: number;
  /** Whether there is no other schedule with so many preemptions. */
  complete: boolean;
  /** Share of what a walk at random through all choices would meet, 0 to 1. */
  coverage: number;
  /** The most choices in one run. */
  deepest: number;
  /** Runs that were cut off by `maxSwitches`. */
  cut: number;
  /** Real time that it took. */
  milliseconds: number;
  /** The fault of the fewest preemptions, then switches; undefined when none was found. */
  failure?: Finding;
  /** All of it, to be read. */
  report: string;
}

export type { Finding, Step };

/**
 * Looks for a schedule in which the program fails, stands still, leaves fibers behind, or does not pass the check.
 * @throws E_INVALID_OPTION, E_NO_EXPORT, E_INVALID_ARGUMENT, E_IMPURE_IMPORT, E_MISSING_IMPORT; what `load` says of the module
 */
export async function explore(source: ModuleSource, options: ExploreOptions = {}): Promise<Exploration> {
  checkOptions(options);
  return new Explorer(await prepare(source, options.sourceMap), options).run();
}

const KNOWN_OPTIONS: Record<keyof ExploreOptions, true> = {
  entry: true,
  args: true,
  check: true,
  maxSchedules: true,
  preemptions: true,
  maxSwitches: true,
  reduce: true,
  leaks: true,
  seed: true,
  stdin: true,
  imports: true,
  sourceMap: true,
  stackLimit: true,
};

function checkOptions(options: ExploreOptions): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(KNOWN_OPTIONS, name)) continue;
    const known = Object.keys(KNOWN_OPTIONS).join(", ");
    throw new FibersError("E_INVALID_OPTION", `explore has no option ${JSON.stringify(name)}; it knows ${known}`);
  }
  for (const name of ["maxSchedules", "preemptions", "maxSwitches"] as const) {
    const value = options[name] ?? 1;
    if (value >= 0) continue;
    throw new FibersError("E_INVALID_OPTION", `${name} is a number of 0 or more, and got ${String(value)}`);
  }
}

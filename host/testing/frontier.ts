/**
 * What is left to explore: the choices that were met and not taken, those of the fewest preemptions first.
 *
 * A schedule is told by its preemptions alone, the choices of another fiber than the one that was ready first: between them, the first is
 * taken. So a branch is kept for each choice that a schedule meets behind its last preemption, and every schedule is run once.
 */
import type { StepperState } from "./stepper.ts";

/** A state to go back to, at the choice of this number. */
export interface Base {
  readonly state: StepperState;
  readonly position: number;
  /** How many branches need it. */
  uses: number;
}

/** A choice that was met, of which the alternatives behind the first one are left. */
export interface Branch {
  /** The schedule that has met it. */
  readonly path: Path;
  /** How many choices came before it. */
  readonly position: number;
  readonly count: number;
  /** The next alternative. */
  next: number;
  readonly base: Base;
  /** Of all that a walk at random would meet, the share of each alternative. */
  readonly share: number;
}

/** A schedule. */
export interface Path {
  /** Where it has left another one; null: nowhere. */
  readonly branch: Branch | null;
  readonly choice: number;
  readonly preemptions: number;
}

export const FIRST_PATH: Path = { branch: null, choice: 0, preemptions: 0 };

export class Frontier {
  readonly #rows: Branch[][] = [];
  #size = 0;
  /** Whether some branches were dropped. */
  hasDropped = false;

  /** Adds a branch, unless there are already more schedules than will ever be run. */
  add(branch: Branch, limit: number): boolean {
    if (this.#size >= limit) {
      this.hasDropped = true;
      return false;
    }
    (this.#rows[branch.path.preemptions + 1] ??= []).push(branch);
    this.#size += branch.count - 1;
    return true;
  }

  /** The next schedule; undefined when all were run. Of those with the same preemptions, one that leaves the others late. */
  take(): Path | undefined {
    for (const row of this.#rows) {
      const branch = row?.at(-1);
      if (!branch) continue;
      const path = { branch, choice: branch.next++, preemptions: branch.path.preemptions + 1 };
      this.#size--;
      if (branch.next === branch.count) row.pop();
      return path;
    }
    return undefined;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }
}

/** Where a schedule leaves the first choice, and for which. */
export function preemptionsOf(path: Path): Map<number, number> {
  const found = new Map<number, number>();
  for (let at = path; at.branch; at = at.branch.path) found.set(at.branch.position, at.choice);
  return found;
}

/** All choices of a schedule up to its last preemption. */
export function choicesOf(path: Path): number[] {
  const preemptions = preemptionsOf(path);
  const choices = Array.from({ length: Math.max(-1, ...preemptions.keys()) + 1 }, () => 0);
  for (const [position, choice] of preemptions) choices[position] = choice;
  return choices;
}

/**
 * What is left to explore: the choices and draws that were met and decided as usual, those of the fewest preemptions first.
 *
 * A schedule is told by where it leaves what is usual: by its preemptions, the choices of another fiber than the one that was ready first,
 * and by draws of another possibility than the first. In between, the first is taken. So a branch is kept for each decision that a schedule
 * meets behind the last one that is not usual, and every schedule is run once. A draw costs no preemption: production makes any.
 */
import type { Decisions } from "./schedule.ts";
import type { StepperState } from "./stepper.ts";

/** A state to go back to. */
export interface Base {
  readonly state: StepperState;
  /** How many choices and draws were made before it. */
  readonly choices: number;
  readonly draws: number;
  /** How many branches need it. */
  uses: number;
}

/** A decision that was met, of which the alternatives behind the first one are left. */
export interface Branch {
  /** The schedule that has met it. */
  readonly path: Path;
  readonly kind: keyof Decisions;
  /** How many of the kind came before it. */
  readonly position: number;
  readonly alternatives: readonly number[];
  /** Index of the next alternative. */
  next: number;
  readonly base: Base;
  /** Of all that a walk at random would meet, the share of each alternative. */
  readonly share: number;
}

/** A schedule. */
export interface Path {
  /** Where it has left another one; null: nowhere. */
  readonly branch: Branch | null;
  /** For what. */
  readonly decision: number;
  readonly preemptions: number;
}

export const FIRST_PATH: Path = { branch: null, decision: 0, preemptions: 0 };

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
    (this.#rows[preemptionsBehind(branch)] ??= []).push(branch);
    this.#size += branch.alternatives.length - 1;
    return true;
  }

  /** The next schedule; undefined when all were run. Of those with the same preemptions, one that leaves the others late. */
  take(): Path | undefined {
    for (const row of this.#rows) {
      const branch = row?.at(-1);
      if (!branch) continue;
      const decision = branch.alternatives[branch.next++] as number;
      const path = { branch, decision, preemptions: preemptionsBehind(branch) };
      this.#size--;
      if (isTaken(branch)) row.pop();
      return path;
    }
    return undefined;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }
}

function preemptionsBehind({ path, kind }: Branch): number {
  return path.preemptions + (kind === "choices" ? 1 : 0);
}

/** Whether no alternative is left. */
export function isTaken({ next, alternatives }: Branch): boolean {
  return next === alternatives.length;
}

/** All decisions of a schedule up to the last one that is not the first of its alternatives. */
export function decisionsOf(path: Path): Decisions {
  const decisions = { choices: [] as number[], draws: [] as number[] };
  for (let { branch, decision } = path; branch; { branch, decision } = branch.path) {
    const made = decisions[branch.kind];
    while (made.length < branch.position) made.push(0);
    made[branch.position] = decision;
  }
  return decisions;
}

/** Makes a failing schedule smaller, and runs one again step by step, to tell what happens in it. */
import type { Program } from "./program.ts";
import type { Step } from "./report.ts";
import type { Fault, Pause, Stepper, StepperState } from "./stepper.ts";
import { describeStep, type StepSource } from "./steps.ts";

/** A schedule in which something is wrong. */
export interface Failing {
  fault: Fault;
  choices: number[];
  preemptions: number;
  switches: number;
}

export type Judge = (pause: Pause & { kind: "end" }) => Fault | null;

/** Runs choices from a state; null when nothing is wrong. */
export function rerun(stepper: Stepper, state: StepperState, choices: readonly number[], judge: Judge): Failing | null {
  stepper.restore(state);
  const made: number[] = [];
  while (true) {
    const pause = stepper.resume();
    if (pause.kind === "choice") {
      const choice = Math.min(choices[made.length] ?? 0, pause.count - 1);
      made.push(choice);
      stepper.choose(choice);
      continue;
    }
    const fault = pause.kind === "end" ? judge(pause) : null;
    if (!fault) return null;
    while (made.length && !made.at(-1)) made.pop();
    return { fault, choices: made, preemptions: made.filter(Boolean).length, switches: stepper.switches };
  }
}

/**
 * Takes preemptions out, alone and in halves, and lessens those that stay, as long as it fails in the same way. What is left cannot lose
 * any one of them.
 */
export function shrink(stepper: Stepper, state: StepperState, found: Failing, judge: Judge): Failing {
  let best = found;
  const attempt = (choices: number[]): boolean => {
    const again = rerun(stepper, state, choices, judge);
    if (again?.fault.code !== found.fault.code || !isSmaller(again, best)) return false;
    best = again;
    return true;
  };
  for (let hasShrunk = true; hasShrunk;) {
    hasShrunk = false;
    const at = best.choices.flatMap((choice, i) => (choice ? [i] : []));
    for (let size = at.length; size >= 1 && !hasShrunk; size >>= 1) {
      for (let from = 0; from < at.length && !hasShrunk; from += size) {
        const removed = new Set(at.slice(from, from + size));
        hasShrunk = attempt(best.choices.map((choice, i) => (removed.has(i) ? 0 : choice)));
      }
    }
    for (const i of at) {
      if (!hasShrunk && (best.choices[i] ?? 0) > 1) hasShrunk = attempt(best.choices.with(i, 1));
    }
  }
  return best;
}

function isSmaller(one: Failing, other: Failing): boolean {
  if (one.preemptions !== other.preemptions) return one.preemptions < other.preemptions;
  if (one.switches !== other.switches) return one.switches < other.switches;
  return sum(one.choices) < sum(other.choices);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What a run has shown that was made step by step. */
export interface Confirmed {
  fault: Fault;
  steps: Step[];
  switches: number;
  stdout: string;
  /** Of a failure: with its stack. */
  error: Error | undefined;
  /** All fibers at the end, what each waits for, and where. */
  fibers: string;
}

/** Runs choices in a new instance, one switch at a time. */
export function confirm(
  program: Program,
  stepper: Stepper,
  choices: readonly number[],
  judge: Judge,
): Omit<Confirmed, "fault"> & { fault: Fault | null } {
  const steps: Step[] = [];
  const source: StepSource = { names: new Map(), places: new Map(), program };
  let position = 0;
  let seen = stepper.trace.count;
  let chosen: { choice: number; count: number } | null = null;
  while (true) {
    const pause = stepper.resume(1);
    const events = stepper.trace.read(seen);
    seen = stepper.trace.count;
    const step = describeStep(stepper, events, chosen, source);
    if (step) {
      steps.push(step);
      chosen = null;
    }
    if (pause.kind === "choice") {
      const choice = Math.min(choices[position++] ?? 0, pause.count - 1);
      chosen = { choice, count: pause.count };
      stepper.choose(choice);
    } else if (pause.kind !== "switched") {
      const fault = pause.kind === "end" ? judge(pause) : null;
      const error = pause.kind === "end" && pause.failure ? stepper.failures.read(pause.failure) : undefined;
      const fibers = stepper.describe();
      return { fault, steps, switches: stepper.switches, stdout: stepper.stdout, error, fibers };
    }
  }
}

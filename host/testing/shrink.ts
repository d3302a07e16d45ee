/** Makes the decisions of a failing run fewer. */
import { type Failing, type Judge, rerun } from "./replay.ts";
import type { Decisions } from "./schedule.ts";
import type { Stepper, StepperState } from "./stepper.ts";

/** A decision that is not the usual one. */
interface Deviation {
  kind: keyof Decisions;
  position: number;
}

function deviationsOf(decisions: Decisions): Deviation[] {
  const kinds = ["choices", "draws"] as const;
  return kinds.flatMap((kind) => decisions[kind].flatMap((decision, position) => (decision ? { kind, position } : [])));
}

/** The same with these decided otherwise. */
function changed({ choices, draws }: Decisions, deviations: readonly Deviation[], decision: number): Decisions {
  const copy = { choices: [...choices], draws: [...draws] };
  for (const { kind, position } of deviations) copy[kind][position] = decision;
  return copy;
}

/** What is tried to make these fewer: without all, without halves, and so on, without each one; and at last with each one lessened. */
export function* fewerDecisions(decisions: Decisions): Generator<Decisions> {
  const deviations = deviationsOf(decisions);
  for (const part of partsOf(deviations)) yield changed(decisions, part, 0);
  for (const deviation of deviations) {
    const decided = decisions[deviation.kind][deviation.position] ?? 0;
    if (decided > 1) yield changed(decisions, [deviation], 1);
  }
}

/** All of it, its halves, quarters … and each one. */
export function* partsOf<T>(items: readonly T[]): Generator<T[]> {
  for (let size = items.length; size >= 1; size >>= 1) {
    for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
  }
}

/**
 * Takes out what is not usual, alone and in parts, and lessens what stays, as long as it fails in the same way. What is left cannot lose
 * any one preemption or draw.
 */
export function shrink(stepper: Stepper, state: StepperState, found: Failing, judge: Judge): Failing {
  let best = found;
  const attempt = (decisions: Decisions): boolean => {
    const again = rerun(stepper, state, decisions, judge);
    if (again?.fault.code !== found.fault.code || !isSmaller(again, best)) return false;
    best = again;
    return true;
  };
  // After each success from the beginning, with what is left.
  while (isAnySmaller(fewerDecisions(best.decisions), attempt));
  return best;
}

function isAnySmaller(candidates: Iterable<Decisions>, attempt: (decisions: Decisions) => boolean): boolean {
  for (const decisions of candidates) if (attempt(decisions)) return true;
  return false;
}

function isSmaller(one: Failing, other: Failing): boolean {
  if (one.preemptions !== other.preemptions) return one.preemptions < other.preemptions;
  const drawn = (failing: Failing) => failing.decisions.draws.filter(Boolean).length;
  if (drawn(one) !== drawn(other)) return drawn(one) < drawn(other);
  if (one.switches !== other.switches) return one.switches < other.switches;
  return sum(one.decisions) < sum(other.decisions);
}

function sum({ choices, draws }: Decisions): number {
  return [...choices, ...draws].reduce((total, value) => total + value, 0);
}

/** Makes a failing schedule smaller, and runs one again step by step, to tell what happens in it. */
import type { Program } from "./program.ts";
import type { Step } from "./report.ts";
import type { Decisions } from "./schedule.ts";
import type { Fault, Pause, Stepper, StepperState } from "./stepper.ts";
import { describeStep, type StepSource } from "./steps.ts";

/** A run in which something is wrong. */
export interface Failing {
  fault: Fault;
  decisions: Decisions;
  preemptions: number;
  switches: number;
}

export type Judge = (pause: Pause & { kind: "end" }) => Fault | null;

/** Decides as planned, within what there is, and keeps what it has decided. */
class Replay {
  readonly made = { choices: [] as number[], draws: [] as number[] };
  readonly #planned: Decisions;

  constructor(planned: Decisions) {
    this.#planned = planned;
  }

  decide(kind: keyof Decisions, count: number): number {
    const made = this.made[kind];
    const decision = Math.min(this.#planned[kind][made.length] ?? 0, count - 1);
    made.push(decision);
    return decision;
  }

  get decisions(): Decisions {
    for (const made of Object.values(this.made)) while (made.length && !made.at(-1)) made.pop();
    return this.made;
  }
}

/** Runs from a state; null when nothing is wrong. */
export function rerun(stepper: Stepper, state: StepperState, planned: Decisions, judge: Judge): Failing | null {
  const replay = new Replay(planned);
  stepper.onDraw = (count) => replay.decide("draws", count);
  stepper.restore(state);
  while (true) {
    const pause = stepper.resume();
    if (pause.kind === "choice") stepper.choose(replay.decide("choices", pause.count));
    else if (pause.kind !== "drawn") {
      const fault = pause.kind === "end" ? judge(pause) : null;
      const { decisions } = replay;
      return (
        fault && { fault, decisions, preemptions: decisions.choices.filter(Boolean).length, switches: stepper.switches }
      );
    }
  }
}

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

/**
 * Takes out what is not usual, alone and in halves, and lessens what stays, as long as it fails in the same way. What is left cannot lose
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
  for (let hasShrunk = true; hasShrunk;) {
    hasShrunk = false;
    const { decisions } = best;
    const deviations = deviationsOf(decisions);
    for (let size = deviations.length; size >= 1 && !hasShrunk; size >>= 1) {
      for (let from = 0; from < deviations.length && !hasShrunk; from += size) {
        hasShrunk = attempt(changed(decisions, deviations.slice(from, from + size), 0));
      }
    }
    for (const deviation of deviations) {
      const decided = decisions[deviation.kind][deviation.position] ?? 0;
      if (!hasShrunk && decided > 1) hasShrunk = attempt(changed(decisions, [deviation], 1));
    }
  }
  return best;
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

/** Runs a new instance, one switch at a time. */
export function confirm(
  program: Program,
  stepper: Stepper,
  planned: Decisions,
  judge: Judge,
): Omit<Confirmed, "fault"> & { fault: Fault | null } {
  const steps: Step[] = [];
  const source: StepSource = { names: new Map(), places: new Map(), program };
  const replay = new Replay(planned);
  stepper.onDraw = (count) => replay.decide("draws", count);
  const { trace, failures } = stepper.instance;
  let seen = trace.count;
  let chosen: { choice: number; count: number } | null = null;
  while (true) {
    const pause = stepper.resume(1);
    const events = trace.read(seen);
    seen = trace.count;
    const step = describeStep(stepper, events, chosen, source);
    if (step) {
      steps.push(step);
      chosen = null;
    }
    if (pause.kind === "choice") {
      const choice = replay.decide("choices", pause.count);
      chosen = { choice, count: pause.count };
      stepper.choose(choice);
    } else if (pause.kind === "end" || pause.kind === "cut") {
      const fault = pause.kind === "end" ? judge(pause) : null;
      const error = pause.kind === "end" && pause.failure ? failures.read(pause.failure) : undefined;
      const fibers = stepper.describe();
      return { fault, steps, switches: stepper.switches, stdout: stepper.instance.stdout, error, fibers };
    }
  }
}

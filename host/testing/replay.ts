/** Runs that decide as planned: to look whether they fail, and step by step, to tell what happens in one. */
import type { Program } from "./program.ts";
import type { Step } from "./report.ts";
import { type Decisions, trimmed } from "./schedule.ts";
import type { Fault, Pause, Stepper, StepperState } from "./stepper.ts";
import { StepRecorder } from "./steps.ts";

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
      const decisions = trimmed(replay.made);
      return (
        fault && { fault, decisions, preemptions: decisions.choices.filter(Boolean).length, switches: stepper.switches }
      );
    }
  }
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
  const { trace, failures } = stepper.instance;
  const view = { fibers: () => stepper.fibers(), stackOf: (pointer: number) => failures.stackOf(pointer, new Map()) };
  const recorder = new StepRecorder(view, program.section.sites);
  const replay = new Replay(planned);
  stepper.onDraw = (count) => replay.decide("draws", count);
  let seen = trace.count;
  while (true) {
    const pause = stepper.resume(1);
    const events = trace.read(seen);
    seen = trace.count;
    recorder.add(events);
    if (pause.kind === "choice") {
      const choice = replay.decide("choices", pause.count);
      recorder.choose(choice, pause.count);
      stepper.choose(choice);
    } else if (pause.kind === "end" || pause.kind === "cut") {
      const fault = pause.kind === "end" ? judge(pause) : null;
      const error = pause.kind === "end" && pause.failure ? failures.read(pause.failure) : undefined;
      const fibers = stepper.describe();
      return {
        fault,
        steps: recorder.steps,
        switches: stepper.switches,
        stdout: stepper.instance.stdout,
        error,
        fibers,
      };
    }
  }
}

/**
 * `shrinkRun`: makes a run of `simulate` that fails smaller, as long as it fails in the same way, and tells its steps.
 *
 * Smaller is, in this order: fewer fibers that run; fewer and shorter faults of the network; lesser arguments; fewer preemptions and draws;
 * fewer switches. Each attempt is a run from the beginning. A fiber that is not needed is starved: it never runs as long as others can.
 *
 * After Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002): all of a list, halves, quarters … are left out.
 */
import type { Fault as NetworkFault } from "../drivers/virtual/faults.ts";
import { FibersError } from "../errors.ts";
import type { ModuleSource } from "../load.ts";
import type { PlainValue } from "../values.ts";
import { drawAgain, drawAtRandom } from "./draws.ts";
import { inOrder, policyOf, replay } from "./policies.ts";
import { prepare, type Program } from "./program.ts";
import { describeShrunk, type Step } from "./report.ts";
import { countDeviations, type Decisions, parseSchedule, trimmed } from "./schedule.ts";
import { fewerDecisions, partsOf } from "./shrink.ts";
import { type Simulation, type SimulateOptions, simulateProgram } from "./simulate.ts";
import type { Fault } from "./stepper.ts";
import { type Check, complaintOf } from "./trial.ts";

/** The run that has failed, as `simulate` takes it, and what is right. */
export interface ShrinkOptions extends Omit<SimulateOptions, "steps" | "traceEvents"> {
  /** Says what is right when the entry has returned, as for `explore`. */
  check?: Check;
  /** The least that each argument may be: a number where it is one, null where it stays. They all stay by default. */
  least?: readonly (number | null)[];
  /** How many runs are tried at most; 1,000 by default. */
  maxRuns?: number;
}

/** How large a run is: up to the end of the entry, unless it fails by what comes later. */
export interface RunSize {
  /** Fibers that have run. */
  fibers: number;
  /** Faults of the network. */
  faults: number;
  /** Arguments of the entry. */
  args: readonly PlainValue[];
  /** Choices of another fiber than the one that has been ready longest. */
  preemptions: number;
  /** Draws of another possibility than the first. */
  draws: number;
  /** How often a fiber was resumed. */
  switches: number;
}

/** A smaller run that fails by the same code. `simulate(module, { …options, args, faults, schedule })` repeats it. */
export interface Shrunk {
  /** What is wrong with it. */
  fault: Fault;
  /** Arguments of the entry. */
  args: PlainValue[];
  /** What goes wrong in the network, as a script. */
  faults: NetworkFault[];
  /** What was decided in it, as text. */
  schedule: string;
  /** How large it is. */
  size: RunSize;
  /** How large the run was that was given. */
  before: RunSize;
  /** How many runs were tried. */
  runs: number;
  /** What each switch does: which fiber, at which line. */
  steps: Step[];
  /** What it prints. */
  stdout: string;
  /** Why the entry fails, with its stack. */
  error: Error | undefined;
  /** All of it, to be read. */
  report: string;
}

/**
 * Makes a failing run smaller: of a seed and a policy, or of a schedule.
 * @param options those of the run that has failed
 * @throws E_NO_FAULT when nothing is wrong with it; E_NOT_DETERMINISTIC; else as `simulate` does
 */
export async function shrinkRun(source: ModuleSource, options: ShrinkOptions = {}): Promise<Shrunk> {
  return new Shrinker(await prepare(source, options.sourceMap), options).toEnd();
}

/** What is tried. */
interface Candidate {
  args: PlainValue[];
  faults: readonly NetworkFault[];
  /** Or the seed of the policy. */
  decisions: Decisions | number;
  /** In place of its choices: who runs, at each switch. The others run only when none of these can. */
  order: readonly number[] | null;
}

/** A run that has failed. */
interface Failed {
  candidate: Candidate & { decisions: Decisions };
  simulation: Simulation;
  fault: Fault;
  size: RunSize;
}

/** Events of a turn; of which fiber each was is all that is wanted of them. */
const EVENTS = 1 << 15;
const MAX_RUNS = 1000;
/** So many of a policy are tried where decisions do not fit any more. */
const SEEDS = 10;
/** The fiber of the entry. */
const ENTRY = 1;

class Shrinker {
  readonly #program: Program;
  readonly #options: ShrinkOptions;
  readonly #seed: number;
  #runs = 0;
  #best!: Failed;

  constructor(program: Program, options: ShrinkOptions) {
    this.#program = program;
    this.#options = options;
    const { schedule, seed = 1 } = options;
    this.#seed = schedule === undefined ? seed : parseSchedule(program, schedule).seed;
  }

  async toEnd(): Promise<Shrunk> {
    const before = await this.#first();
    this.#best = before;
    const { maxRuns = MAX_RUNS } = this.#options;
    while (this.#runs < maxRuns && (await this.#tryAll(maxRuns)));
    return this.#tell(before.size);
  }

  /** The run as it was given, its faults as a script. */
  async #first(): Promise<Failed> {
    const { schedule, args = [], faults } = this.#options;
    const decisions = schedule === undefined ? this.#seed : parseSchedule(this.#program, schedule);
    const isScript = faults === undefined || !("chances" in faults);
    const given = { args, decisions, faults: isScript ? (faults ?? []) : [], order: null };
    const met = await this.#run(given, isScript ? given.faults : faults);
    const scripted = met && !isScript ? await this.#run({ ...given, faults: met.simulation.faults }) : met;
    if (scripted && scripted.fault.code === met?.fault.code) return scripted;
    const message = met
      ? `the run fails by ${met.fault.code}, and with what has gone wrong in its network told as a script, by ${scripted?.fault.code ?? "nothing"}`
      : "nothing is wrong with this run: give the entry, arguments, input, world and check of the one that has failed";
    throw new FibersError(met ? "E_NOT_DETERMINISTIC" : "E_NO_FAULT", message);
  }

  /** Tries what could be smaller; true at the first that is. */
  async #tryAll(maxRuns: number): Promise<boolean> {
    for (const candidate of this.#smaller()) {
      if (this.#runs >= maxRuns) return false;
      const found = await this.#run(candidate);
      if (found?.fault.code !== this.#best.fault.code || compare(found, this.#best) >= 0) continue;
      this.#best = found;
      return true;
    }
    return false;
  }

  *#smaller(): Generator<Candidate> {
    const { candidate, simulation } = this.#best;
    const { args, faults, decisions } = candidate;
    for (const part of partsOf(faults)) {
      yield* this.#again({ ...candidate, faults: faults.filter((fault) => !part.includes(fault)) });
    }
    for (const [i, fault] of faults.entries()) {
      for (const shorter of shorterFaults(fault)) yield* this.#again({ ...candidate, faults: faults.with(i, shorter) });
    }
    for (const [i, least] of (this.#options.least ?? []).entries()) {
      for (const value of lesser(args[i], least)) yield* this.#again({ ...candidate, args: args.with(i, value) });
    }
    const ran = whoRan(simulation, this.#best.fault);
    for (const part of partsOf([...new Set(ran)].filter((id) => id !== ENTRY))) {
      yield { ...candidate, order: ran.filter((id) => !part.includes(id)) };
    }
    for (const fewer of fewerDecisions(decisions)) yield { ...candidate, decisions: fewer };
  }

  /** In another world, or with other arguments, the same decisions mean something else: those of some seeds are tried as well. */
  *#again(candidate: Candidate): Generator<Candidate> {
    yield candidate;
    for (let i = 0; i < SEEDS; i++) yield { ...candidate, decisions: this.#seed + i };
  }

  /** null: nothing is wrong with it. */
  async #run(candidate: Candidate, faults: SimulateOptions["faults"] = candidate.faults): Promise<Failed | null> {
    this.#runs++;
    const simulation = await this.#simulate(candidate, { ...(faults ? { faults } : {}), traceEvents: EVENTS });
    const fault = faultOf(simulation, this.#options.check);
    if (!fault) return null;
    const decisions = trimmed(parseSchedule(this.#program, simulation.schedule));
    const ran = whoRan(simulation, fault);
    const size = {
      fibers: new Set(ran).size,
      faults: candidate.faults.length,
      args: candidate.args,
      preemptions: decisions.choices.filter(Boolean).length,
      draws: decisions.draws.filter(Boolean).length,
      switches: ran.length,
    };
    // The order is what the decisions were that were made.
    return { candidate: { ...candidate, decisions, order: null }, simulation, fault, size };
  }

  #simulate({ args, decisions, order }: Candidate, more: Partial<SimulateOptions>): Promise<Simulation> {
    const { check: _, least: _least, maxRuns: _maxRuns, ...options } = this.#options;
    const run = { ...options, args, ...more };
    const seed = this.#seed;
    if (typeof decisions === "number") {
      const chooser = policyOf(options.policy ?? (options.schedule === undefined ? "fifo" : "random")).begin(decisions);
      return simulateProgram(this.#program, run, { seed, chooser, drawer: drawAtRandom(decisions) });
    }
    const chooser = (order ? inOrder(order) : replay(decisions.choices)).begin(seed);
    return simulateProgram(this.#program, run, { seed, chooser, drawer: drawAgain(decisions.draws) });
  }

  /** Runs it once more, step by step. */
  async #tell(before: RunSize): Promise<Shrunk> {
    const { candidate, fault, size } = this.#best;
    const { args, faults } = candidate;
    const simulation = await this.#simulate(candidate, { faults, steps: true });
    const { schedule, stdout, failure } = simulation;
    if (faultOf(simulation, this.#options.check)?.code !== fault.code) {
      const message = `the schedule ${schedule} failed by ${fault.code}, and run again, not so: this program does not do the same each time`;
      throw new FibersError("E_NOT_DETERMINISTIC", message);
    }
    const steps = simulation.steps.slice(0, size.switches);
    const found = { fault, args, faults: [...faults], schedule, size, before, runs: this.#runs, steps, stdout };
    const shrunk = { ...found, error: failure };
    return { ...shrunk, report: describeShrunk(shrunk) };
  }
}

/** Which fiber each switch led to. */
function whoRan({ events }: Simulation, { kind: fault }: Fault): number[] {
  const end = events.findIndex(({ kind, fiber }) => kind === "end" && fiber === ENTRY);
  const isOver = end >= 0 && (fault === "check" || fault === "failure");
  return (isOver ? events.slice(0, end) : events).flatMap(({ kind, fiber }) => (kind === "run" ? fiber : []));
}

/** What is wrong with a run; null: nothing. */
function faultOf({ failure, warnings, value, stdout, time }: Simulation, check: Check | undefined): Fault | null {
  if (failure) {
    const { code = failure.name } = failure as { code?: string };
    const kinds: Record<string, Fault["kind"]> = { E_DEADLOCK: "deadlock", E_LEAK: "leak" };
    return { kind: kinds[code] ?? "failure", code, message: failure.message };
  }
  const [unseen] = warnings;
  if (unseen !== undefined) {
    const [code = ""] = unseen.split(":", 1);
    return { kind: "unobserved", code, message: unseen.slice(code.length + 2) };
  }
  const message = check ? complaintOf(check, { value, stdout, time }) : null;
  return message === null ? null : { kind: "check", code: "E_CHECK", message };
}

/** Less than 0: the first is smaller. */
function compare(one: Failed, other: Failed): number {
  const of = ({ size, candidate }: Failed) => [
    size.fibers,
    size.faults,
    candidate.faults.reduce((sum, { for: milliseconds = 0 }) => sum + milliseconds, 0),
    size.args.reduce<number>((sum, value) => sum + Math.abs(typeof value === "number" ? value : 0), 0),
    countDeviations(candidate.decisions),
    size.switches,
    candidate.decisions.choices.reduce((sum, choice) => sum + choice, 0),
  ];
  const others = of(other);
  return (
    of(one)
      .map((value, i) => value - (others[i] ?? 0))
      .find((difference) => difference) ?? 0
  );
}

/** A partition that lasts half as long. */
function* shorterFaults(fault: NetworkFault): Generator<NetworkFault> {
  const { for: milliseconds } = fault;
  if (milliseconds !== undefined && milliseconds > 1) yield { ...fault, for: Math.floor(milliseconds / 2) };
}

/** What is tried in place of a value that may be as little as that. */
function* lesser(value: PlainValue | undefined, least: number | null): Generator<number> {
  if (typeof value !== "number" || least === null || !(value > least)) return;
  yield* new Set([least, Math.floor((least + value) / 2), value - 1]);
}

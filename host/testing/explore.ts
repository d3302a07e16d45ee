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
 * Chosen over partial orders (Godefroid; Flanagan), which must know what each step reads and writes: a step between two suspensions runs
 * at the speed of the machine, and instrumenting each access makes it several times slower; equal states need no such knowledge, catch
 * loops that wait, and leave fewer schedules.
 */
import { FibersError } from "../errors.ts";
import type { ModuleSource } from "../load.ts";
import type { PlainValue } from "../values.ts";
import { type Base, FIRST_PATH, choicesOf, Frontier, type Path, preemptionsOf } from "./frontier.ts";
import { requirePure } from "./imports.ts";
import { prepare, type Program } from "./program.ts";
import { type Finding, report, type Step } from "./report.ts";
import { formatSchedule, parseSchedule } from "./schedule.ts";
import { confirm, type Failing, rerun, shrink } from "./shrink.ts";
import { type Fault, type Pause, Stepper, type StepperOptions } from "./stepper.ts";

/** What `explore` takes. */
export interface ExploreOptions {
  /** The export that is called; "main" by default. */
  entry?: string;
  /** Its arguments. */
  args?: PlainValue[];
  /** Says what is right when the entry has returned: throws, or returns false or what is wrong. */
  check?: (run: { value: PlainValue | undefined; stdout: string; time: number }) => unknown;
  /** How many schedules are run at most; 10,000 by default. */
  maxSchedules?: number;
  /** How often a schedule may choose another fiber than the one that has been ready longest; infinite by default. */
  preemptions?: number;
  /** Switches after which a run is given up; 100,000 by default. */
  maxSwitches?: number;
  /** False: states that were met before are run again. */
  reduce?: boolean;
  /** "error": fibers that have not ended when the entry has returned, and all that could then run has run, are a fault; "ignore" by default. */
  leaks?: "ignore" | "error";
  /** Of random numbers; 1 by default. */
  seed?: number;
  /** Standard input; it ends at once by default. */
  stdin?: string | Uint8Array;
  /** What the program imports itself: functions marked by `pure`. */
  imports?: WebAssembly.Imports;
  /** The source map's text, for a module that is given as bytes. Beside a file, it is found. */
  sourceMap?: string;
  /** The most bytes of frames that one fiber may save; 256 KiB by default. */
  stackLimit?: number;
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
  return new Explorer(await prepare(source, options.sourceMap), options).run();
}

/**
 * Makes a failing schedule smaller: one that `simulate`, or the command, has met by a policy. The one that it gives fails with the same code,
 * and cannot lose any of its preemptions.
 * @param options those of the run that has failed
 * @throws E_NO_FAULT when nothing is wrong in this schedule; E_OTHER_MODULE, E_INVALID_SCHEDULE_TEXT; else as `explore` does
 */
export async function shrinkSchedule(
  source: ModuleSource,
  schedule: string,
  options: Omit<ExploreOptions, "maxSchedules" | "preemptions" | "reduce" | "seed"> = {},
): Promise<Finding> {
  const program = await prepare(source, options.sourceMap);
  const { seed, choices } = parseSchedule(program, schedule);
  return new Explorer(program, { ...options, seed }).shrink(choices, schedule);
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

const DEFAULT_STACK_LIMIT = 64 * 1024;
/** Bytes that are copied in the time of a switch. */
const BYTES_PER_SWITCH = 1024;
/** Most bytes of copies. */
const MAX_COPIES = 128 << 20;
/** After a fault, so many more schedules at least are looked at for a better one. */
const MORE = 100;

class Explorer {
  readonly #program: Program;
  readonly #options: ExploreOptions;
  readonly #stepperOptions: StepperOptions;
  readonly #maxSchedules: number;
  readonly #maxPreemptions: number;
  readonly #frontier = new Frontier();
  readonly #visited = new Set<number>();
  #stepper!: Stepper;
  #schedules = 0;
  #pruned = 0;
  #cut = 0;
  #coverage = 0;
  #deepest = 0;
  #copied = 0;
  #best: Failing | undefined;

  constructor(program: Program, options: ExploreOptions) {
    checkOptions(options);
    this.#program = program;
    this.#options = options;
    this.#maxSchedules = options.maxSchedules ?? 10_000;
    this.#maxPreemptions = options.preemptions ?? Infinity;
    const { entry = "main", args = [], seed = 1, stdin = "", imports = {}, stackLimit = DEFAULT_STACK_LIMIT } = options;
    const { maxSwitches = 100_000 } = options;
    requirePure(imports);
    this.#stepperOptions = { entry, args, seed, stdin, imports, stackLimit, maxSwitches, traceEvents: 0 };
  }

  async run(): Promise<Exploration> {
    const begun = performance.now();
    const root = await this.#begin();
    let limit = this.#maxSchedules;
    let path: Path | undefined = FIRST_PATH;
    while (path && this.#schedules + this.#pruned + this.#cut < limit) {
      if (this.#best && path.preemptions > this.#best.preemptions) break;
      const base: Base = path.branch?.base ?? root;
      const failing = this.#follow(path, base);
      if (path.branch && path.branch.next === path.branch.count) this.#release(base);
      if (failing) {
        if (!this.#best) limit = Math.min(limit, 2 * this.#schedules + MORE);
        if (!this.#best || isBetter(failing, this.#best)) this.#best = failing;
      }
      path = this.#frontier.take();
    }
    const isComplete = !path && !this.#frontier.hasDropped && !this.#cut;
    const found = {
      schedules: this.#schedules,
      pruned: this.#pruned,
      states: this.#visited.size,
      complete: isComplete,
      coverage: isComplete && this.#maxPreemptions === Infinity ? 1 : Math.min(1, this.#coverage),
      deepest: this.#deepest,
      cut: this.#cut,
    };
    const failure = this.#best && (await this.#explain(this.#best, root));
    this.#stepper.close();
    const exploration = { ...found, milliseconds: performance.now() - begun, ...(failure ? { failure } : {}) };
    return { ...exploration, report: report(exploration) };
  }

  async shrink(choices: readonly number[], schedule: string): Promise<Finding> {
    const root = await this.#begin();
    const failing = rerun(this.#stepper, root.state, choices, (pause) => this.#faultOf(pause));
    if (!failing) {
      const message = `nothing is wrong in the schedule ${schedule}: give the entry, arguments, input and check of the run that has failed`;
      throw new FibersError("E_NO_FAULT", message);
    }
    const found = await this.#explain(failing, root);
    this.#stepper.close();
    return found;
  }

  /** Loads the program, and stops where its entry begins. */
  async #begin(): Promise<Base> {
    this.#stepper = await Stepper.begin(this.#program, this.#stepperOptions);
    const state = this.#stepper.save();
    if (state) return { state, position: 0, uses: Infinity };
    throw new FibersError("E_INVALID_OPTION", "explore needs a program whose top-level statements do not wait");
  }

  /** Runs one schedule, and notes the choices that it meets behind its last preemption. */
  #follow(path: Path, from: Base): Failing | null {
    const stepper = this.#stepper;
    const preemptions = preemptionsOf(path);
    const last = path.branch?.position ?? -1;
    let base = from;
    let { position } = from;
    let share = path.branch?.share ?? 1;
    let copiedAt = 0;
    stepper.restore(from.state);
    while (true) {
      const pause = stepper.resume();
      if (pause.kind !== "choice") {
        this.#deepest = Math.max(this.#deepest, position);
        this.#coverage += share;
        return this.#judge(path, pause);
      }
      if (position > last) {
        if (this.#isKnown()) {
          this.#pruned++;
          this.#coverage += share;
          return null;
        }
        share /= pause.count;
        if (path.preemptions < this.#maxPreemptions) {
          const copy = stepper.switches - copiedAt > from.state.guest.bytes / BYTES_PER_SWITCH && this.#copy(position);
          if (copy) {
            base = copy;
            copiedAt = stepper.switches;
          }
          const { count } = pause;
          if (this.#frontier.add({ path, position, count, next: 1, base, share }, this.#maxSchedules)) base.uses++;
        }
      }
      stepper.choose(preemptions.get(position) ?? 0);
      position++;
    }
  }

  #isKnown(): boolean {
    if (this.#options.reduce === false) return false;
    const state = this.#stepper.fingerprint();
    if (state === null) return false;
    if (this.#visited.has(state)) return true;
    this.#visited.add(state);
    return false;
  }

  #copy(position: number): Base | null {
    if (this.#copied > MAX_COPIES) return null;
    const state = this.#stepper.save();
    if (!state) return null;
    this.#copied += state.guest.bytes;
    return { state, position, uses: 0 };
  }

  #release(base: Base): void {
    if (--base.uses === 0) this.#copied -= base.state.guest.bytes;
  }

  #judge(path: Path, pause: Pause): Failing | null {
    if (pause.kind !== "end") {
      this.#cut++;
      return null;
    }
    this.#schedules++;
    const fault = this.#faultOf(pause);
    if (!fault) return null;
    const { preemptions } = path;
    return { fault, choices: choicesOf(path), preemptions, switches: this.#stepper.switches };
  }

  #faultOf(pause: Pause & { kind: "end" }): Fault | null {
    const { fault, value } = pause;
    if (fault && (fault.kind !== "leak" || this.#options.leaks === "error")) return fault;
    const { check } = this.#options;
    if (!check) return null;
    const { stdout, time } = this.#stepper;
    const message = complaintOf(() => check({ value, stdout, time }));
    return message === null ? null : { kind: "check", code: "E_CHECK", message };
  }

  /** Runs it again, with fewer preemptions where that fails as well, and tells its steps. */
  async #explain(found: Failing, root: Base): Promise<Finding> {
    const judge = (pause: Pause & { kind: "end" }) => this.#faultOf(pause);
    const failing = shrink(this.#stepper, root.state, found, judge);
    const schedule = formatSchedule(this.#program, { seed: this.#stepperOptions.seed, choices: failing.choices });
    this.#stepper.close();
    // By an instance of its own, and by what the text says: nothing of this search can have made the fault.
    this.#stepper = await Stepper.begin(this.#program, { ...this.#stepperOptions, traceEvents: 1 << 16 });
    const { choices } = parseSchedule(this.#program, schedule);
    const confirmed = confirm(this.#program, this.#stepper, choices, judge);
    if (confirmed.fault?.code !== failing.fault.code) {
      const message = `the schedule ${schedule} failed by ${failing.fault.code}, and run again by ${confirmed.fault?.code ?? "nothing"}: this program does not do the same each time`;
      throw new FibersError("E_NOT_DETERMINISTIC", message);
    }
    const { preemptions } = failing;
    return { ...confirmed, fault: confirmed.fault, schedule, preemptions };
  }
}

function isBetter(one: Failing, other: Failing): boolean {
  return (
    one.preemptions < other.preemptions || (one.preemptions === other.preemptions && one.switches < other.switches)
  );
}

/** What a check says against a run; null when it is content. */
function complaintOf(check: () => unknown): string | null {
  try {
    const said = check();
    if (typeof said === "string") return said;
    return said === false ? "the check is false" : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

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

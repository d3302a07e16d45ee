/**
 * `simulate`: runs a program in a simulated world to its end. What it does is a function of the module, its arguments and input, and
 * the seed: the same again, on every machine.
 */
import type { App, LeakPolicy } from "../app.ts";
import { type VirtualDriver, virtualDriver, type VirtualDriverOptions } from "../drivers/virtual.ts";
import type { Fault } from "../drivers/virtual/faults.ts";
import { FibersError } from "../errors.ts";
import { load, type ModuleSource } from "../load.ts";
import type { PlainValue } from "../values.ts";
import { drawAgain, drawAtRandom, type Drawer } from "./draws.ts";
import type { TraceEvent } from "./guest-trace.ts";
import { answeringImports, simulatedImports } from "./imports.ts";
import { type Chooser, type Policy, policyOf, replay } from "./policies.ts";
import { prepare, type Program } from "./program.ts";
import { formatSchedule, parseSchedule } from "./schedule.ts";
import type { Step } from "./report.ts";
import { StepRecorder } from "./steps.ts";
import { Watcher } from "./watcher.ts";

/** What `simulate` takes. */
export interface SimulateOptions extends Pick<VirtualDriverOptions, "latency" | "window" | "hosts" | "faults"> {
  /** The export that is called; "main" by default. */
  entry?: string;
  /** Its arguments. */
  args?: PlainValue[];
  /** Where all random numbers begin, the policy's too; 1 by default. */
  seed?: number;
  /** Who runs next: "fifo", as in production, by default; "random"; "pct"; or one that is made. */
  policy?: Policy | "fifo" | "random" | "pct";
  /** Repeats a run: what `schedule` of its result was. In place of seed and policy. @throws E_OTHER_MODULE */
  schedule?: string;
  /** Standard input; it ends at once by default. */
  stdin?: string | Uint8Array;
  /**
   * What the program imports itself; see `lasting` for what answers by a promise. What is not given is refused: E_MISSING_IMPORT.
   */
  imports?: WebAssembly.Imports;
  /** Plays the world around the program, in JavaScript: connects to it, listens for it. The run ends when both have ended. */
  during?: (driver: VirtualDriver) => Promise<void>;
  /** The source map's text, for a module that is given as bytes. Beside a file, it is found. */
  sourceMap?: string;
  /** The most bytes of frames that one fiber may save; 256 KiB by default. */
  stackLimit?: number;
  /** Fibers and scopes that are left at the end: see `LoadOptions`. */
  leaks?: LeakPolicy;
  /** How many events are kept of each turn, a power of two; none by default. */
  traceEvents?: number;
  /** Whether it is told step by step what happens, with lines; not by default. */
  steps?: boolean;
}

/** How a simulated run has ended, and what happened in it. */
export interface Simulation {
  /** What the entry has returned. */
  value: PlainValue | undefined;
  /** Why the entry failed; E_DEADLOCK when nothing could wake its fibers any more; E_LEAK. */
  failure: Error | undefined;
  /** What it has printed. */
  stdout: string;
  /** Simulated milliseconds. */
  time: number;
  /** How many times a fiber was resumed. */
  switches: number;
  /** Of all that the scheduler did: two runs with the same are the same run. */
  hash: string;
  /** Repeats this run: `simulate(module, { schedule })`, `as-fibers run --driver virtual --replay`. */
  schedule: string;
  /** What it has written to `console`. */
  console: string[];
  /** Failures that nobody looked at. */
  warnings: string[];
  /** What has happened, with `traceEvents`. See `chromeTrace`. */
  events: TraceEvent[];
  /** Names of fibers, by id. */
  names: ReadonlyMap<number, string>;
  /** Where numbers of sites are. */
  sites: readonly string[];
  /** With `steps`: what each switch has done. */
  steps: Step[];
  /** What has gone wrong in the network by chance, as `faults` that do the same. */
  faults: readonly Fault[];
}

/**
 * Runs an export in a simulated world. Failures of the program are in the result.
 * @throws E_INVALID_OPTION, E_NO_EXPORT, E_INVALID_ARGUMENT, E_MISSING_IMPORT, E_OTHER_MODULE; what `load` says of the module
 */
export async function simulate(source: ModuleSource, options: SimulateOptions = {}): Promise<Simulation> {
  return simulateProgram(await prepare(source, options.sourceMap), options);
}

/** The same for a program that is read already. */
export function simulateProgram(
  program: Program,
  options: SimulateOptions,
  deciders = decidersOf(program, options),
): Promise<Simulation> {
  return new Run(program, options, deciders).toEnd();
}

/** Who decides in a run. */
export interface Deciders {
  seed: number;
  chooser: Chooser | null;
  drawer: Drawer;
}

/** What the options say of it. @throws E_INVALID_OPTION, E_OTHER_MODULE */
function decidersOf(program: Program, { policy = "fifo", schedule, seed = 1 }: SimulateOptions): Deciders {
  if (!Number.isSafeInteger(seed)) {
    throw new FibersError("E_INVALID_OPTION", `seed is a whole number, and got ${String(seed)}`);
  }
  if (schedule === undefined) {
    return { seed, chooser: policyOf(policy).begin(seed), drawer: drawAtRandom(seed) };
  }
  const repeated = parseSchedule(program, schedule);
  return {
    seed: repeated.seed,
    chooser: replay(repeated.choices).begin(repeated.seed),
    drawer: drawAgain(repeated.draws),
  };
}

/** Events of one step, at most. */
const STEP_EVENTS = 1 << 12;

/** Not the program's failures. */
const MISUSE: ReadonlySet<string> = new Set(["E_NO_EXPORT", "E_INVALID_ARGUMENT", "E_UNSUPPORTED_TYPE"]);

class Run {
  readonly #program: Program;
  readonly #options: SimulateOptions;
  readonly #seed: number;
  readonly #driver: VirtualDriver;
  readonly #watcher: Watcher;
  /** What the program has written to `console`. */
  readonly #lines: string[] = [];
  #isPlaying = false;
  #onIdle = () => {};

  constructor(program: Program, options: SimulateOptions, { seed, chooser, drawer }: Deciders) {
    const { stdin = "", latency, window, hosts, faults, steps = false } = options;
    this.#program = program;
    this.#options = options;
    this.#seed = seed;
    this.#watcher = new Watcher(chooser, drawer, options.traceEvents || (steps ? STEP_EVENTS : 0), steps);
    this.#driver = virtualDriver({
      seed: this.#seed,
      stdin,
      choose: this.#watcher.choose,
      draw: this.#watcher.draw,
      onIdle: () => this.#onIdle(),
      ...(latency === undefined ? {} : { latency }),
      ...(window === undefined ? {} : { window }),
      ...(hosts ? { hosts } : {}),
      ...(faults ? { faults } : {}),
    });
    this.#watcher.follow(this.#driver);
  }

  async toEnd(): Promise<Simulation> {
    // The world begins with the program.
    let begin = () => {};
    this.#driver.hold(new Promise<void>((resolve) => (begin = resolve)));
    const app = await this.#load();
    const { sites } = this.#program.section;
    const view = { fibers: () => this.#watcher.fibers(), stackOf: (pointer: number) => app.framesOf(pointer) };
    const recorder = new StepRecorder(view, sites);
    if (this.#options.steps) this.#watcher.recorder = recorder;
    const { entry = "main", args = [] } = this.#options;
    const called = app.exports[entry] as (...values: PlainValue[]) => Promise<PlainValue | undefined>;
    let value: PlainValue | undefined;
    let failure: Error | undefined;
    // A standstill; unless the world around goes on, which the driver does not know.
    this.#onIdle = () => {
      if (!this.#isPlaying) app.assertIdle();
    };
    try {
      const playing = this.#play().then(() => this.#onIdle());
      const returning = called(...args);
      begin();
      [value] = await Promise.all([returning, playing]);
    } catch (error) {
      failure = error as Error;
    }
    const time = this.#driver.now() / 1e6;
    const { switches } = app;
    const { hash, events, names, choices, draws } = this.#watcher;
    // What closing does is no part of the run.
    const schedule = formatSchedule(this.#program, { seed: this.#seed, choices, draws });
    this.#watcher.collect();
    const made = this.#options.traceEvents ? [...events] : [];
    this.#watcher.recorder = undefined;
    this.#onIdle = () => {};
    await app.close().catch((error: unknown) => (failure ??= error as Error));
    if (failure && MISUSE.has((failure as FibersError).code)) throw failure;
    const stdout = this.#driver.output;
    const { warnings } = app;
    return {
      value,
      failure,
      stdout,
      time,
      switches,
      hash,
      schedule,
      console: this.#lines,
      warnings,
      events: made,
      names,
      sites,
      steps: recorder.steps,
      faults: this.#driver.network.drawnFaults,
    };
  }

  #load(): Promise<App> {
    const { imports = {}, leaks = "ignore", stackLimit } = this.#options;
    const { module, section, sourceMap } = this.#program;
    return load(module, {
      driver: this.#driver,
      leaks,
      onUnobserved: () => {},
      imports: simulatedImports(answeringImports(imports, section.suspendingImports, this.#driver, this.#seed), {
        now: () => this.#driver.now(),
        log: (line) => this.#lines.push(line),
        guest: () => this.#watcher.guest,
      }),
      wasi: this.#watcher.meet(),
      ...(sourceMap === null ? {} : { sourceMap }),
      ...(stackLimit === undefined ? {} : { stackLimit }),
    });
  }

  async #play(): Promise<void> {
    const { during } = this.#options;
    if (!during) return;
    this.#isPlaying = true;
    try {
      await during(this.#driver);
    } finally {
      this.#isPlaying = false;
    }
  }
}

/** `Trial`: one entry of a program, its arguments and input, and what is right: the same in each of the runs that are compared. */
import { FibersError } from "../errors.ts";
import type { PlainValue } from "../values.ts";
import type { Base } from "./frontier.ts";
import { requirePure } from "./imports.ts";
import type { Program } from "./program.ts";
import type { Finding } from "./report.ts";
import { formatSchedule, parseSchedule } from "./schedule.ts";
import { confirm, type Failing } from "./replay.ts";
import { shrink } from "./shrink.ts";
import { type Fault, type Pause, Stepper, type StepperOptions } from "./stepper.ts";

/** What is run, and what is right. */
export interface TrialOptions {
  /** The export that is called; "main" by default. */
  entry?: string;
  /** Its arguments. */
  args?: PlainValue[];
  /** Says what is right when the entry has returned: throws, or returns false or what is wrong. */
  check?: Check;
  /** Switches after which a run is given up; 100,000 by default. */
  maxSwitches?: number;
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
  /** The most bytes of frames that one fiber may save; 64 KiB by default. */
  stackLimit?: number;
}

/** What a run whose entry has returned came to. */
export interface Returned {
  /** What the entry has returned. */
  value: PlainValue | undefined;
  /** What was printed. */
  stdout: string;
  /** Simulated milliseconds. */
  time: number;
}

/** Says what is right: throws, or returns false or what is wrong. */
export type Check = (run: Returned) => unknown;

const DEFAULT_STACK_LIMIT = 64 * 1024;

export class Trial {
  readonly program: Program;
  readonly #options: TrialOptions;
  readonly #stepperOptions: StepperOptions;

  /** @throws E_IMPURE_IMPORT */
  constructor(program: Program, options: TrialOptions) {
    this.program = program;
    this.#options = options;
    const { entry = "main", args = [], seed = 1, stdin = "", imports = {}, stackLimit = DEFAULT_STACK_LIMIT } = options;
    const { maxSwitches = 100_000 } = options;
    requirePure(imports);
    this.#stepperOptions = { entry, args, seed, stdin, imports, stackLimit, maxSwitches, traceEvents: 0 };
  }

  /** Loads the program, and stops where its entry begins. */
  async begin(): Promise<{ stepper: Stepper; root: Base }> {
    const stepper = await Stepper.begin(this.program, this.#stepperOptions);
    const state = stepper.save();
    if (state) return { stepper, root: { state, choices: 0, draws: 0, uses: Infinity } };
    throw new FibersError("E_INVALID_OPTION", "explore needs a program whose top-level statements do not wait");
  }

  /** What is wrong with a run that has ended; null: nothing. */
  judge(stepper: Stepper, { fault, value }: Pause & { kind: "end" }): Fault | null {
    if (fault && (fault.kind !== "leak" || this.#options.leaks === "error")) return fault;
    const { check } = this.#options;
    if (!check) return null;
    const { stdout, time } = stepper.instance;
    const message = complaintOf(check, { value, stdout, time });
    return message === null ? null : { kind: "check", code: "E_CHECK", message };
  }

  /** Makes a failing run smaller where that fails as well, and tells its steps. Ends the stepper. */
  async explain(found: Failing, stepper: Stepper, root: Base): Promise<Finding> {
    const failing = shrink(stepper, root.state, found, (pause) => this.judge(stepper, pause));
    const { seed } = this.#stepperOptions;
    const schedule = formatSchedule(this.program, { seed, ...failing.decisions });
    stepper.close();
    // By an instance of its own, and by what the text says: nothing of this search can have made the fault.
    const another = await Stepper.begin(this.program, { ...this.#stepperOptions, traceEvents: 1 << 16 });
    const decisions = parseSchedule(this.program, schedule);
    const confirmed = confirm(this.program, another, decisions, (pause) => this.judge(another, pause));
    another.close();
    if (confirmed.fault?.code !== failing.fault.code) {
      const message = `the schedule ${schedule} failed by ${failing.fault.code}, and run again by ${confirmed.fault?.code ?? "nothing"}: this program does not do the same each time`;
      throw new FibersError("E_NOT_DETERMINISTIC", message);
    }
    const { preemptions } = failing;
    return { ...confirmed, fault: confirmed.fault, schedule, preemptions };
  }
}

/** What a check says against a run; null when it is content. */
export function complaintOf(check: Check, run: Returned): string | null {
  try {
    const said = check(run);
    if (typeof said === "string") return said;
    return said === false ? "the check is false" : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * `Stepper`: runs an instance from choice to choice, and goes back to where it was before.
 *
 * - What a run does is the same as in `simulate` with the same decisions: completions are delivered when nothing is ready, or after as many
 *   switches.
 * - It stands still where several fibers are ready, and is told which one runs. A draw is made in the middle of a fiber's step, and cannot
 *   wait: so it is decided at once, by `onDraw`; and the run then stands still before the next switch, whoever is ready.
 */
import { readFailure } from "../abi.ts";
import { FiberRecords } from "../fiber-records.ts";
import { judgeTrap } from "../trap.ts";
import type { PlainValue } from "../values.ts";
import type { Drawer } from "./draws.ts";
import type { Program } from "./program.ts";
import { type InstanceOptions, type InstanceState, SteppedInstance, TURN_SWITCHES } from "./stepped-instance.ts";

export interface StepperOptions extends InstanceOptions {
  /** Switches after which a run is cut off. */
  maxSwitches: number;
}

/** What is wrong with a run. */
export interface Fault {
  kind: "failure" | "deadlock" | "unobserved" | "leak" | "check";
  code: string;
  message: string;
}

/** Why a run stands still: several fibers are ready; something was drawn since, and one is; or it is over. */
export type Pause =
  | { kind: "choice"; count: number }
  | { kind: "drawn" }
  | { kind: "switched" }
  | { kind: "cut" }
  | { kind: "end"; fault: Fault | null; failure: number; value: PlainValue | undefined };

/** All that a run is. */
export interface StepperState extends InstanceState {
  readonly left: number;
  readonly isInTurn: boolean;
}

/** Who draws until somebody else does. */
const drawFirst: Drawer = () => 0;

export class Stepper {
  /** Decides what is drawn. Not part of a state. */
  onDraw: Drawer = drawFirst;
  readonly #program: Program;
  readonly #options: StepperOptions;
  #instance!: SteppedInstance;
  #isSettled = false;
  #isInTurn = false;
  /** Switches that the turn may still make. */
  #left = 0;
  /** The next choice; -1: the run shall stop there. */
  #choice = -1;
  /** How many fibers are ready where it has stopped. */
  #count = 0;
  #runSwitches = 0;
  /** What has killed the instance, until it goes back to an earlier state. */
  #death: Fault | null = null;

  private constructor(program: Program, options: StepperOptions) {
    this.#program = program;
    this.#options = options;
  }

  /** Loads the program, runs its top-level statements, and starts the entry, which has not begun to run. */
  static async begin(program: Program, options: StepperOptions): Promise<Stepper> {
    const stepper = new Stepper(program, options);
    stepper.#instance = await SteppedInstance.load(program, options, {
      choose: (count) => stepper.#choose(count),
      draw: (count) => (stepper.#isSettled ? 0 : stepper.onDraw(count)),
      settle: () => void (stepper.#isSettled = true),
    });
    return stepper;
  }

  // --- states ---

  /** Where the run stands; null when the world around it cannot be copied. */
  save(): StepperState | null {
    const state = this.#instance.save();
    return state && { ...state, left: this.#left, isInTurn: this.#isInTurn };
  }

  /** Goes back there. */
  restore(state: StepperState): void {
    this.#instance.restore(state);
    this.#isSettled = false;
    this.#left = state.left;
    this.#isInTurn = state.isInTurn;
    this.#runSwitches = 0;
    this.#choice = -1;
    this.#death = null;
  }

  /** A number that tells states apart; null when the world around it cannot be copied. See `GuestState`. */
  fingerprint(): number | null {
    return this.#instance.fingerprint();
  }

  // --- running ---

  #choose(count: number): number {
    if (this.#isSettled) return 0;
    const choice = this.#choice;
    this.#choice = -1;
    if (choice < 0) this.#count = count;
    return choice;
  }

  /** Where several fibers are ready: which one runs. */
  choose(index: number): void {
    this.#choice = index;
  }

  /** Runs to the next choice, or to the end. @param switches pauses after so many, too */
  resume(switches = Infinity): Pause {
    while (true) {
      if (!this.#isInTurn) {
        this.#instance.deliver();
        this.#left = TURN_SWITCHES;
        this.#isInTurn = true;
      }
      this.#count = 0;
      const next = this.#turn(Math.min(this.#left, switches));
      if (this.#death) return { kind: "end", fault: this.#death, failure: 0, value: undefined };
      if (this.#count) return this.#count === 1 ? { kind: "drawn" } : { kind: "choice", count: this.#count };
      if (next === 0 && this.#left > 0) {
        if (switches !== Infinity) return { kind: "switched" };
        continue;
      }
      this.#isInTurn = false;
      if (this.#runSwitches > this.#options.maxSwitches) return { kind: "cut" };
      if (next !== 0 && this.#isSettled) return this.#end();
      // Not the time of an armed timer, when some are ready: only what was printed goes out.
      if (!this.#instance.advance(next)) return this.#standstill();
      if (switches !== Infinity) return { kind: "switched" };
    }
  }

  /** Takes a part of a turn; what it says about the next one. */
  #turn(switches: number): number {
    const { guest } = this.#instance;
    const before = guest.__fibers_count_switches();
    const stackPointer = guest.__fibers_stack_pointer?.value as number | undefined;
    try {
      return guest.__fibers_turn(Infinity, switches);
    } catch (error) {
      const verdict = judgeTrap(error, this.#program.section, guest);
      if (guest.__fibers_stack_pointer) guest.__fibers_stack_pointer.value = stackPointer;
      if (!verdict.isIsolated) {
        const message = `a trap (${verdict.code}: ${verdict.message}) left the allocator, the collector or the scheduler half way through a change`;
        this.#death = { kind: "failure", code: "E_INSTANCE_DEAD", message };
        return 0;
      }
      this.#instance.failures.failTrapped(verdict);
      this.#left = TURN_SWITCHES;
      return 0;
    } finally {
      const made = guest.__fibers_count_switches() - before;
      this.#left -= made;
      this.#runSwitches += made;
    }
  }

  /** Nothing can happen any more. When a fiber has failed before, and nobody has looked, that is why. */
  #standstill(): Pause {
    const unseen = this.#takeReport();
    if (unseen) return { kind: "end", fault: this.#faultOf("unobserved", unseen), failure: unseen, value: undefined };
    const message = "nothing can wake these fibers any more";
    return { kind: "end", fault: { kind: "deadlock", code: "E_DEADLOCK", message }, failure: 0, value: undefined };
  }

  #end(): Pause {
    const failure = this.#instance.callFailure;
    if (failure) return { kind: "end", fault: this.#faultOf("failure", failure), failure, value: undefined };
    const value = this.#instance.takeResult();
    const unseen = this.#takeReport();
    const fault = unseen ? this.#faultOf("unobserved", unseen) : this.#findLeak();
    return { kind: "end", fault, failure: unseen, value };
  }

  /** A failure that nobody has looked at; 0: there is none. */
  #takeReport(): number {
    return this.#instance.guest.__fibers_take_report(1) >>> 0;
  }

  #faultOf(kind: Fault["kind"], failure: number): Fault {
    const { code, message } = readFailure(this.#instance.guest.memory, failure);
    return { kind, code, message };
  }

  #findLeak(): Fault | null {
    const left = this.#instance.guest.__fibers_count();
    if (left <= 0) return null;
    return {
      kind: "leak",
      code: "E_LEAK",
      message: left === 1 ? "a fiber has not ended" : `${left} fibers have not ended`,
    };
  }

  // --- looking ---

  /** What runs. Not to be run by others. */
  get instance(): SteppedInstance {
    return this.#instance;
  }

  get switches(): number {
    return this.#runSwitches;
  }

  /** All fibers, what each waits for, and circles of them. */
  describe(): string {
    return this.#death ? "" : this.#instance.describe();
  }

  /** Addresses and names of the fibers that have not ended, by id. */
  fibers(): Map<number, { pointer: number; name: string }> {
    if (this.#death) return new Map();
    const { guest } = this.#instance;
    return new FiberRecords(guest.memory).namesFrom(guest.__fibers_list() >>> 0);
  }

  close(): void {
    this.#instance.close();
  }
}

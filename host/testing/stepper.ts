/**
 * `Stepper`: one instance in a simulated world, run from choice to choice without an event loop, that can go back to where it was before.
 *
 * What a run does is the same as in `simulate` with the same choices: completions are delivered when nothing is ready, or after as many
 * switches.
 */
import { type GuestExports, readFailure, START_PREFIX, TAKE_PREFIX } from "../abi.ts";
import { describeFibers, describeCircle } from "../dump.ts";
import type { Driver } from "../driver.ts";
import { type DriverState, type SteppedDriver, steppedDriver } from "../drivers/virtual.ts";
import { redZoneBytes } from "../engine-stack.ts";
import { FibersError } from "../errors.ts";
import { FailureReader } from "../failure-reader.ts";
import { instantiate } from "../imports.ts";
import { Inspector } from "../inspector.ts";
import { Operations } from "../operations.ts";
import type { ExportDescription } from "../section.ts";
import { SourceLocator } from "../stack-trace.ts";
import { judgeTrap } from "../trap.ts";
import { checkArguments, liftResult, type PlainValue, startWithArguments } from "../values.ts";
import { GuestState, type Snapshot } from "./guest-state.ts";
import { GuestTrace } from "./guest-trace.ts";
import { simulatedImports } from "./imports.ts";
import type { Program } from "./program.ts";

export interface StepperOptions {
  entry: string;
  args: PlainValue[];
  seed: number;
  stdin: string | Uint8Array;
  imports: WebAssembly.Imports;
  stackLimit: number;
  /** Switches after which a run is cut off. */
  maxSwitches: number;
  /** How many events of the trace are kept, a power of two; 0: none. */
  traceEvents: number;
}

/** What is wrong with a run. */
export interface Fault {
  kind: "failure" | "deadlock" | "unobserved" | "leak" | "check";
  code: string;
  message: string;
}

/** Why a run stands still: several fibers are ready; or it is over. */
export type Pause =
  | { kind: "choice"; count: number }
  | { kind: "switched" }
  | { kind: "cut" }
  | { kind: "end"; fault: Fault | null; failure: number; value: PlainValue | undefined };

/** All that a run is. */
export interface StepperState {
  readonly guest: Snapshot;
  /** null: the world is what it was at the beginning. */
  readonly driver: DriverState | null;
  readonly left: number;
  readonly isInTurn: boolean;
}

const TURN_SWITCHES = 10_000;
/** So many bytes of memory are there before anything runs: it then seldom grows. */
const WARM_BYTES = 2 << 20;

/** The operations of an instance whose world may be replaced. */
class ReplaceableOperations extends Operations {
  current: Operations = this;

  override submit(operation: Parameters<Operations["submit"]>[0]): number {
    return this.current === this ? super.submit(operation) : this.current.submit(operation);
  }
}

export class Stepper {
  readonly #program: Program;
  readonly #options: StepperOptions;
  readonly #failures: FailureReader;
  readonly #described: ExportDescription;
  readonly #operations: ReplaceableOperations;
  /** What the instance takes for its driver; behind it, the driver is replaced when the run goes back. */
  readonly #world: Driver;
  #driver!: SteppedDriver;
  #guest!: GuestExports;
  #state!: GuestState;
  #trace!: GuestTrace;
  #call = 0;
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
    const { section, sourceMap } = program;
    this.#program = program;
    this.#options = options;
    this.#failures = new FailureReader(new SourceLocator(() => sourceMap, section), section.sites);
    this.#described = findEntry(section.exports, options);
    const driver: Driver = {
      name: "virtual",
      turnBudget: Infinity,
      turnSwitches: TURN_SWITCHES,
      canGoOn: false,
      open() {},
      now: () => this.#driver.now(),
      random: () => this.#driver.random(),
      submit: (operation, bytes) => this.#driver.submit(operation, bytes),
      cancel: (operation) => this.#driver.cancel(operation),
      choose: (count) => this.#choose(count),
      soon() {},
      arm() {},
      close() {},
    };
    this.#operations = new ReplaceableOperations(driver);
    this.#world = driver;
  }

  /** Loads the program, runs its top-level statements, and starts the entry, which has not begun to run. */
  static async begin(program: Program, options: StepperOptions): Promise<Stepper> {
    const stepper = new Stepper(program, options);
    await stepper.#load();
    return stepper;
  }

  async #load(): Promise<void> {
    const { imports, stackLimit, seed, stdin, traceEvents } = this.#options;
    const { module, section } = this.#program;
    this.#driver = steppedDriver({ seed, stdin });
    this.#openWorld();
    const given = simulatedImports(imports, { now: () => this.#driver.now(), log() {}, guest: () => this.#guest });
    this.#guest = await instantiate(module, given, this.#world, this.#operations, {
      settle: () => void (this.#isSettled = true),
      trace: (stack) => this.#failures.noteTrace(stack),
      instance: (instance) => {
        this.#guest = instance.exports as unknown as GuestExports;
        this.#trace = new GuestTrace(this.#guest, 0, true);
      },
    });
    this.#failures.attach(this.#guest);
    const redZone = redZoneBytes();
    try {
      this.#guest.__fibers_start();
      this.#guest.__fibers_configure(stackLimit, redZone);
      this.#warm();
      this.#trace = new GuestTrace(this.#guest, traceEvents, true);
      this.#call = startWithArguments(this.#guest, this.#export(START_PREFIX), this.#described, this.#options.args);
    } catch (error) {
      throw this.#failures.startError(judgeTrap(error, section, this.#guest), error);
    }
    const areaBytes = ((stackLimit + 3) & ~3) + ((redZone + 3) & ~3);
    this.#state = new GuestState(this.#guest, section, areaBytes, this.#trace.range);
  }

  #warm(): void {
    this.#guest.__fibers_new_string(WARM_BYTES / 2);
    this.#guest.__fibers_release_strings();
    this.#guest.__fibers_collect();
    this.#guest.__fibers_collect();
  }

  #export(prefix: string): (...values: (number | bigint)[]) => number {
    const functions = this.#guest as unknown as Record<string, (...values: (number | bigint)[]) => number>;
    return functions[prefix + this.#described.name] as (...values: (number | bigint)[]) => number;
  }

  /** Lets the driver of this moment tell of completions. */
  #openWorld(): void {
    const driver = this.#driver;
    driver.open({
      complete: (operation, outcome, detail = 0) => {
        this.#operations.current.complete(operation, outcome, detail);
        driver.soon();
      },
      turn() {},
    });
  }

  // --- states ---

  /** Where the run stands; null when the world around it cannot be copied. */
  save(): StepperState | null {
    const driver = this.#driver.save();
    if (!driver) return null;
    return { guest: this.#state.save(), driver, left: this.#left, isInTurn: this.#isInTurn };
  }

  /** Goes back there. */
  restore({ guest, driver, left, isInTurn }: StepperState): void {
    const { seed, stdin } = this.#options;
    this.#state.restore(guest);
    this.#driver.close();
    this.#driver = steppedDriver({ seed, stdin }, driver ?? undefined);
    this.#operations.current = new Operations(this.#world);
    this.#operations.current.attach(this.#guest);
    this.#openWorld();
    this.#isSettled = false;
    this.#left = left;
    this.#isInTurn = isInTurn;
    this.#runSwitches = 0;
    this.#choice = -1;
    this.#death = null;
  }

  /** A number that tells states apart; null when the world around it cannot be copied. See `GuestState`. */
  fingerprint(): number | null {
    const driver = this.#driver.save();
    if (!driver) return null;
    return this.#state.fingerprint(wordsOf(driver));
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
        this.#operations.current.deliver();
        this.#left = TURN_SWITCHES;
        this.#isInTurn = true;
      }
      this.#count = 0;
      const next = this.#turn(Math.min(this.#left, switches));
      if (this.#death) return { kind: "end", fault: this.#death, failure: 0, value: undefined };
      if (this.#count) return { kind: "choice", count: this.#count };
      if (next === 0 && this.#left > 0) {
        if (switches !== Infinity) return { kind: "switched" };
        continue;
      }
      this.#isInTurn = false;
      if (this.#runSwitches > this.#options.maxSwitches) return { kind: "cut" };
      if (next !== 0 && this.#isSettled) return this.#end();
      // Not the time of an armed timer, when some are ready: only what was printed goes out.
      if (!this.#driver.advance(next)) return this.#standstill();
      if (switches !== Infinity) return { kind: "switched" };
    }
  }

  /** Takes a part of a turn; what it says about the next one. */
  #turn(switches: number): number {
    const guest = this.#guest;
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
      this.#failures.failTrapped(verdict);
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
    const unseen = this.#guest.__fibers_take_report(1) >>> 0;
    if (unseen) return { kind: "end", fault: this.#faultOf("unobserved", unseen), failure: unseen, value: undefined };
    const message = "nothing can wake these fibers any more";
    return { kind: "end", fault: { kind: "deadlock", code: "E_DEADLOCK", message }, failure: 0, value: undefined };
  }

  #end(): Pause {
    const guest = this.#guest;
    const failure = guest.__fibers_call_failure(this.#call) >>> 0;
    if (failure) return { kind: "end", fault: this.#faultOf("failure", failure), failure, value: undefined };
    const { result } = this.#described;
    let value;
    if (result === "void") guest.__fibers_release_call(this.#call);
    else value = liftResult(guest, result, this.#export(TAKE_PREFIX)(this.#call));
    const unseen = guest.__fibers_take_report(1) >>> 0;
    const fault = unseen ? this.#faultOf("unobserved", unseen) : this.#findLeak();
    return { kind: "end", fault, failure: unseen, value };
  }

  #faultOf(kind: Fault["kind"], failure: number): Fault {
    const { code, message } = readFailure(this.#guest.memory, failure);
    return { kind, code, message };
  }

  #findLeak(): Fault | null {
    const left = this.#guest.__fibers_count();
    return left > 0
      ? {
          kind: "leak",
          code: "E_LEAK",
          message: left === 1 ? "a fiber has not ended" : `${left} fibers have not ended`,
        }
      : null;
  }

  // --- looking ---

  get stdout(): string {
    return this.#driver.output;
  }

  /** Simulated milliseconds. */
  get time(): number {
    return this.#driver.now() / 1e6;
  }

  get switches(): number {
    return this.#runSwitches;
  }

  get trace(): GuestTrace {
    return this.#trace;
  }

  get guest(): GuestExports {
    return this.#guest;
  }

  get failures(): FailureReader {
    return this.#failures;
  }

  /** All fibers, what each waits for, and circles of them. */
  describe(): string {
    if (this.#death) return "";
    const inspection = this.#inspector().inspect(true);
    const circles = inspection.graph.findCircles();
    return [describeFibers(inspection), ...circles.map((circle) => describeCircle(circle, inspection))].join("\n");
  }

  #inspector(): Inspector {
    return new Inspector(this.#guest, this.#failures, this.#program.section.sites, {
      now: () => this.#driver.now(),
      handleOf: (slot) => this.#operations.current.handleOf(slot),
    });
  }

  /** Addresses and names of the fibers that have not ended, by id. */
  fibers(): Map<number, { pointer: number; name: string }> {
    if (this.#death) return new Map();
    return new Map(
      this.#inspector()
        .fibers()
        .map(({ id, pointer, name }) => [id, { pointer, name }]),
    );
  }

  close(): void {
    this.#driver.close();
  }
}

function findEntry(functions: ExportDescription[], { entry, args }: StepperOptions): ExportDescription {
  const found = functions.find(({ name }) => name === entry);
  if (!found) {
    const known = functions.map(({ name }) => name).join(", ") || "nothing";
    throw new FibersError(
      "E_NO_EXPORT",
      `the module exports no function ${JSON.stringify(entry)}; it exports ${known}`,
    );
  }
  checkArguments(found, args);
  return found;
}

/** What tells states of the world apart. */
function wordsOf({ clock, random, output, printed }: DriverState): Uint32Array {
  const text = Buffer.concat(output);
  const words = new Uint32Array(5 + Math.ceil(text.length / 4));
  words.set([clock >>> 0, clock / 2 ** 32, random, printed.length, text.length]);
  new Uint8Array(words.buffer).set(text, 20);
  return words;
}

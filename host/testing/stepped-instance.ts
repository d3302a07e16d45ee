/**
 * `SteppedInstance`: an instance in a simulated world without an event loop, of which the whole state can be copied, and put back.
 *
 * It knows nothing of runs: see stepper.ts.
 */
import { Choosing, type GuestExports, START_PREFIX, TAKE_PREFIX } from "../abi.ts";
import { describeCircle, describeFibers } from "../dump.ts";
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
import { refusingImports, simulatedImports } from "./imports.ts";
import type { Program } from "./program.ts";

export interface InstanceOptions {
  entry: string;
  args: PlainValue[];
  seed: number;
  stdin: string | Uint8Array;
  imports: WebAssembly.Imports;
  stackLimit: number;
  /** How many events of the trace are kept, a power of two; 0: none. */
  traceEvents: number;
}

/** Who decides, and who is told that the entry has ended. */
export interface Decider {
  choose(count: number): number;
  draw(count: number): number;
  settle(): void;
}

export interface InstanceState {
  readonly guest: Snapshot;
  /** null: the world is what it was at the beginning. */
  readonly driver: DriverState | null;
}

/** Switches of a turn, as a simulated driver has them. */
export const TURN_SWITCHES = 10_000;
/** So many bytes of memory are there before anything runs: it then seldom grows. */
const WARM_BYTES = 2 << 20;

/** The operations of an instance whose world may be replaced. */
class ReplaceableOperations extends Operations {
  current: Operations = this;

  override submit(operation: Parameters<Operations["submit"]>[0]): number {
    return this.current === this ? super.submit(operation) : this.current.submit(operation);
  }
}

export class SteppedInstance {
  readonly failures: FailureReader;
  readonly #program: Program;
  readonly #options: InstanceOptions;
  readonly #described: ExportDescription;
  readonly #operations: ReplaceableOperations;
  /** What the instance takes for its driver; behind it, the driver is replaced when a run goes back. */
  readonly #world: Driver;
  #driver!: SteppedDriver;
  #guest!: GuestExports;
  #state!: GuestState;
  #trace!: GuestTrace;
  #call = 0;

  private constructor(program: Program, options: InstanceOptions, decider: Decider) {
    const { section, sourceMap } = program;
    this.#program = program;
    this.#options = options;
    this.failures = new FailureReader(new SourceLocator(() => sourceMap, section), section.sites);
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
      choose: (count) => decider.choose(count),
      draw: (count) => decider.draw(count),
      soon() {},
      arm() {},
      close() {},
    };
    this.#operations = new ReplaceableOperations(driver);
    this.#world = driver;
  }

  /** Loads the program, runs its top-level statements, and starts the entry, which has not begun to run. */
  static async load(program: Program, options: InstanceOptions, decider: Decider): Promise<SteppedInstance> {
    const instance = new SteppedInstance(program, options, decider);
    await instance.#load(decider);
    return instance;
  }

  async #load(decider: Decider): Promise<void> {
    const { imports, stackLimit, seed, stdin, traceEvents } = this.#options;
    const { module, section } = this.#program;
    this.#driver = steppedDriver({ seed, stdin });
    this.#openWorld();
    const given = simulatedImports(refusingImports(imports, section.suspendingImports), {
      now: () => this.#driver.now(),
      log() {},
      guest: () => this.#guest,
    });
    this.#guest = await instantiate(module, given, this.#world, this.#operations, {
      settle: () => decider.settle(),
      trace: (stack) => this.failures.noteTrace(stack),
      instance: (instance) => {
        this.#guest = instance.exports as unknown as GuestExports;
        this.#trace = new GuestTrace(this.#guest, 0, Choosing.ALL);
      },
    });
    this.failures.attach(this.#guest);
    const redZone = redZoneBytes();
    try {
      this.#guest.__fibers_start();
      this.#guest.__fibers_configure(stackLimit, redZone);
      this.#warm();
      this.#trace = new GuestTrace(this.#guest, traceEvents, Choosing.ALL);
      this.#call = startWithArguments(this.#guest, this.#export(START_PREFIX), this.#described, this.#options.args);
    } catch (error) {
      throw this.failures.startError(judgeTrap(error, section, this.#guest), error);
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

  /** null when the world around it cannot be copied. */
  save(): InstanceState | null {
    const driver = this.#driver.save();
    return driver && { guest: this.#state.save(), driver };
  }

  /** Goes back there. */
  restore({ guest, driver }: InstanceState): void {
    const { seed, stdin } = this.#options;
    this.#state.restore(guest);
    this.#driver.close();
    this.#driver = steppedDriver({ seed, stdin }, driver ?? undefined);
    this.#operations.current = new Operations(this.#world);
    this.#operations.current.attach(this.#guest);
    this.#openWorld();
  }

  /** A number that tells states apart; null when the world around it cannot be copied. See `GuestState`. */
  fingerprint(): number | null {
    const driver = this.#driver.save();
    return driver && this.#state.fingerprint(wordsOf(driver));
  }

  // --- running ---

  /** Tells the program what has completed. */
  deliver(): void {
    this.#operations.current.deliver();
  }

  /** See `SteppedDriver`. */
  advance(deadline: number): boolean {
    return this.#driver.advance(deadline);
  }

  /** Why the entry has failed: the failure's address; 0: it has returned. */
  get callFailure(): number {
    return this.#guest.__fibers_call_failure(this.#call) >>> 0;
  }

  /** Takes what the entry has returned, and lets go of its call. */
  takeResult(): PlainValue | undefined {
    const { result } = this.#described;
    if (result !== "void") return liftResult(this.#guest, result, this.#export(TAKE_PREFIX)(this.#call));
    this.#guest.__fibers_release_call(this.#call);
    return undefined;
  }

  // --- looking ---

  get stdout(): string {
    return this.#driver.output;
  }

  /** Simulated milliseconds. */
  get time(): number {
    return this.#driver.now() / 1e6;
  }

  get trace(): GuestTrace {
    return this.#trace;
  }

  get guest(): GuestExports {
    return this.#guest;
  }

  /** All fibers, what each waits for, and circles of them. */
  describe(): string {
    const inspection = this.#inspector().inspect(true);
    const circles = inspection.graph.findCircles();
    return [describeFibers(inspection), ...circles.map((circle) => describeCircle(circle, inspection))].join("\n");
  }

  #inspector(): Inspector {
    return new Inspector(this.#guest, this.failures, this.#program.section.sites, {
      now: () => this.#driver.now(),
      handleOf: (slot) => this.#operations.current.handleOf(slot),
    });
  }

  close(): void {
    this.#driver.close();
  }
}

function findEntry(functions: ExportDescription[], { entry, args }: InstanceOptions): ExportDescription {
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

/** What `as-fibers run` does with --seed, --policy, --replay, --shrink and --trace: who runs next, and what is written about it. */
import { writeFileSync } from "node:fs";
import type { Compiled } from "../compile.ts";
import type { Driver } from "../driver.ts";
import type { VirtualDriverOptions } from "../drivers/virtual.ts";
import type { WasiHost } from "../load.ts";
import { chromeTrace } from "../testing/chrome-trace.ts";
import { drawAgain, drawAtRandom } from "../testing/draws.ts";
import { fifo, policyOf, replay } from "../testing/policies.ts";
import { prepare, type Program } from "../testing/program.ts";
import { formatSchedule, parseSchedule } from "../testing/schedule.ts";
import { shrinkRun, type ShrinkOptions } from "../testing/shrink-run.ts";
import { Watcher } from "../testing/watcher.ts";
import { UsageError } from "./usage-error.ts";

export const POLICIES = ["fifo", "random", "pct"] as const;

/** What was asked for. */
export interface ObservationOptions {
  seed?: number | undefined;
  policy?: (typeof POLICIES)[number] | undefined;
  /** A schedule. */
  replay?: string | undefined;
  /** Whether a run that fails is made smaller. */
  shrink?: boolean | undefined;
  /** The file that the trace is written to. */
  trace?: string | undefined;
}

/** Events of one turn: of 4 ms, or of 10,000 switches. */
const EVENTS_PER_TURN = 1 << 19;

/** The value of --seed. @throws UsageError */
export function parseSeed(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  throw new UsageError("E_INVALID_OPTION", `--seed got ${JSON.stringify(value)}`, "--seed is a whole number");
}

export class Observation {
  readonly #program: Program;
  readonly #watcher: Watcher;
  readonly #trace: string | undefined;
  readonly #seed: number;
  readonly #isChosen: boolean;
  readonly #compiled: Compiled | null;
  #input = "";

  private constructor(program: Program, options: ObservationOptions, compiled: Compiled) {
    const { seed, policy, replay: text, trace, shrink } = options;
    const repeated = text === undefined ? undefined : parseSchedule(program, text);
    this.#program = program;
    this.#trace = trace;
    this.#compiled = shrink ? compiled : null;
    this.#seed = repeated?.seed ?? seed ?? 1;
    this.#isChosen = policy !== undefined && policy !== "fifo";
    const chosen = repeated ? replay(repeated.choices) : policy ? policyOf(policy) : fifo();
    // Else it may be a real world, in which nothing is decided.
    const isSimulated = seed !== undefined || policy !== undefined || repeated;
    const drawer = repeated ? drawAgain(repeated.draws) : isSimulated ? drawAtRandom(this.#seed) : null;
    this.#watcher = new Watcher(chosen.begin(this.#seed), drawer, trace === undefined ? 0 : EVENTS_PER_TURN);
  }

  /** null: nothing was asked for. @throws E_OTHER_MODULE, E_INVALID_SCHEDULE_TEXT */
  static async begin(options: ObservationOptions, compiled: Compiled): Promise<Observation | null> {
    const isWanted = Object.values(options).some((value) => value !== undefined);
    if (!isWanted) return null;
    return new Observation(await prepare(compiled.binary, compiled.sourceMap), options, compiled);
  }

  /** For the driver `virtual`. */
  get driverOptions(): Pick<VirtualDriverOptions, "seed" | "choose" | "draw"> {
    return { seed: this.#seed, choose: this.#watcher.choose, draw: this.#watcher.draw };
  }

  /** For `load`. */
  get wasi(): WasiHost {
    return this.#watcher.meet();
  }

  /** Of the driver, before it is opened. */
  follow(driver: Driver): void {
    this.#watcher.follow(driver);
  }

  /** Keeps the standard input that the program was given, for runs that repeat it. */
  readonly keepInput = (input: string): string => (this.#input = input);

  /**
   * Main has ended: writes the trace, and, of a run that failed in an order that was chosen, how to repeat it; and a smaller one.
   * @param run what else it was run with
   */
  async end(hasFailed: boolean, run: Pick<ShrinkOptions, "args" | "leaks" | "stackLimit">): Promise<void> {
    const { choices, draws, events, names, lost } = this.#watcher;
    if (this.#trace !== undefined) {
      const { sites } = this.#program.section;
      writeFileSync(this.#trace, JSON.stringify(chromeTrace({ events, names, sites, lost })));
    }
    if (!hasFailed) return;
    const schedule = formatSchedule(this.#program, { seed: this.#seed, choices, draws });
    if (this.#isChosen) process.stderr.write(`as-fibers: the same again: --driver virtual --replay ${schedule}\n`);
    if (this.#compiled) await this.#tellSmaller(this.#compiled, { ...run, schedule });
  }

  async #tellSmaller({ binary, sourceMap }: Compiled, run: ShrinkOptions): Promise<void> {
    const { report } = await shrinkRun(binary, { ...run, sourceMap, stdin: this.#input });
    process.stderr.write(`\nas-fibers: a smaller run that fails:\n\n${report}\n`);
  }
}

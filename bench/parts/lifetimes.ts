/** What it costs to end fibers: to cancel one, to open and close a scope of many, to race two; and to look at all that wait. */
import { type App, load } from "as-fibers";
import { checkAtLeast, checkEqual } from "../check.ts";
import { atMost } from "../claim.ts";
import { contest } from "../contest.ts";
import { formatCount, formatNumber } from "../format.ts";
import { Guest, guestSource } from "../guest.ts";
import type { Part } from "../part.ts";
import * as effects from "../peers/effects.ts";

/** Fibers that are cancelled together: so few that they start and end in one turn. */
const SMALLEST_BATCH = 600;
const LARGEST_BATCH = 1_400;
const BATCH_STEP = 41;
const INTERRUPTED = 5_000;
const SCOPE_SIZE = 100;
const SCOPES = 100;
const RACES = 2_000;
const FORKS = 10_000;
const DUMPED = 10_000;
const NS_PER_MS = 1e6;

export const part: Part = {
  name: "lifetimes",
  title: "Cancel, scope, race, dump",
  async run() {
    const guest = await Guest.compile("lifetimes");
    const spawns = await Guest.compile("spawn");
    const timings = await contest(
      {
        cancel: { run: () => inBatches((count) => guest.call("cancelling", count)) },
        ask: { run: () => inBatches((count) => guest.call("asking", count)) },
        scope: { run: () => guest.call("scoping", SCOPE_SIZE, SCOPES) },
        race: { run: () => guest.call("racing", RACES) },
        fork: { run: () => spawns.call("returning", FORKS) },
        effectInterrupt: { run: () => effects.interrupting(INTERRUPTED) },
        effectScope: { run: () => effects.forking(SCOPE_SIZE, SCOPES / 2) },
        effectRace: { run: () => effects.racing(RACES) },
        effectFork: { run: () => effects.forkJoin(FORKS / 2) },
      },
      { rounds: 10, warmUp: 500 },
    );
    guest.close();
    spawns.close();
    const dumping = await Dumping.start();
    const { dump } = await contest({ dump: dumping }, { rounds: 8, samplesPerRound: 1 });
    await dumping.end();
    const ns = (timing: { median: number }) => formatNumber(timing.median, "ns");
    return {
      tables: [
        {
          caption: "ns",
          headers: ["what", "as-fibers", "Effect"],
          rows: [
            [
              "cancel one that waits and owes a cleanup, until it has ended",
              ns(timings.cancel),
              ns(timings.effectInterrupt),
            ],
            ["of this, the call of cancel", ns(timings.ask), ""],
            [`a scope of ${SCOPE_SIZE} fibers, from open to close`, ns(timings.scope), ns(timings.effectScope)],
            ["a race of two, whose loser waits", ns(timings.race), ns(timings.effectRace)],
            ["start, run and join", ns(timings.fork), ns(timings.effectFork)],
          ],
          notes: [
            `Effect: interruptAll of ${formatCount(INTERRUPTED)}, forEach with unbounded concurrency, race, forkChild and join.`,
          ],
        },
        {
          caption: "ms for a dump",
          headers: ["what", "ms"],
          rows: [[`${formatCount(DUMPED)} fibers that wait, with stacks`, formatNumber(dump.median / NS_PER_MS, "ms")]],
        },
      ],
      claims: [
        atMost("cancel, one cleanup", timings.cancel.median, 150, "ns"),
        atMost(`scope of ${SCOPE_SIZE}`, timings.scope.median, 15_000, "ns"),
        atMost("race of two", timings.race.median, 1_000, "ns"),
        atMost(`dump of ${formatCount(DUMPED)}`, dump.median / NS_PER_MS, 150, "ms"),
      ],
      data: { ...timings, dump },
    };
  },
};

/** Nanoseconds per fiber. Batches of one size would meet the collector in the same phase of its cycle, again and again. */
async function inBatches(run: (count: number) => Promise<number>): Promise<number> {
  let time = 0;
  let fibers = 0;
  for (let count = SMALLEST_BATCH; count <= LARGEST_BATCH; count += BATCH_STEP) {
    time += count * (await run(count));
    fibers += count;
  }
  return time / fibers;
}

/** Fibers that wait, and an app that tells what each does and where. It knows the source map, as programs have it that are debugged. */
class Dumping {
  readonly #app: App;

  private constructor(app: App) {
    this.#app = app;
  }

  static async start(): Promise<Dumping> {
    const { compile } = await import("as-fibers/compiler");
    const { binary, sourceMap } = await compile(guestSource("lifetimes"), {});
    const app = await load(binary, { sourceMap });
    checkEqual("fibers that wait", Number(await app.exports["stand"]?.(DUMPED)), DUMPED);
    return new Dumping(app);
  }

  /** Every fiber is told, and a line of the program where it waits. */
  check(): void {
    const places = this.#app.dump().match(/lifetimes\.ts:\d+/g) ?? [];
    checkAtLeast("places of fibers that the dump tells", places.length, DUMPED);
  }

  /** From the event loop, as whoever looks at a program that stands still: a dump reads the stack below it once for every fiber. */
  run(): Promise<number> {
    return new Promise((resolve) => setImmediate(() => resolve(this.#time())));
  }

  #time(): number {
    // This process looks up the source maps of JavaScript for each stack that it reads; those of users do not.
    process.setSourceMapsEnabled(false);
    const begin = performance.now();
    const { length } = this.#app.dump();
    const end = performance.now();
    process.setSourceMapsEnabled(true);
    checkAtLeast("characters of the dump", length, DUMPED);
    return (end - begin) * NS_PER_MS;
  }

  async end(): Promise<void> {
    checkEqual("fibers that have ended", Number(await this.#app.exports["leave"]?.()), DUMPED);
    this.#app.terminate();
  }
}

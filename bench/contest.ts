/**
 * A contest: contestants that do the same work, measured in one process so that their ratios mean something.
 *
 * - Each proves first, untimed, that it does what it claims: interleaving, counts, results.
 * - All are warmed for the same time, and once more by mitata before each group of samples.
 * - They take turns, round after round, in an order that rotates: what disturbs the machine disturbs all of them.
 * - The figure is the median of all samples.
 *
 * A contestant tells its own time: only it knows where making a million fibers ends and switching begins. mitata takes the samples, and
 * collects JavaScript's garbage before each group of them.
 */
import { measure } from "mitata";
import { quantile, sort } from "./statistics.ts";

export interface Contestant {
  /** Proves that it does what it claims. @throws when it does not */
  check?(): Promise<void> | void;
  /** One timed run. @returns nanoseconds per operation */
  run(): Promise<number> | number;
}

/** What was measured: nanoseconds per operation. */
export interface Timing {
  median: number;
  /** A quarter of the samples lie below. */
  low: number;
  /** A quarter of the samples lie above. */
  high: number;
  /** Round by round: with one sample per round, the same index in two timings means nearly the same moment. */
  samples: number[];
}

export interface ContestOptions {
  rounds?: number;
  samplesPerRound?: number;
  /** Milliseconds for each contestant. */
  warmUp?: number;
  /** Whether JavaScript's garbage is collected before each group of samples. */
  collect?: boolean;
}

/** Measures all contestants. @throws what their checks throw */
export async function contest<Name extends string>(
  contestants: Record<Name, Contestant>,
  { rounds = 5, samplesPerRound = 3, warmUp = 200, collect = true }: ContestOptions = {},
): Promise<Record<Name, Timing>> {
  const names = Object.keys(contestants) as Name[];
  for (const name of names) await contestants[name].check?.();
  for (const name of names) await warm(contestants[name], warmUp);
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of rotate(names, round)) {
      samples[name].push(...(await takeSamples(contestants[name], samplesPerRound, collect)));
    }
  }
  return Object.fromEntries(names.map((name) => [name, summarize(samples[name])])) as Record<Name, Timing>;
}

async function warm(contestant: Contestant, milliseconds: number): Promise<void> {
  const begin = performance.now();
  do await contestant.run();
  while (performance.now() - begin < milliseconds);
}

/** mitata reads a clock around each run; here that clock is moved on by what the contestant says. */
async function takeSamples(contestant: Contestant, count: number, collect: boolean): Promise<number[]> {
  let clock = 0;
  const run = async () => {
    clock += await contestant.run();
  };
  const { samples } = await measure(run, {
    now: () => clock,
    min_samples: count,
    max_samples: count,
    min_cpu_time: 0,
    // Never in batches: a run is long enough by itself.
    batch_threshold: -1,
    ...(collect ? {} : { gc: false }),
  });
  return samples;
}

/** Everybody is first once, everybody follows everybody. */
function rotate<T>(items: T[], by: number): T[] {
  const turned = [...items.slice(by % items.length), ...items.slice(0, by % items.length)];
  return Math.floor(by / items.length) % 2 ? turned.toReversed() : turned;
}

function summarize(samples: number[]): Timing {
  const sorted = sort(samples);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75), samples };
}

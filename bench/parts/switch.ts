/** What a switch costs: N fibers that yield in turn, with two live i32 each. */
import { checkEqual } from "../check.ts";
import { atMostTimes, type Claim } from "../claim.ts";
import { contest, type Contestant, type ContestOptions, type Timing } from "../contest.ts";
import { formatCount, formatNumber, formatOptional } from "../format.ts";
import { Guest } from "../guest.ts";
import type { Part } from "../part.ts";
import * as effects from "../peers/effects.ts";
import * as generators from "../peers/generators.ts";
import { type GoFigure, goFigures } from "../peers/go.ts";
import * as promises from "../peers/promises.ts";

interface Size {
  count: number;
  /** Yields of each fiber in one run. */
  rounds: number;
  options: ContestOptions;
  /** The same for Effect, which is slow; null: it is left out. */
  effect: { rounds: number; options: ContestOptions } | null;
}

const SIZES: Size[] = [
  { count: 2, rounds: 40_000, options: { rounds: 8, samplesPerRound: 5 }, effect: { rounds: 5_000, options: {} } },
  { count: 100, rounds: 800, options: { rounds: 8, samplesPerRound: 5 }, effect: { rounds: 100, options: {} } },
  {
    count: 100_000,
    rounds: 10,
    options: { rounds: 5, samplesPerRound: 2 },
    effect: { rounds: 2, options: { rounds: 1, warmUp: 0 } },
  },
  { count: 1_000_000, rounds: 4, options: { rounds: 3, samplesPerRound: 1, warmUp: 0 }, effect: null },
];

type Timings = Record<"fibers" | "generator" | "await", Timing> & { effect?: Timing };

export const part: Part = {
  name: "switch",
  title: "A switch",
  async run() {
    const go = goFigures();
    const data: Record<string, unknown> = {};
    const rows: string[][] = [];
    const claims: Claim[] = [];
    for (const size of SIZES) {
      const timings = await measure(size);
      const goFigure = go[`switch ${size.count}` as GoFigure];
      data[size.count] = { ...timings, go: goFigure };
      const { fibers, generator, await: awaited, effect } = timings;
      rows.push([
        formatCount(size.count),
        ...[fibers, generator, awaited].map(({ median }) => formatNumber(median, "ns")),
        formatOptional(effect?.median, "ns"),
        formatOptional(goFigure, "ns"),
      ]);
      claims.push(...claimsOf(size.count, fibers, generator, awaited));
    }
    return {
      tables: [
        {
          caption: "ns per switch",
          headers: ["fibers", "as-fibers", "generator", "await", "Effect", "Go"],
          rows,
          notes: [
            "A switch is: one fiber leaves, the next one runs. For a generator: next() and back to the loop that calls it.",
          ],
        },
      ],
      claims,
      data,
    };
  },
};

async function measure({ count, rounds, options, effect }: Size): Promise<Timings> {
  // An instance of its own for each size: the memory that a million fibers needed stays with it.
  const guest = await Guest.compile("switch");
  const timings = await contest(
    {
      fibers: { check: () => checkGuest(guest, count), run: () => timeGuest(guest, count, rounds) },
      generator: { check: () => generators.checkTurns(count), run: () => generators.switching(count, rounds) },
      await: { check: () => promises.checkTurns(count), run: () => promises.switching(count, rounds) },
    },
    options,
  );
  guest.close();
  if (!effect) return timings;
  const contestant: Contestant = {
    check: () => effects.checkTurns(count),
    run: () => effects.switching(count, effect.rounds),
  };
  return { ...timings, ...(await contest({ effect: contestant }, effect.options)) };
}

async function checkGuest(guest: Guest, count: number): Promise<void> {
  checkEqual(`runs out of turn of ${count} fibers`, await guest.call("misplaced", count), 0);
}

/** Beside the guest's own count of yields, the scheduler's count of switches must be what this program needs. */
async function timeGuest(guest: Guest, count: number, rounds: number): Promise<number> {
  const before = guest.app.switches;
  const time = await guest.call("switching", count, rounds);
  // Each fiber starts, and is resumed after its first yield and after each of the rounds; the main fiber starts, and returns from its join.
  checkEqual("switches", guest.app.switches - before, count * (rounds + 2) + 2);
  return time;
}

function claimsOf(count: number, fibers: Timing, generator: Timing, awaited: Timing): Claim[] {
  const figure = `switch, ${formatCount(count)} fibers`;
  const against = (name: string, timing: Timing, factor: number) =>
    atMostTimes(figure, fibers.median, factor, { name, measured: timing.median }, "ns");
  if (count === 2) return [against("await", awaited, 0.7), against("generator", generator, 1.8)];
  if (count === 100_000) return [against("await", awaited, 0.8)];
  return [];
}

/**
 * How long the collector stops a fiber that allocates steadily, beside 100,000 parked fibers that hold managed locals.
 *
 * The allocating fiber reads the clock after every object; a pause is the time between two reads, the 50 ns or so of allocation and clock
 * included. It never yields, so nothing else can lie between.
 */
import { checkEqual } from "../check.ts";
import { growsAtMost } from "../claim.ts";
import { formatCount, formatNumber } from "../format.ts";
import { Guest } from "../guest.ts";
import type { Part } from "../part.ts";
import { median, quantile, sort } from "../statistics.ts";

const PARKED = 100_000;
const OBJECTS = 2_000_000;
const RUNS = 5;

const NS_PER_MS = 1e6;

/** Of one run, in milliseconds. */
interface Pauses {
  p999: number;
  p9999: number;
  longest: number;
  mean: number;
}

export const part: Part = {
  name: "pauses",
  title: "Pauses by the collector",
  async run() {
    const without = await Guest.compile("pauses");
    const withFibers = await Guest.compile("pauses");
    checkEqual("parked fibers", await withFibers.call("park", PARKED), PARKED);
    await allocate(without);
    await allocate(withFibers);
    const runs: Record<"without" | "with", Pauses[]> = { without: [], with: [] };
    for (let run = 0; run < RUNS; run++) {
      runs.without.push(await allocate(without));
      runs.with.push(await allocate(withFibers));
    }
    checkEqual("locals lost by parked fibers", await withFibers.call("unpark"), 0);
    without.close();
    withFibers.close();
    const middle = (kind: "without" | "with", key: keyof Pauses) => median(runs[kind].map((run) => run[key]));
    const row = (name: string, kind: "without" | "with") => [
      name,
      ...(["p999", "p9999", "longest"] as const).map((key) => formatNumber(middle(kind, key), "ms")),
      formatNumber(middle(kind, "mean") * NS_PER_MS, "ns"),
    ];
    return {
      tables: [
        {
          caption: `Pauses while allocating ${formatCount(OBJECTS)} small objects, in ms; medians of ${RUNS} runs`,
          headers: ["beside", "p99.9", "p99.99", "longest", "mean, in ns"],
          rows: [row("nothing", "without"), row(`${formatCount(PARKED)} parked, 6 managed locals each`, "with")],
        },
      ],
      claims: [
        growsAtMost(
          `pauses, p99.9, ${formatCount(PARKED)} parked`,
          middle("with", "p999") - middle("without", "p999"),
          0.5,
          "ms",
        ),
      ],
      data: runs,
    };
  },
};

async function allocate(guest: Guest): Promise<Pauses> {
  const address = await guest.call("allocate", OBJECTS);
  const gaps = sort(new Uint32Array(guest.app.memory.buffer, address, OBJECTS));
  await guest.app.exports["release"]?.(address);
  const at = (q: number) => quantile(gaps, q) / NS_PER_MS;
  const mean = gaps.reduce((sum, gap) => sum + gap) / OBJECTS / NS_PER_MS;
  return { p999: at(0.999), p9999: at(0.9999), longest: at(1), mean };
}

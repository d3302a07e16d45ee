/** Part 2 of the showcase: a million fibers, and what a switch costs beside a generator and await. */
import { type PeerMeasurement, measureAwait, measureGenerators } from "./peers.ts";
import type { Screen } from "./screen.ts";
import type { ShowcaseProgram } from "./showcase-program.ts";

const MILLION = 1_000_000;
/** A million async functions take seconds and up to two gigabytes, so those are measured with fewer. */
const MANY = 100_000;

/** How often each yields: enough to measure, and together not more than a second. */
const YIELDS = { two: MILLION, many: 12, million: 12 };

/** The shortest of so many runs counts for two in turn: a run takes a few milliseconds. */
const RUNS = 3;

interface FiberMeasurement extends PeerMeasurement {
  nanosecondsPerStart: number;
  nanosecondsPerEnd: number;
  switches: number;
}

/** A row of the table; nanoseconds per switch, null where it was not measured. */
interface Row {
  name: string;
  two: number;
  many: number;
  million: number | null;
  bytesEach: number;
}

export async function showMillion(screen: Screen, program: ShowcaseProgram): Promise<void> {
  screen.heading(2, "A million fibers in one WebAssembly instance", "examples/million.ts");
  const million = await measureFibers(screen, program, MILLION, YIELDS.million);
  showSteps(screen, million);
  const rows = [
    await measureFiberRow(screen, program, million),
    await screen.during(() => "measuring generators …", measureGeneratorRow),
    await screen.during(() => "measuring await …", measureAwaitRow),
  ];
  showTable(screen, rows);
}

function showSteps(screen: Screen, measured: FiberMeasurement): void {
  const { bold, dim, green } = screen.colours;
  const step = (verb: string, count: number, noun: string, each: number, unit: string) =>
    `   ${green("✔")} ${verb.padEnd(9)}${bold(format(count).padStart(12))} ${noun.padEnd(26)}${bold(format(each).padStart(4))} ${dim(unit)}`;
  screen.write(
    step("started", MILLION, "fibers", measured.nanosecondsPerStart, "ns each"),
    step("switched", measured.switches, "times, in turn", measured.nanosecondsPerSwitch, "ns each"),
    step("held", measured.bytesEach * MILLION, "bytes, while all wait", measured.bytesEach, "bytes each"),
    step("ended", MILLION, "fibers", measured.nanosecondsPerEnd, "ns each"),
    "",
  );
}

function showTable(screen: Screen, rows: Row[]): void {
  const { bold, cyan, dim } = screen.colours;
  const line = (name: string, cells: string[]) => `   ${name.padEnd(20)}${cells.map((c) => c.padStart(13)).join("")}`;
  screen.write(dim(line("ns per switch", ["2 in turn", format(MANY), format(MILLION), "bytes each"])));
  rows.forEach(({ name, two, many, million, bytesEach }, i) => {
    const text = line(name, [ns(two), ns(many), million === null ? "–" : ns(million), format(bytesEach)]);
    screen.write(i ? text : bold(cyan(text)));
  });
  screen.write(
    "",
    dim("   A switch: one stops, and the next in the queue goes on. Each checks that it"),
    dim("   is its turn. –: a million async functions would take too much memory."),
  );
}

async function measureFiberRow(screen: Screen, program: ShowcaseProgram, million: FiberMeasurement): Promise<Row> {
  const many = await measureFibers(screen, program, MANY, YIELDS.many);
  let two = Infinity;
  for (let run = 0; run < RUNS; run++) {
    two = Math.min(two, (await measureFibers(screen, program, 2, YIELDS.two)).nanosecondsPerSwitch);
  }
  const { nanosecondsPerSwitch, bytesEach } = million;
  return { name: "fiber", two, many: many.nanosecondsPerSwitch, million: nanosecondsPerSwitch, bytesEach };
}

async function measureGeneratorRow(): Promise<Row> {
  const two = Array.from({ length: RUNS }, () => measureGenerators(2, YIELDS.two, false).nanosecondsPerSwitch);
  const many = measureGenerators(MANY, YIELDS.many, false);
  const million = measureGenerators(MILLION, YIELDS.million, true);
  return {
    name: "generator",
    two: Math.min(...two),
    many: many.nanosecondsPerSwitch,
    million: million.nanosecondsPerSwitch,
    bytesEach: million.bytesEach,
  };
}

async function measureAwaitRow(): Promise<Row> {
  let two = Infinity;
  for (let run = 0; run < RUNS; run++) {
    two = Math.min(two, (await measureAwait(2, YIELDS.two, false)).nanosecondsPerSwitch);
  }
  const many = await measureAwait(MANY, YIELDS.many, true);
  return { name: "await", two, many: many.nanosecondsPerSwitch, million: null, bytesEach: many.bytesEach };
}

/** Measures in an instance of its own; the program itself counts and checks. */
async function measureFibers(
  screen: Screen,
  program: ShowcaseProgram,
  count: number,
  yields: number,
): Promise<FiberMeasurement> {
  const app = await program.load();
  const total = count * yields;
  const activity = () => `${format(count)} fibers: ${format(app.switches)} of ${format(total)} switches`;
  try {
    const words = await screen.during(activity, async () => app.exports["million"]?.(count, yields));
    const [start = 0, switching = 0, switches = 0, end = 0, bytes = 0] = String(words).split(" ").map(Number);
    // The program's own count, and the scheduler's: the two must agree.
    if (app.switches < switches) throw new Error(`${app.switches} switches instead of ${switches}`);
    return {
      nanosecondsPerStart: start / count,
      nanosecondsPerSwitch: switching / switches,
      nanosecondsPerEnd: end / count,
      switches,
      bytesEach: Math.round(bytes / count),
    };
  } finally {
    app.terminate();
  }
}

function format(number: number): string {
  return Math.round(number).toLocaleString("en-US");
}

function ns(number: number): string {
  return number.toFixed(1);
}

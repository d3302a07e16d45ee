/**
 * What programs pay that use no fibers: three of them, built by plain asc and with the transform, compared in size and in time.
 *
 * Two sizes are compared, and they answer different questions. "Instrumentation" is what Asyncify adds to the same code, library included:
 * the asked limit is about that. "Whole module" is what the file grows by, which for a small program is mostly the library itself:
 * scheduler, timers, failures, the host's entry points, and a custom section.
 */
import { checkEqual, CheckError } from "../check.ts";
import { growsAtMost } from "../claim.ts";
import { contest, type Timing } from "../contest.ts";
import { formatNumber } from "../format.ts";
import { compileModule, Guest, type Module } from "../guest.ts";
import type { Part } from "../part.ts";
import { median } from "../statistics.ts";

/** What is added to a program that does nothing: the library alone. */
const EMPTY = "empty";

/** The programs, with arguments by which a run takes tens of milliseconds: calling an export then does not matter. */
const PROGRAMS = { nbody: 150_000, parser: 60, sort: 4 };
type Program = keyof typeof PROGRAMS;

/**
 * Runs go to several instances in turn: where its memory happens to lie makes one of them up to 10 % faster than another of the same build.
 * The numbers have no common divisor, so that over the rounds each instance of one build is compared with each of the other.
 */
const INSTANCES = { plain: 5, fibers: 6, again: 7 };

interface Size {
  /** The file, built by plain asc and with the transform. */
  plainBytes: number;
  wholeBytes: number;
  /** Program and library before Asyncify, and what it has added. */
  uninstrumentedBytes: number;
  addedBytes: number;
}

interface Comparison extends Size {
  plain: Timing;
  /** Other instances of the same plain build. */
  again: Timing;
  fibers: Timing;
}

export const part: Part = {
  name: "instrumentation",
  title: "Programs without fibers",
  async run() {
    const names = Object.keys(PROGRAMS) as Program[];
    const comparisons: [Program, Comparison][] = [];
    for (const name of names) comparisons.push([name, await compare(name)]);
    const { size: empty } = await build(EMPTY);
    const sizes: [string, Size][] = [[EMPTY, empty], ...comparisons];
    const worst = (of: (comparison: Comparison) => number) => Math.max(...comparisons.map(([, c]) => of(c)));
    const growth = (size: Size) => (100 * size.addedBytes) / size.uninstrumentedBytes;
    const slowdown = (c: Comparison) => slowdownOf(c.fibers, c.plain);
    const noise = (c: Comparison) => slowdownOf(c.again, c.plain);
    return {
      tables: [
        {
          caption: "Size in bytes",
          headers: ["program", "plain asc", "with transform", "instrumentation adds", "to"],
          rows: sizes.map(([name, size]) => [
            name,
            formatNumber(size.plainBytes, "bytes"),
            formatNumber(size.wholeBytes, "bytes"),
            `${formatNumber(size.addedBytes, "bytes")} (${formatNumber(growth(size), "%")} %)`,
            formatNumber(size.uninstrumentedBytes, "bytes"),
          ]),
          notes: [
            '"Instrumentation adds" is what Asyncify adds to program and library; the rest of the difference between the first two columns is the library itself and the module\'s description, whatever the size of the program. The line "empty" shows both for a program that does nothing.',
          ],
        },
        {
          caption: "CPU time per run in ms",
          headers: ["program", "plain asc", "with transform", "slower by", "noise"],
          rows: comparisons.map(([name, c]) => [
            name,
            formatNumber(c.plain.median / 1e6, "ms"),
            formatNumber(c.fibers.median / 1e6, "ms"),
            `${formatNumber(slowdown(c), "%")} %`,
            `${formatNumber(noise(c), "%")} %`,
          ]),
          notes: ["Noise: the same comparison between instances of the plain build."],
        },
      ],
      claims: [
        growsAtMost("instrumentation, size, worst of 3", worst(growth), 30, "%"),
        growsAtMost("instrumentation, CPU, worst of 3", worst(slowdown), 2, "%"),
      ],
      data: { [EMPTY]: empty, ...Object.fromEntries(comparisons) },
    };
  },
};

/** By how many percent one is slower: the median over pairs of runs that were made one after the other. */
function slowdownOf(timing: Timing, base: Timing): number {
  const ratios = timing.samples.map((sample, i) => sample / (base.samples[i] ?? NaN));
  return 100 * (median(ratios) - 1);
}

async function build(name: string): Promise<{ plain: Module; fibers: Module; size: Size }> {
  const source = `bench/plain/${name}.ts`;
  const plain = await compileModule(source, { fibers: false });
  const fibers = await compileModule(source);
  const size = { plainBytes: plain.binary.length, wholeBytes: fibers.binary.length, ...readReport(fibers.report) };
  return { plain, fibers, size };
}

async function compare(name: Program): Promise<Comparison> {
  const { plain, fibers, size } = await build(name);
  const argument = PROGRAMS[name];
  const guests = await makeAll(INSTANCES.fibers, () => Guest.load(fibers.file));
  const runs = {
    plain: inTurn(await makeAll(INSTANCES.plain, () => instantiatePlain(plain))),
    fibers: inTurn(guests.map((guest) => (value: number) => callFibers(guest, value))),
    again: inTurn(await makeAll(INSTANCES.again, () => instantiatePlain(plain))),
  };
  checkEqual(`${name}: its result with the transform`, await runs.fibers(argument), await runs.plain(argument));
  const timings = await contest(
    {
      plain: { run: () => time(() => runs.plain(argument)) },
      fibers: { run: () => time(() => runs.fibers(argument)) },
      again: { run: () => time(() => runs.again(argument)) },
    },
    { rounds: 31, samplesPerRound: 1, collect: false },
  );
  for (const guest of guests) guest.close();
  return { ...size, ...timings };
}

type Work = (argument: number) => Promise<number> | number;

/** Calls one instance after the other. */
function inTurn(instances: Work[]): Work {
  let calls = 0;
  return (argument) => (instances[calls++ % instances.length] as Work)(argument);
}

async function makeAll<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let i = 0; i < count; i++) made.push(await make());
  return made;
}

/** One call, in nanoseconds. */
async function time(call: () => Promise<number> | number): Promise<number> {
  // CPU time of this process: what other processes take does not count.
  const begin = process.cpuUsage();
  await call();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) * 1000;
}

async function callFibers(guest: Guest, argument: number): Promise<number> {
  return (await guest.app.exports["work"]?.(argument)) as number;
}

async function instantiatePlain({ binary }: Module): Promise<Work> {
  const abort = () => {
    throw new CheckError("a plain program has aborted");
  };
  const { instance } = await WebAssembly.instantiate(binary as BufferSource, { env: { abort } });
  return instance.exports["work"] as Work;
}

/** What the transform has printed: "… that adds 1234 bytes (5 %) to 6789". */
function readReport(report: string): { addedBytes: number; uninstrumentedBytes: number } {
  const match = /that adds (\d+) bytes \(\d+ %\) to (\d+)/.exec(report);
  if (!match) throw new CheckError(`the transform did not print the size that it added:\n${report}`);
  return { addedBytes: Number(match[1]), uninstrumentedBytes: Number(match[2]) };
}

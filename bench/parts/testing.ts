/** What `as-fibers/testing` reaches: schedules per second, a simulated day, and what an event of the trace costs. */
import { readFileSync } from "node:fs";
import { load, type VirtualDriver } from "as-fibers";
import { explore, simulate } from "as-fibers/testing";
import { checkEqual } from "../check.ts";
import { atMost, type Claim } from "../claim.ts";
import { contest } from "../contest.ts";
import { format, formatCount, formatNumber } from "../format.ts";
import { compileModule, Guest, guestSource } from "../guest.ts";
import type { Part } from "../part.ts";

const FIBERS = 3;
const STEPS = 5;
/** 15! / 5!³. */
const ALL_SCHEDULES = 756_756;
const SCHEDULES_PER_SECOND = 20_000;
const CONNECTIONS = 1_000;
const DAY_MS = 86_400_000;
const INTERVAL_MS = 300_000;
const SWITCHES = 200_000;
/** It runs, and it yields. */
const EVENTS_PER_SWITCH = 2;
const RING = 1 << 16;

export const part: Part = {
  name: "testing",
  title: "Schedules, simulated time, traces",
  async run() {
    const { off, on } = await measureTrace();
    const { binary } = await compileModule(guestSource("testing"));
    const all = await measureSchedules(binary, false);
    const reduced = await measureSchedules(binary, true);
    const day = await simulateDay(binary);
    const event = (on - off) / EVENTS_PER_SWITCH;
    return {
      tables: [
        {
          caption: `all schedules of ${FIBERS} fibers of ${STEPS} steps`,
          headers: ["how", "runs", "seconds", "runs/s"],
          rows: [row("every one to its end", all), row("states that were met before left out", reduced)],
        },
        {
          caption: `a simulated day of a server with ${formatCount(CONNECTIONS)} connections`,
          headers: ["answers", "seconds"],
          rows: [[formatCount(day.answers), day.seconds.toFixed(1)]],
        },
        {
          caption: "ns per switch of two fibers",
          headers: ["without a trace", "with", "per event"],
          rows: [[formatNumber(off, "ns"), formatNumber(on, "ns"), formatNumber(event, "ns")]],
          notes: ["Without a trace, the loop that runs has nothing of it: it is another function."],
        },
      ],
      claims: [
        atLeastPerSecond("schedules, none left out", all.runs / all.seconds, SCHEDULES_PER_SECOND),
        fewer("runs for all schedules", reduced.runs, ALL_SCHEDULES / 3),
        atMost(`a day of ${formatCount(CONNECTIONS)} connections`, day.seconds * 1000, 60_000, "ms"),
        atMost("an event of the trace", event, 5, "ns"),
      ],
      data: { all, reduced, day, trace: { off, on } },
    };
  },
};

interface Explored {
  runs: number;
  seconds: number;
}

function row(name: string, { runs, seconds }: Explored): string[] {
  return [name, formatCount(runs), seconds.toFixed(2), formatNumber(runs / seconds, "/s")];
}

async function measureSchedules(binary: Uint8Array, reduce: boolean): Promise<Explored> {
  const options = { entry: "steps", args: [FIBERS, STEPS], reduce, maxSchedules: ALL_SCHEDULES };
  const { schedules, pruned, complete, milliseconds } = await explore(binary, options);
  checkEqual("complete", Number(complete), 1);
  if (!reduce) checkEqual("schedules", schedules, ALL_SCHEDULES);
  return { runs: schedules + pruned, seconds: milliseconds / 1000 };
}

async function simulateDay(binary: Uint8Array): Promise<{ answers: number; seconds: number }> {
  const begin = performance.now();
  const { value, failure, time } = await simulate(binary, {
    entry: "server",
    args: [CONNECTIONS],
    latency: { mean: 20, min: 1 },
    during: ({ network }) => talk(network),
  });
  if (failure) throw failure;
  checkEqual("answers", value as number, CONNECTIONS * (DAY_MS / INTERVAL_MS));
  checkEqual("days", Math.floor(time / DAY_MS), 1);
  return { answers: value as number, seconds: (performance.now() - begin) / 1000 };
}

async function talk(network: VirtualDriver["network"]): Promise<void> {
  const clients = Array.from({ length: CONNECTIONS }, async (_, i) => {
    const peer = await network.connect(7000);
    await peer.pause((i * INTERVAL_MS) / CONNECTIONS);
    for (let at = 0; at < DAY_MS; at += INTERVAL_MS) {
      await peer.write("ping");
      checkEqual("bytes", (await peer.read(4)).length, 4);
      await peer.pause(INTERVAL_MS);
    }
    peer.close();
  });
  await Promise.all(clients);
}

async function measureTrace(): Promise<{ off: number; on: number }> {
  const { file } = await compileModule(guestSource("switch"));
  const off = await Guest.load(file);
  const app = await load(readFileSync(file), {
    wasi: {
      getImportObject: () => ({}),
      initialize(instance) {
        (instance.exports["__fibers_watch"] as (capacity: number, isChoosing: number) => number)(RING, 0);
      },
    },
  });
  const traced = async () => Number(await app.exports["switching"]?.(2, SWITCHES / 2));
  const timings = await contest(
    { off: { run: () => off.call("switching", 2, SWITCHES / 2) }, on: { run: traced } },
    { rounds: 8, samplesPerRound: 3 },
  );
  off.close();
  app.terminate();
  // A difference of a few nanoseconds: of the quickest samples, since whatever else runs on the machine only adds.
  return { off: Math.min(...timings.off.samples), on: Math.min(...timings.on.samples) };
}

function atLeastPerSecond(figure: string, measured: number, least: number): Claim {
  return {
    figure,
    asked: `>= ${format(least, "/s")}`,
    measured: format(measured, "/s"),
    ratio: measured / least,
    met: measured >= least,
  };
}

function fewer(figure: string, measured: number, limit: number): Claim {
  return {
    figure,
    asked: `<= ${formatCount(limit)}`,
    measured: formatCount(measured),
    ratio: measured / limit,
    met: measured <= limit,
  };
}

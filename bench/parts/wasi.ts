/**
 * as-fibers/wasi: what poll_oneoff costs when nothing is to be waited for, how late a millisecond's sleep is, and an echo over a
 * pre-opened socket. By poll(2), through koffi, and without.
 */
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { WASI } from "node:wasi";
import { createWasi } from "as-fibers/wasi";
import { CheckError, checkEqual } from "../check.ts";
import { Child } from "../child.ts";
import { atMost, type Claim } from "../claim.ts";
import { contest, type Contestant, type Timing } from "../contest.ts";
import { type Client, CONNECTIONS, EchoRun, MESSAGE_BYTES } from "../echo-run.ts";
import { formatCount, formatNumber } from "../format.ts";
import { compileModule, guestSource } from "../guest.ts";
import type { Part } from "../part.ts";
import type { answers as fibersAnswers } from "../servers/fibers.mjs";
import type { answers as wasiAnswers } from "../servers/wasi.mjs";
import { median, quantile, sort } from "../statistics.ts";
import type { Table } from "../table.ts";

const CALLS = 5_000;
const NAPS = 10_000;

const NS_PER_MS = 1e6;
const NS_PER_S = 1e9;

interface Measured {
  table: Table;
  claims: Claim[];
  data: unknown;
}

const WAYS = { poll: "as-fibers/wasi, koffi", atomics: "as-fibers/wasi, without" } as const;
type Way = keyof typeof WAYS;

export const part: Part = {
  name: "wasi",
  title: "WASI",
  async run() {
    const idle = await measureIdle();
    const naps = await measureNaps();
    const echo = await measureEcho();
    return {
      tables: [idle.table, naps.table, echo.table],
      claims: [...idle.claims, ...naps.claims, ...echo.claims],
      data: { idle: idle.data, naps: naps.data, echo: echo.data },
    };
  },
};

type Poll = (times: number, count: number) => number;

/** Calls in a loop of Wasm: a clock of 0 ns alone, or beside standard input, a pipe in which nothing is. */
async function measureIdle(): Promise<Measured> {
  const { binary } = await compileModule(guestSource("poll-oneoff"), { fibers: false });
  const module = new WebAssembly.Module(binary as BufferSource);
  const folder = mkdtempSync(path.join(tmpdir(), "as-fibers-bench-"));
  const pipe = path.join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const stdin = openSync(pipe, constants.O_RDWR);
  const hosts = {
    poll: await createWasi({ stdin, waiting: "poll" }),
    atomics: await createWasi({ stdin, waiting: "atomics" }),
    node: new WASI({ version: "preview1", stdin, returnOnExit: true }),
  };
  const programs = Object.entries(hosts).map(([name, host]) => {
    const instance = new WebAssembly.Instance(module, host.getImportObject() as WebAssembly.Imports);
    host.initialize(instance);
    return [name, instance.exports["poll"] as Poll] as const;
  });
  const contestants = (count: number) =>
    Object.fromEntries(programs.map(([name, poll]) => [name, pollingContestant(name, poll, count)]));
  try {
    const clock = (await contest(contestants(1))) as IdleTimings;
    const input = (await contest(contestants(2))) as IdleTimings;
    return { ...idleResult(clock, input), data: { clock, input } };
  } finally {
    hosts.poll.close();
    hosts.atomics.close();
    closeSync(stdin);
    rmSync(folder, { recursive: true });
  }
}

type IdleTimings = Record<Way | "node", Timing>;

function pollingContestant(name: string, poll: Poll, count: number): Contestant {
  return {
    run() {
      const begun = process.hrtime.bigint();
      const right = poll(CALLS, count);
      const ns = Number(process.hrtime.bigint() - begun);
      checkEqual(`poll_oneoff on ${name}: calls that report the clock alone`, right, CALLS);
      return ns / CALLS;
    },
  };
}

function idleResult(clock: IdleTimings, input: IdleTimings): Omit<Measured, "data"> {
  const row = (name: string, host: Way | "node") => [
    name,
    formatNumber(clock[host].median, "ns"),
    formatNumber(input[host].median, "ns"),
  ];
  return {
    table: {
      caption: "ns per poll_oneoff with a clock that is due",
      headers: ["host", "the clock", "and standard input, idle"],
      rows: [row(WAYS.poll, "poll"), row(WAYS.atomics, "atomics"), row("node:wasi", "node")],
      notes: [
        "Called by a loop in Wasm. node:wasi does not look at standard input beside a clock that is due; ours do.",
      ],
    },
    claims: [
      atMost("poll_oneoff, idle, koffi", input.poll.median, 2_000, "ns"),
      atMost("poll_oneoff, idle, without koffi", input.atomics.median, 15_000, "ns"),
    ],
  };
}

type WasiServer = Child<typeof wasiAnswers>;

function startServer(file: string, way: Way, ...words: string[]): WasiServer {
  return new Child<typeof wasiAnswers>("bench/servers/wasi.mjs", [file, way, ...words]);
}

/** A fiber that sleeps for 1 ms, by itself. */
async function measureNaps(): Promise<Measured> {
  const { file } = await compileModule(guestSource("naps"), { host: "wasi" });
  const late = { poll: await nap(file, "poll"), atomics: await nap(file, "atomics") };
  const early = (way: Way) => late[way].filter((ns) => ns < 0).length;
  const at = (way: Way, q: number) => quantile(late[way], q) / NS_PER_MS;
  const row = (way: Way) => [
    WAYS[way],
    ...[0.5, 0.99, 1].map((q) => formatNumber(at(way, q), "ms")),
    formatCount(early(way)),
  ];
  const claims = (Object.keys(late) as Way[]).flatMap((way) => {
    const figure = `1 ms asleep on WASI, ${way === "poll" ? "koffi" : "without"}`;
    const never: Claim = {
      figure: `${figure}, early`,
      asked: `none of ${formatCount(NAPS)}`,
      measured: formatCount(early(way)),
      ratio: null,
      met: early(way) === 0,
    };
    return [atMost(`${figure}, late, p50`, at(way, 0.5), 0.3, "ms"), never];
  });
  return {
    table: {
      caption: `How late ${formatCount(NAPS)} sleeps of 1 ms are, in ms, in a program on target wasi`,
      headers: ["host", "p50", "p99", "most", "early"],
      rows: [row("poll"), row("atomics")],
    },
    claims,
    data: { early: { poll: early("poll"), atomics: early("atomics") } },
  };
}

/** @returns by how many nanoseconds each sleep was late, sorted */
async function nap(file: string, way: Way): Promise<Float64Array> {
  const server = startServer(file, way, String(NAPS));
  try {
    const late = sort((await server.ask("output")).trim().split(" ").map(Number));
    checkEqual("sleeps", late.length, NAPS);
    if (late.some(Number.isNaN)) throw new CheckError("the program has printed something else than numbers");
    return late;
  } finally {
    await server.end();
  }
}

/** The program of the part `echo`, on either target. */
async function measureEcho(): Promise<Measured> {
  const onNode = await compileModule(guestSource("echo"));
  const onWasi = await compileModule(guestSource("echo"), { host: "wasi" });
  const client: Client = new Child("bench/clients/client.mjs");
  const servers = {
    poll: startServer(onWasi.file, "poll", "0"),
    atomics: startServer(onWasi.file, "atomics", "0"),
    node: new Child<typeof fibersAnswers>("bench/servers/fibers.mjs", [onNode.file]),
  };
  try {
    const runs = {
      poll: new EchoRun(client, servers.poll),
      atomics: new EchoRun(client, servers.atomics),
      node: new EchoRun(client, servers.node),
    };
    const timings = await contest(runs, { rounds: 6, samplesPerRound: 3, warmUp: 1500, collect: false });
    const row = (name: string, host: Way | "node") => [
      name,
      formatNumber(NS_PER_S / timings[host].median, "/s"),
      formatNumber(median(runs[host].cpu), "ns"),
    ];
    return {
      table: {
        caption: `Echoes of ${MESSAGE_BYTES} bytes per second, all ${CONNECTIONS} connections together`,
        headers: ["server", "echoes per second", "server's CPU, ns each"],
        rows: [row("target wasi, koffi", "poll"), row("target wasi, without", "atomics"), row("driver node", "node")],
        notes: ["The same program. On WASI it serves a socket that was opened before it started."],
      },
      claims: [],
      data: { timings, cpu: Object.fromEntries(Object.entries(runs).map(([name, { cpu }]) => [name, median(cpu)])) },
    };
  } finally {
    await Promise.all([client, ...Object.values(servers)].map((child) => child.end()));
  }
}

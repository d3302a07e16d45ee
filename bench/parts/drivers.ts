/**
 * The drivers beside each other, and beside Node's net: an echo over few and many connections, sleeps, a rest, idle connections; and what a
 * wait costs when many descriptors are idle. Servers and client are processes of their own, the client is the same for all.
 */
import { EventQueue, Interest, Mode } from "as-fibers/event-queue";
import { checkEqual } from "../check.ts";
import { Child } from "../child.ts";
import { atLeastTimes, atMost, atMostTimes, type Claim } from "../claim.ts";
import { contest } from "../contest.ts";
import { type Client, EchoRun, MESSAGE_BYTES } from "../echo-run.ts";
import { formatCount, formatNumber } from "../format.ts";
import { compileModule, guestSource } from "../guest.ts";
import type { Part } from "../part.ts";
import type { answers as driverAnswers } from "../servers/driver.mjs";
import type { answers as netAnswers } from "../servers/net.mjs";
import { median, quantile, sort } from "../statistics.ts";
import type { Table } from "../table.ts";

const NS_PER_S = 1e9;
const NS_PER_MS = 1e6;
/** Connections, and messages per run. */
const ECHOES = [
  { connections: 1, messages: 1_000 },
  { connections: 64, messages: 12_000 },
  { connections: 512, messages: 24_000 },
];
const NAPS = 10_000;
const REST_MS = 2_000;
const IDLE_CONNECTIONS = 5_000;
const IDLE_DESCRIPTORS = [10, 10_000] as const;
/** Waits per run: of poll fewer, each goes through all descriptors. */
const WAITS = { epoll: 2_000, poll: 50 };

type Server = Child<typeof driverAnswers>;

interface Measured {
  tables: Table[];
  claims: Claim[];
  data: unknown;
}

export const part: Part = {
  name: "drivers",
  title: "The drivers",
  async run() {
    const { file } = await compileModule(guestSource("drivers"));
    const start = (driver: string, way: "attached" | "blocking"): Server =>
      new Child<typeof driverAnswers>("bench/servers/driver.mjs", [file, driver, way]);
    const echo = await measureEcho(start);
    const idle = await measureIdle(start);
    const naps = await measureNaps(start);
    const rest = await measureRest(start);
    const waits = await measureWaits();
    const all = { echo, idle, naps, rest, waits };
    return {
      tables: Object.values(all).flatMap(({ tables }) => tables),
      claims: Object.values(all).flatMap(({ claims }) => claims),
      data: Object.fromEntries(Object.entries(all).map(([name, { data }]) => [name, data])),
    };
  },
};

type Start = (driver: string, way: "attached" | "blocking") => Server;

const SERVERS = {
  net: "Node's net",
  node: "driver node",
  epoll: "epoll, attached",
  epollBlocking: "epoll, blocking",
  poll: "poll, attached",
} as const;
type ServerName = keyof typeof SERVERS;
const SERVER_NAMES = Object.keys(SERVERS) as ServerName[];

async function measureEcho(start: Start): Promise<Measured> {
  const client: Client = new Child("bench/clients/client.mjs");
  const servers = {
    net: new Child<typeof netAnswers>("bench/servers/net.mjs", ["echo"]),
    node: start("node", "attached"),
    epoll: start("epoll", "attached"),
    epollBlocking: start("epoll", "blocking"),
    poll: start("poll", "attached"),
  };
  try {
    const rows: string[][] = [];
    const claims: Claim[] = [];
    const data: Record<string, unknown> = {};
    for (const load of ECHOES) {
      const runs = Object.fromEntries(
        SERVER_NAMES.map((name) => [name, new EchoRun(client, servers[name], load)]),
      ) as Record<ServerName, EchoRun>;
      const timings = await contest(runs, { rounds: 9, samplesPerRound: 1, warmUp: 600, collect: false });
      const rate = (name: ServerName) => NS_PER_S / timings[name].median;
      const p99 = (name: ServerName) => median(runs[name].p99);
      for (const name of SERVER_NAMES) {
        rows.push([
          formatCount(load.connections),
          SERVERS[name],
          formatNumber(rate(name), "/s"),
          formatNumber(p99(name), "ms"),
          formatNumber(median(runs[name].cpu), "ns"),
        ]);
      }
      data[load.connections] = Object.fromEntries(
        SERVER_NAMES.map((name) => [
          name,
          { rate: rate(name), p99: p99(name), cpu: median(runs[name].cpu), timing: timings[name] },
        ]),
      );
      if (load.connections === 1) continue;
      const figure = `epoll echo, ${load.connections}`;
      const net = (measured: number) => ({ name: "Node's net", measured });
      claims.push(
        atLeastTimes(figure, rate("epoll"), 1, net(rate("net")), "/s"),
        atMostTimes(`${figure}, p99`, p99("epoll"), 1.2, net(p99("net")), "ms"),
      );
    }
    const table: Table = {
      caption: `Echoes of ${MESSAGE_BYTES} bytes, one under way on each connection`,
      headers: ["connections", "server", "per second", "p99, ms", "server's CPU, ns each"],
      rows,
      notes: ["The client is one process of Node, the same for all servers, and as busy as they are."],
    };
    return { tables: [table], claims, data };
  } finally {
    await Promise.all([client, ...Object.values(servers)].map((child) => child.end()));
  }
}

/** What a server holds for a connection on which nothing happens. */
async function measureIdle(start: Start): Promise<Measured> {
  const bytes: Record<string, number> = {};
  for (const name of ["net", "node", "epoll", "poll"] as const) {
    const server =
      name === "net" ? new Child<typeof netAnswers>("bench/servers/net.mjs", ["echo"]) : start(name, "attached");
    const client: Client = new Child("bench/clients/client.mjs");
    try {
      const port = await server.ask("port");
      // What is made for the first connections only, tables that grow for instance.
      await client.ask("echo", { port, connections: 100, count: 2_000, bytes: MESSAGE_BYTES });
      const before = await server.ask("memory");
      await client.ask("hold", { port, connections: IDLE_CONNECTIONS });
      const after = await server.ask("memory");
      bytes[name] = (after.resident - before.resident) / IDLE_CONNECTIONS;
    } finally {
      await Promise.all([client.end(), server.end()]);
    }
  }
  const table: Table = {
    caption: `Resident bytes per idle connection, of ${formatCount(IDLE_CONNECTIONS)}; the program keeps a buffer of 4,096 for each`,
    headers: ["server", "bytes"],
    rows: Object.entries(bytes).map(([name, each]) => [SERVERS[name as ServerName], formatNumber(each, "bytes")]),
    notes: ["The system's own buffers are not counted. Node's net has no buffer while nothing comes."],
  };
  return { tables: [table], claims: [], data: bytes };
}

const NAPPERS = [
  ["epoll", "blocking"],
  ["epoll", "attached"],
  ["node", "attached"],
] as const;

/** A fiber that sleeps for 1 ms, again and again. */
async function measureNaps(start: Start): Promise<Measured> {
  const rows: string[][] = [];
  const claims: Claim[] = [];
  const data: Record<string, unknown> = {};
  for (const [driver, way] of NAPPERS) {
    const server = start(driver, way);
    try {
      const late = sort((await server.ask("naps", NAPS)).split(" ").map(Number));
      checkEqual("sleeps", late.length, NAPS);
      const early = late.filter((ns) => !(ns >= 0)).length;
      const [p50 = 0, p99 = 0, most = 0] = [0.5, 0.99, 1].map((q) => quantile(late, q) / NS_PER_MS);
      const name = `${driver}, ${way}`;
      rows.push([name, ...[p50, p99, most].map((ms) => formatNumber(ms, "ms")), formatCount(early)]);
      data[name] = { p50, p99, most, early };
      if (driver !== "epoll") continue;
      claims.push(atMost(`${name}: late, p99`, p99, 1, "ms"), never(`${name}: early`, early));
    } finally {
      await server.end();
    }
  }
  const table: Table = {
    caption: `How late ${formatCount(NAPS)} sleeps of 1 ms are, in ms`,
    headers: ["driver", "p50", "p99", "most", "early"],
    rows,
  };
  return { tables: [table], claims, data };
}

function never(figure: string, count: number): Claim {
  return {
    figure,
    asked: `none of ${formatCount(NAPS)}`,
    measured: formatCount(count),
    ratio: null,
    met: count === 0,
  };
}

/** A program that waits, and nothing else. */
async function measureRest(start: Start): Promise<Measured> {
  const cpu: Record<string, number> = {};
  for (const [driver, way] of NAPPERS) {
    const server = start(driver, way);
    try {
      cpu[`${driver}, ${way}`] = await server.ask("rest", REST_MS);
    } finally {
      await server.end();
    }
  }
  const table: Table = {
    caption: `Processor time of a program that waits for ${formatCount(REST_MS)} ms, with the process around it`,
    headers: ["driver", "ms"],
    rows: Object.entries(cpu).map(([name, ms]) => [name, formatNumber(ms, "ms")]),
  };
  const blocking = cpu["epoll, blocking"] ?? Infinity;
  return {
    tables: [table],
    claims: [atMost("epoll, blocking: CPU at rest", blocking, 5, "ms")],
    data: cpu,
  };
}

/** A wait that finds one descriptor ready, beside few and many that are idle. */
async function measureWaits(): Promise<Measured> {
  const medians: Record<string, Record<number, number>> = {};
  for (const backEnd of ["epoll", "poll"] as const) {
    const queues = await Promise.all(IDLE_DESCRIPTORS.map((count) => openIdle(backEnd, count)));
    const [few, many] = queues.map(({ queue }) => ({ run: () => timeWaits(queue, WAITS[backEnd]) }));
    if (!few || !many) throw new Error("bench: two queues");
    const timings = await contest({ few, many }, { rounds: 8, samplesPerRound: 3 });
    medians[backEnd] = { [IDLE_DESCRIPTORS[0]]: timings.few.median, [IDLE_DESCRIPTORS[1]]: timings.many.median };
    for (const { queue } of queues) queue.close();
  }
  const [few, many] = IDLE_DESCRIPTORS;
  const at = (name: string, count: number) => medians[name]?.[count] ?? NaN;
  const table: Table = {
    caption: "ns per wait that finds one descriptor ready, beside idle ones",
    headers: ["back end", ...IDLE_DESCRIPTORS.map((count) => `${formatCount(count)} idle`)],
    rows: Object.keys(medians).map((name) => [
      name,
      ...IDLE_DESCRIPTORS.map((count) => formatNumber(at(name, count), "ns")),
    ]),
  };
  const peer = { name: `with ${formatCount(few)}`, measured: at("epoll", few) };
  const claim = atMostTimes(`epoll wait, ${formatCount(many)} idle`, at("epoll", many), 1.2, peer, "ns");
  return { tables: [table], claims: [claim], data: medians };
}

async function openIdle(backEnd: "epoll" | "poll", count: number): Promise<{ queue: EventQueue }> {
  const queue = await EventQueue.open({ backEnd });
  // Nobody reads from the end that is written to: both ends of these are idle.
  for (let i = 0; i < count; i += 2) {
    const { reader, writer } = queue.pipe();
    queue.register(reader, i, Interest.READABLE, Mode.LEVEL);
    queue.register(writer, i + 1, Interest.READABLE, Mode.LEVEL);
  }
  const { reader, writer } = queue.pipe();
  queue.register(reader, count, Interest.READABLE, Mode.LEVEL);
  writer.write(new Uint8Array(1));
  return { queue };
}

function timeWaits(queue: EventQueue, count: number): number {
  const begun = process.hrtime.bigint();
  let events = 0;
  for (let i = 0; i < count; i++) events += queue.wait(0);
  const ns = Number(process.hrtime.bigint() - begun);
  checkEqual("events", events, count);
  return ns / count;
}

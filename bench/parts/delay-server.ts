/**
 * The delay server of the examples beside the same server over Node's http: how many requests it answers, and how late. Servers and the
 * client are processes of their own, the client is the same for both, and it compares every byte of the answers.
 */
import { checkAtLeast } from "../check.ts";
import { Child } from "../child.ts";
import type { answers as clientAnswers } from "../clients/client.mjs";
import { contest, type Timing } from "../contest.ts";
import { formatNumber } from "../format.ts";
import { compileModule } from "../guest.ts";
import type { Part } from "../part.ts";
import type { answers as serverAnswers } from "../servers/fibers.mjs";
import type { answers as peerAnswers } from "../servers/http.mjs";
import { median } from "../statistics.ts";

/** One kind of load: requests of this delay, in milliseconds, on so many connections that are kept. */
interface Load {
  delay: number;
  connections: number;
  count: number;
}

const AT_ONCE: Load = { delay: 0, connections: 64, count: 6_400 };
const DELAYED: Load = { delay: 50, connections: 256, count: 2_560 };

const NS_PER_MS = 1e6;
const NS_PER_S = 1e9;

type Client = Child<typeof clientAnswers>;
type Server = Child<typeof serverAnswers> | Child<typeof peerAnswers>;

export const part: Part = {
  name: "delay-server",
  title: "The delay server, over HTTP",
  async run() {
    const { file } = await compileModule("examples/delay-server.ts");
    const client: Client = new Child("bench/clients/client.mjs");
    const fibers = new Child<typeof serverAnswers>("bench/servers/fibers.mjs", [file]);
    const http = new Child<typeof peerAnswers>("bench/servers/http.mjs");
    try {
      const atOnce = await measure(client, { fibers, http }, AT_ONCE);
      const delayed = await measure(client, { fibers, http }, DELAYED);
      return {
        tables: [
          {
            caption: `GET /0/{text} on ${AT_ONCE.connections} connections that are kept`,
            headers: ["server", "requests/s", "p50, ms", "p99, ms", "server's CPU, ns each"],
            rows: rowsOf(atOnce, ({ rate, p50, p99, cpu }) => [
              formatNumber(rate, "/s"),
              formatNumber(p50, "ms"),
              formatNumber(p99, "ms"),
              formatNumber(cpu, "ns"),
            ]),
          },
          {
            caption: `GET /50/{text} on ${DELAYED.connections} connections: how many milliseconds later than 50`,
            headers: ["server", "least", "p50", "p99"],
            rows: rowsOf(delayed, ({ least, p50, p99 }) => [least, p50, p99].map((late) => formatNumber(late, "ms"))),
            notes: ["From the client's write to the last byte of the answer. The peer's least may be below 0."],
          },
        ],
        claims: [],
        data: { atOnce, delayed },
      };
    } finally {
      await Promise.all([client, fibers, http].map((child) => child.end()));
    }
  },
};

/** Medians of the runs. Latencies are what came on top of the delay, in milliseconds. */
interface Figures {
  timing: Timing;
  /** Requests per second. */
  rate: number;
  least: number;
  p50: number;
  p99: number;
  /** Nanoseconds of the server's processor time per request. */
  cpu: number;
}

async function measure(client: Client, servers: { fibers: Server; http: Server }, load: Load) {
  const fibers = new DelayRun(client, servers.fibers, load);
  const http = new DelayRun(client, servers.http, load);
  const timings = await contest({ fibers, http }, { rounds: 4, samplesPerRound: 3, warmUp: 1500, collect: false });
  checkAtLeast("earliest answer of as-fibers, in ms after it was due", Math.min(...fibers.least), 0);
  return { fibers: fibers.summarize(timings.fibers), http: http.summarize(timings.http) };
}

function rowsOf({ fibers, http }: { fibers: Figures; http: Figures }, cells: (figures: Figures) => string[]) {
  return [
    ["as-fibers, driver node", ...cells(fibers)],
    ["Node's http", ...cells(http)],
  ];
}

/** One server under one kind of load. */
class DelayRun {
  readonly #client: Client;
  readonly #server: Server;
  readonly #load: Load;
  readonly least: number[] = [];
  readonly #p50: number[] = [];
  readonly #p99: number[] = [];
  readonly #cpu: number[] = [];

  constructor(client: Client, server: Server, load: Load) {
    this.#client = client;
    this.#server = server;
    this.#load = load;
  }

  /** @returns nanoseconds per request */
  async run(): Promise<number> {
    const { delay, count } = this.#load;
    const port = await this.#server.ask("port");
    const before = await this.#server.ask("cpu");
    const { milliseconds, latency } = await this.#client.ask("get", { port, ...this.#load });
    const after = await this.#server.ask("cpu");
    this.least.push(latency.least - delay);
    this.#p50.push(latency.p50 - delay);
    this.#p99.push(latency.p99 - delay);
    this.#cpu.push(((after - before) * NS_PER_MS) / count);
    return (milliseconds * NS_PER_MS) / count;
  }

  summarize(timing: Timing): Figures {
    const [least, p50, p99, cpu] = [this.least, this.#p50, this.#p99, this.#cpu].map(median) as [
      number,
      number,
      number,
      number,
    ];
    return { timing, rate: NS_PER_S / timing.median, least, p50, p99, cpu };
  }
}

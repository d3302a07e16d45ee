/**
 * Ten thousand connections at once: each sends one request to a delay server, with a delay so long that all of them wait at the same
 * time. The server counts those that wait; after that moment the client says that none was answered. Then all are, none early.
 *
 * Each server is a fresh process. Its memory is read, after collections, before the first connection and while all of them wait.
 */
import { checkAtLeast, checkEqual } from "../check.ts";
import { Child } from "../child.ts";
import type { answers as clientAnswers } from "../clients/client.mjs";
import { formatCount, formatNumber } from "../format.ts";
import { compileModule } from "../guest.ts";
import type { Part } from "../part.ts";
import type { answers as serverAnswers } from "../servers/fibers.mjs";
import type { answers as httpAnswers } from "../servers/http.mjs";
import type { answers as netAnswers } from "../servers/net.mjs";
import type { Memory } from "../servers/usage.mjs";

const CONNECTIONS = 10_000;
const WARM_UP = 200;
/** Milliseconds: all requests must have been read, and the server's memory too, before the first of them is due. */
const DELAY = 10_000;
/** Milliseconds that the server waits for a request: connecting so many takes a while. */
const IDLE = 120_000;

type Server = Child<typeof serverAnswers> | Child<typeof httpAnswers> | Child<typeof netAnswers>;

/** What one server needed. */
interface Crowd {
  /** Bytes per connection. */
  memory: Memory;
  /** From the first to the last connection that stood, in seconds. */
  connecting: number;
  /** From the first request to the last answer, in seconds. */
  answering: number;
  /** Milliseconds that answers were late, as the client saw it. */
  late: { least: number; p50: number; most: number };
}

export const part: Part = {
  name: "connections",
  title: "Ten thousand connections at once",
  async run() {
    const { file } = await compileModule("examples/delay-server.ts");
    const fibers = await measure(
      new Child<typeof serverAnswers>("bench/servers/fibers.mjs", [file, String(IDLE), String(IDLE)]),
    );
    const http = await measure(new Child<typeof httpAnswers>("bench/servers/http.mjs"));
    const net = await measure(new Child<typeof netAnswers>("bench/servers/net.mjs", ["delay"]));
    checkAtLeast("earliest answer of as-fibers, in ms after it was due", fibers.late.least, 0);
    const columns = [fibers, http, net];
    const row = (name: string, cell: (crowd: Crowd) => string) => [name, ...columns.map(cell)];
    const bytes = (name: string, of: (memory: Memory) => number) =>
      row(name, ({ memory }) => formatNumber(of(memory), "bytes"));
    return {
      tables: [
        {
          caption: `Bytes per connection, of ${formatCount(CONNECTIONS)} that wait for their answers`,
          headers: ["", "as-fibers", "Node's http", "Node's net"],
          rows: [
            bytes("resident", ({ resident }) => resident),
            bytes("  the guest's memory", ({ wasmMemory }) => wasmMemory),
            bytes("    its objects", ({ guestObjects }) => guestObjects),
            bytes("  Node: the rest", ({ resident, wasmMemory }) => resident - wasmMemory),
            bytes("    JavaScript's heap", ({ heap }) => heap),
          ],
          notes: [
            "The guest's memory is what it has reserved: AssemblyScript doubles it, and untouched pages are not resident. Buffers of the system's sockets are not counted.",
          ],
        },
        {
          caption: `All wait ${formatCount(DELAY)} ms at the same time, and are answered right`,
          headers: ["", "as-fibers", "Node's http", "Node's net"],
          rows: [
            row("seconds to connect", ({ connecting }) => connecting.toFixed(1)),
            row("seconds from first request to last answer", ({ answering }) => answering.toFixed(1)),
            row("answers late, ms: least", ({ late }) => formatNumber(late.least, "ms")),
            row("answers late, ms: p50", ({ late }) => formatNumber(late.p50, "ms")),
            row("answers late, ms: most", ({ late }) => formatNumber(late.most, "ms")),
          ],
        },
      ],
      claims: [],
      data: { fibers, http, net },
    };
  },
};

async function measure(server: Server): Promise<Crowd> {
  const client = new Child<typeof clientAnswers>("bench/clients/client.mjs");
  try {
    const port = await server.ask("port");
    await client.ask("get", { port, connections: WARM_UP, count: WARM_UP, delay: 0 });
    const before = await server.ask("memory");
    const load = { port, connections: CONNECTIONS, count: CONNECTIONS, delay: DELAY };
    const [ended, memory] = await Promise.all([client.ask("get", load), whileAllWait(client, server, before)]);
    const { latency } = ended;
    return {
      memory,
      connecting: ended.connecting / 1000,
      answering: ended.milliseconds / 1000,
      late: { least: latency.least - DELAY, p50: latency.p50 - DELAY, most: latency.most - DELAY },
    };
  } finally {
    await Promise.all([client.end(), server.end()]);
  }
}

/** Waits until all requests wait for their answers. @returns by how many bytes the server has grown, per connection */
async function whileAllWait(client: Child<typeof clientAnswers>, server: Server, before: Memory): Promise<Memory> {
  await server.ask("waitFor", CONNECTIONS);
  const memory = await server.ask("memory");
  checkEqual("requests that wait", await server.ask("waiting"), CONNECTIONS);
  checkEqual("answers while all requests wait", await client.ask("answered"), 0);
  const keys = Object.keys(memory) as (keyof Memory)[];
  return Object.fromEntries(keys.map((key) => [key, (memory[key] - before[key]) / CONNECTIONS])) as unknown as Memory;
}

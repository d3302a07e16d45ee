/**
 * An echo over TCP: 100 bytes to and fro on 64 connections, one message under way on each. Servers and the client are processes of
 * their own, the client is the same for both, and it compares every byte.
 */
import { Child } from "../child.ts";
import { atLeastTimes } from "../claim.ts";
import { contest } from "../contest.ts";
import { type Client, CONNECTIONS, EchoRun, MESSAGE_BYTES } from "../echo-run.ts";
import { formatNumber } from "../format.ts";
import { compileModule, guestSource } from "../guest.ts";
import type { Part, Result } from "../part.ts";
import type { answers as serverAnswers } from "../servers/fibers.mjs";
import type { answers as peerAnswers } from "../servers/net.mjs";
import { median } from "../statistics.ts";

const NS_PER_S = 1e9;

export const part: Part = {
  name: "echo",
  title: "An echo over TCP",
  async run() {
    const { file } = await compileModule(guestSource("echo"));
    const client: Client = new Child("bench/clients/client.mjs");
    const servers = {
      fibers: new Child<typeof serverAnswers>("bench/servers/fibers.mjs", [file]),
      net: new Child<typeof peerAnswers>("bench/servers/net.mjs", ["echo"]),
    };
    try {
      return await measure(new EchoRun(client, servers.fibers), new EchoRun(client, servers.net));
    } finally {
      await Promise.all([client, servers.fibers, servers.net].map((child) => child.end()));
    }
  },
};

async function measure(fibers: EchoRun, net: EchoRun): Promise<Result> {
  const timings = await contest({ fibers, net }, { rounds: 8, samplesPerRound: 4, warmUp: 1500, collect: false });
  const rate = { fibers: NS_PER_S / timings.fibers.median, net: NS_PER_S / timings.net.median };
  const cpu = { fibers: median(fibers.cpu), net: median(net.cpu) };
  const row = (name: string, of: "fibers" | "net") => [name, formatNumber(rate[of], "/s"), formatNumber(cpu[of], "ns")];
  const figure = `echo, ${MESSAGE_BYTES} bytes, ${CONNECTIONS} connections`;
  return {
    tables: [
      {
        caption: `Echoes of ${MESSAGE_BYTES} bytes per second, all ${CONNECTIONS} connections together`,
        headers: ["server", "echoes per second", "server's CPU, ns each"],
        rows: [row("as-fibers, driver node", "fibers"), row("Node's net", "net")],
        notes: ["The client is a process of Node, which is as busy as the server."],
      },
    ],
    claims: [atLeastTimes(figure, rate.fibers, 0.8, { name: "Node's net", measured: rate.net }, "/s")],
    data: { timings, rate, cpu },
  };
}

/** An echo server under the client: 100 bytes to and fro on some connections, one message under way on each. The client compares every byte. */
import type { Child } from "./child.ts";
import type { answers as clientAnswers } from "./clients/client.mjs";
import type { Contestant } from "./contest.ts";

export const CONNECTIONS = 64;
export const MESSAGE_BYTES = 100;
const MESSAGES = 8_000;

const NS_PER_MS = 1e6;

export type Client = Child<typeof clientAnswers>;

/** A process that echoes, and can be asked where, and how much processor time it has used. */
export interface EchoServer {
  ask(name: "port" | "cpu"): Promise<number>;
}

export class EchoRun implements Contestant {
  readonly #client: Client;
  readonly #server: EchoServer;
  /** Nanoseconds of the server's processor time per message, run by run. */
  readonly cpu: number[] = [];
  /** Milliseconds that one message in a hundred takes at least, run by run. */
  readonly p99: number[] = [];
  readonly #connections: number;
  readonly #messages: number;

  constructor(client: Client, server: EchoServer, { connections = CONNECTIONS, messages = MESSAGES } = {}) {
    this.#client = client;
    this.#server = server;
    this.#connections = connections;
    this.#messages = messages;
  }

  async run(): Promise<number> {
    const port = await this.#server.ask("port");
    const before = await this.#server.ask("cpu");
    const count = this.#messages;
    const load = { port, connections: this.#connections, count, bytes: MESSAGE_BYTES };
    const { milliseconds, latency } = await this.#client.ask("echo", load);
    const after = await this.#server.ask("cpu");
    this.cpu.push(((after - before) * NS_PER_MS) / count);
    this.p99.push(latency.p99);
    return (milliseconds * NS_PER_MS) / count;
  }
}

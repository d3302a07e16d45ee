/** An echo server under the client: 100 bytes to and fro on 64 connections, one message under way on each. The client compares every byte. */
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

  constructor(client: Client, server: EchoServer) {
    this.#client = client;
    this.#server = server;
  }

  async run(): Promise<number> {
    const port = await this.#server.ask("port");
    const before = await this.#server.ask("cpu");
    const load = { port, connections: CONNECTIONS, count: MESSAGES, bytes: MESSAGE_BYTES };
    const { milliseconds } = await this.#client.ask("echo", load);
    const after = await this.#server.ask("cpu");
    this.cpu.push(((after - before) * NS_PER_MS) / MESSAGES);
    return (milliseconds * NS_PER_MS) / MESSAGES;
  }
}

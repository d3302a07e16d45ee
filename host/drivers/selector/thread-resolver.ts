/**
 * Looks up names in a thread of its own, for a driver that blocks: what Node's resolver finds, it tells by an event loop, which stands still
 * then. Answers are looked for now and then.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { Addresses } from "../common/names.ts";
import { errnoOf } from "../../errno.ts";

/** The thread's program: a bundle's path is not needed for so little. */
const PROGRAM = `
const { workerData: port } = require("node:worker_threads");
const { lookup } = require("node:dns");
port.on("message", ({ id, host }) => {
  lookup(host, { all: true }, (error, found) => {
    port.postMessage({ id, code: error?.code, addresses: found?.map(({ address }) => address) });
  });
});
`;

interface Answer {
  id: number;
  code?: string;
  addresses?: string[];
}

export class ThreadResolver {
  #worker: Worker | undefined;
  #port: MessagePort | undefined;
  readonly #waiting = new Map<number, (addresses: Addresses) => void>();
  #last = 0;

  /** Whether answers are to come. */
  get isBusy(): boolean {
    return this.#waiting.size > 0;
  }

  resolve(host: string, settle: (addresses: Addresses) => void): void {
    if (!this.#worker) {
      const { port1, port2 } = new MessageChannel();
      this.#worker = new Worker(PROGRAM, { eval: true, workerData: port2, transferList: [port2] });
      this.#worker.unref();
      this.#port = port1;
      port1.unref();
    }
    this.#waiting.set(++this.#last, settle);
    this.#port?.postMessage({ id: this.#last, host });
  }

  /** Settles what was answered. */
  look(): void {
    while (this.#port) {
      const received = receiveMessageOnPort(this.#port) as { message: Answer } | undefined;
      if (!received) return;
      const { id, code, addresses } = received.message;
      const settle = this.#waiting.get(id);
      this.#waiting.delete(id);
      settle?.(addresses ?? -errnoOf({ code }));
    }
  }

  close(): void {
    this.#port?.close();
    void this.#worker?.terminate();
  }
}

/** A program of test/guests/wasi/driver.ts that runs in a thread: its verbs, called over a connection. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import type { WasiOptions } from "as-fibers/wasi";
import { guest } from "./guests.ts";

/** Beyond the one for commands: the sockets that the program can listen on. */
const LISTENERS = 4;

export type Value = number | string | Uint8Array;

interface Call {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

interface Report {
  ports?: number[];
  code?: number;
  failure?: string;
}

let module: WebAssembly.Module | undefined;

/** Threads in which nothing runs. They serve the next programs. */
const idle: Worker[] = [];

function takeThread(): Worker {
  module ??= new WebAssembly.Module(guest("wasi/driver").binary as BufferSource);
  const worker = idle.pop() ?? new Worker(new URL("wasi-thread.mjs", import.meta.url), { workerData: module });
  // It waits for messages, and need not keep the process.
  worker.unref();
  return worker;
}

export class Session {
  /** Of the program's listeners. */
  readonly ports: readonly number[];
  readonly #thread: Worker;
  readonly #control: Socket;
  readonly #calls = new Map<number, Call>();
  #received = Buffer.alloc(0);
  #nextCall = 1;

  private constructor(thread: Worker, control: Socket, ports: number[]) {
    this.#thread = thread;
    this.#control = control;
    this.ports = ports;
    control.on("data", (chunk: Buffer) => this.#receive(chunk));
    control.on("close", () => this.#failAll(new Error("the program has ended")));
    control.on("error", (error) => this.#failAll(error));
  }

  static async start(options: WasiOptions & { isPoor?: boolean }): Promise<Session> {
    const thread = takeThread();
    thread.postMessage({ ...options, listen: Array.from({ length: 1 + LISTENERS }, () => ({ port: 0 })) });
    const [{ ports, failure }] = (await once(thread, "message")) as [Report];
    if (!ports) throw new Error(failure);
    const [port = 0, ...others] = ports;
    const control = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(control, "connect");
    return new Session(thread, control, others);
  }

  /** Calls a verb, in a fiber of its name. Rejects as a call of an export would. */
  call(verb: string, ...values: Value[]): Promise<unknown> {
    const number = this.#nextCall++;
    const answer = new Promise((resolve, reject) => this.#calls.set(number, { resolve, reject }));
    this.#control.write(encode([number, verb, ...values]));
    return answer;
  }

  /** Tells the program that nobody calls any more. @returns its exit code */
  async end(): Promise<number> {
    const reported = once(this.#thread, "message") as Promise<[Report]>;
    this.#control.destroy();
    const [{ code, failure }] = await reported;
    if (code === undefined) throw new Error(failure);
    idle.push(this.#thread);
    return code;
  }

  #receive(chunk: Buffer): void {
    let bytes = Buffer.concat([this.#received, chunk]);
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32LE()) {
      const end = 4 + bytes.readUInt32LE();
      this.#answer(decode(bytes.subarray(4, end)));
      bytes = bytes.subarray(end);
    }
    this.#received = bytes;
  }

  #answer([number, kind, ...fields]: Buffer[]): void {
    const call = this.#calls.get(Number(number));
    this.#calls.delete(Number(number));
    const [first = Buffer.alloc(0)] = fields;
    const [code, message, fiber] = fields.map(String);
    if (String(kind) === "failure") call?.reject(Object.assign(new Error(message), { code, fiber }));
    else if (String(kind) === "number") call?.resolve(Number(first));
    else if (String(kind) === "bytes") call?.resolve(first);
    else call?.resolve(kind && String(first));
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#calls.values()) reject(error);
    this.#calls.clear();
  }
}

function encode(values: Value[]): Buffer {
  const fields = values.map((value) => Buffer.from(typeof value === "number" ? String(value) : (value as string)));
  const framed = fields.flatMap((field) => [lengthOf(field.length), field]);
  const length = framed.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([lengthOf(length), ...framed]);
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(length);
  return bytes;
}

function decode(bytes: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 + bytes.readUInt32LE(at);
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

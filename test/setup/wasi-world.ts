/**
 * The world of the driver `wasi`: real sockets, and a program that brings its driver. It runs on `as-fibers/wasi` in a thread, and listens on
 * sockets that were opened before.
 */
import { close, closeSync, openSync, write } from "node:fs";
import { promisify } from "node:util";
import type { Driver } from "as-fibers";
import type { WasiOptions } from "as-fibers/wasi";
import type { Bench } from "./driver-bench.ts";
import { Loopback } from "./loopback.ts";
import { library } from "./real-drivers.ts";
import { WasiBench } from "./wasi-bench.ts";
import { Session } from "./wasi-session.ts";
import type { Program, Scene, World } from "./world.ts";

type Combination = Required<Pick<WasiOptions, "base" | "waiting">> & { isPoor?: boolean };

/** Preview 1 does not offer the first seven; its descriptors, which are the handles here, are numbered anew. */
const LACKS = ["connect", "port", "address", "datagram", "unix", "option", "file", "handle", "driver", "app"] as const;

function worldOf(name: string, combination: Combination): World {
  return {
    name,
    // Its pipes are made by the C library.
    isHere: library !== null,
    isSimulated: false,
    lacks: new Set([...LACKS, ...(combination.waiting === "atomics" ? (["hangup"] as const) : [])]),
    streamName: "this stream",
    open: ({ stdin } = {}) => Promise.resolve(new WasiScene(combination, stdin)),
  };
}

const DEFAULT: Combination = { base: "node:wasi", waiting: "poll" };

export const wasiWorld = worldOf("wasi", DEFAULT);

/** On the other base, with the other way of waiting, and on a host that can do less. */
export const otherWasiWorlds: readonly World[] = [
  worldOf("wasi, @wasmer/wasi", { base: "@wasmer/wasi", waiting: "poll" }),
  worldOf("wasi, atomics", { base: "node:wasi", waiting: "atomics" }),
  worldOf("wasi, @wasmer/wasi, atomics", { base: "@wasmer/wasi", waiting: "atomics" }),
  worldOf("wasi, a host that counts no bytes and makes nothing non-blocking", { ...DEFAULT, isPoor: true }),
];

class WasiScene extends Loopback implements Scene {
  readonly #combination: Combination;
  readonly #stdin: Input;
  #session: Session | undefined;

  constructor(combination: Combination, stdin: string | undefined) {
    super();
    this.#combination = combination;
    this.#stdin = new Input(stdin);
  }

  get driver(): Driver {
    throw new Error("the driver of this world is a part of the program: a test that needs it has to say so");
  }

  async run(name: "driver" | "driver-many"): Promise<Program> {
    return new WasiProgram(await this.#start(), name === "driver" ? "" : "many.");
  }

  async openBench(): Promise<Bench> {
    return new WasiBench(await this.#start());
  }

  async #start(): Promise<Session> {
    const options = { ...this.#combination, stdin: this.#stdin.fd, stdout: nowhere, stderr: nowhere };
    this.#session = await Session.start(options);
    return this.#session;
  }

  override async close(): Promise<void> {
    const code = await this.#session?.end();
    this.#stdin.close();
    await super.close();
    if (code) throw new Error(`the program has ended with exit code ${code}`);
  }
}

class WasiProgram implements Program {
  readonly #session: Session;
  readonly #prefix: string;

  constructor(session: Session, prefix: string) {
    this.#session = session;
    this.#prefix = prefix;
  }

  call(verb: string, ...values: (number | string)[]): Promise<unknown> {
    return this.#session.call(this.#prefix + verb, ...values);
  }

  /** It gets its listeners in the order of its calls. */
  portOf(listener: number): Promise<number> {
    return Promise.resolve(this.#session.ports[listener] ?? 0);
  }

  async reasons(): Promise<string[]> {
    const lines = (await this.#session.call("fibers")) as string;
    const fibers = [...lines.matchAll(/^ {2}fiber \d+(?: "(.*)")?: (?:parked \()?(.*?)\)?$/gm)];
    // Not those that talk to this side.
    const own = fibers.filter(
      ([, name = ""]) => name !== "main" && name !== "fibers" && !/^\((answers|serve)\)$/.test(name),
    );
    return own.map(([, , reason = ""]) => reason);
  }

  async collect(): Promise<void> {
    await this.#session.call("collect");
  }

  close(): Promise<void> {
    throw new Error("nobody can be told of the end of this program: a test that needs that has to say so");
  }

  /** Closing the scene does. */
  terminate(): Promise<void> {
    return Promise.resolve();
  }
}

const nowhere = openSync("/dev/null", "w");
const pipe = library?.bind("pipe", ["void *"]);
const writeAsync = promisify(write);
const closeAsync = promisify(close);

/** A pipe: a text in small chunks, cut anywhere; without one, an input that nobody types into. */
class Input {
  readonly fd: number;
  readonly #end: number;
  #isWriting: boolean;

  constructor(text: string | undefined) {
    const fds = new Int32Array(2);
    if (pipe?.(fds) !== 0) throw new Error("there is no pipe");
    [this.fd, this.#end] = fds as unknown as [number, number];
    this.#isWriting = text !== undefined;
    if (text !== undefined) void this.#write(Buffer.from(text));
  }

  async #write(bytes: Buffer): Promise<void> {
    const size = Math.max(Math.ceil(bytes.length / 100), 5);
    try {
      for (
        let at = 0;
        at < bytes.length;
        at += await writeAsync(this.#end, bytes, at, Math.min(size, bytes.length - at)).then(
          ({ bytesWritten }) => bytesWritten,
        )
      );
    } catch {
      // The program has not read to the end.
    }
    await closeAsync(this.#end);
  }

  close(): void {
    closeSync(this.fd);
    if (!this.#isWriting) closeSync(this.#end);
  }
}

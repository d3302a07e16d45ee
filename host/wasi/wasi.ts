/** WASI preview 1 for any module: waiting, clocks, standard streams and sockets by ourselves, the rest by a base. */
import { FibersError } from "../errors.ts";
import { AtomicsWaiter } from "./atomics-waiter.ts";
import type { Base } from "./base.ts";
import { Doorbell } from "./doorbell.ts";
import { newNodeBase } from "./node-base.ts";
import { NodePoll } from "./node-poll.ts";
import { loadPosix } from "./posix.ts";
import { PosixSockets } from "./posix-sockets.ts";
import { PollWaiter } from "./poll-waiter.ts";
import { Program } from "./program.ts";
import type { Sockets } from "./descriptors.ts";
import { ThreadSockets } from "./thread-sockets.ts";
import type { Waiter } from "./waiter.ts";
import { newWasmerBase } from "./wasmer-base.ts";

/** What `createWasi` takes. */
export interface WasiOptions {
  /**
   * Who serves what is not ours: files, arguments, environment, randomness. `"@wasmer/wasi"`, the default, has to be installed, and keeps files in
   * memory: `preopens` are copied in. `"node:wasi"` has the files of this machine.
   */
  base?: "@wasmer/wasi" | "node:wasi";
  /** The first is the program's name. */
  args?: string[];
  /** The environment; empty by default. */
  env?: Record<string, string>;
  /** Directory as the program names it → directory of this machine. */
  preopens?: Record<string, string>;
  /** Descriptors of the process; 0, 1 and 2 by default. */
  stdin?: number;
  /** See `stdin`. */
  stdout?: number;
  /** See `stdin`. */
  stderr?: number;
  /** Sockets that listen before the program starts: its descriptors 3, 4 …; the preopened directories follow. */
  listen?: { host?: string; port: number }[];
  /**
   * How it waits. `"poll"`: poll(2), through koffi, which has to be installed; the default where it is. `"atomics"`: by what Node has; exact for
   * time, and good enough for standard streams and sockets.
   */
  waiting?: "poll" | "atomics";
}

/** A WASI host for one program, used as `WASI` of `node:wasi` is. */
export interface Wasi {
  /** `{ wasi_snapshot_preview1: … }`: what a module is instantiated with. */
  getImportObject(): WebAssembly.Imports;
  /** Runs `_start`. @returns the exit code. A trap is thrown. */
  start(instance: WebAssembly.Instance): number;
  /** Runs `_initialize`, if there is one: a module whose exports are called afterwards. */
  initialize(instance: WebAssembly.Instance): void;
  /** Of the listeners, in their order. */
  readonly ports: number[];
  /** Closes listeners and connections. The standard streams stay the process's. */
  close(): void;
}

/**
 * Makes the imports of one WASI program.
 *
 *     const wasi = await createWasi({ args: ["program"] });
 *     const { instance } = await WebAssembly.instantiate(bytes, wasi.getImportObject());
 *     process.exitCode = wasi.start(instance);
 *
 * The program has the thread to itself: while it waits, nothing else runs there.
 *
 * @throws E_INVALID_ARGUMENT, E_NO_WASMER, E_NO_KOFFI, E_PREOPEN_TOO_LARGE; what the system says when it cannot listen, or read a directory
 */
export async function createWasi(options: WasiOptions = {}): Promise<Wasi> {
  requireValid(options);
  const [base, { waiter, sockets }] = await Promise.all([chooseBase(options), chooseWaiting(options)]);
  const program = new Program(base, waiter, sockets, options);
  try {
    for (const { host = "127.0.0.1", port } of options.listen ?? []) {
      program.addListener(await sockets.listen({ host, port }));
    }
  } catch (error) {
    program.close();
    throw error;
  }
  program.addPreopens(Object.keys(options.preopens ?? {}));
  return program;
}

function requireValid({ base, waiting, stdin, stdout, stderr }: WasiOptions): void {
  const refuse = (message: string): never => {
    throw new FibersError("E_INVALID_ARGUMENT", `createWasi: ${message}`);
  };
  if (base !== undefined && base !== "@wasmer/wasi" && base !== "node:wasi") {
    refuse(`there is no base "${String(base)}"; there are "@wasmer/wasi" and "node:wasi"`);
  }
  if (waiting !== undefined && waiting !== "poll" && waiting !== "atomics") {
    refuse(`it cannot wait by "${String(waiting)}"; it can by "poll" and by "atomics"`);
  }
  for (const [name, fd] of Object.entries({ stdin, stdout, stderr })) {
    if (fd === undefined || (Number.isInteger(fd) && fd >= 0)) continue;
    refuse(`${name} is a descriptor of the process, a number from 0 on, not ${String(fd)}`);
  }
}

async function chooseBase({ base, args = [], env = {}, preopens = {} }: WasiOptions): Promise<Base> {
  return base === "node:wasi" ? newNodeBase({ args, env, preopens }) : newWasmerBase({ args, env, preopens });
}

async function chooseWaiting({ waiting }: WasiOptions): Promise<{ waiter: Waiter; sockets: Sockets }> {
  const posix = waiting === "atomics" ? null : await loadPosix();
  if (posix) return { waiter: new PollWaiter(posix), sockets: new PosixSockets(posix) };
  if (waiting === "poll") {
    const message = `to wait by "poll", koffi must be installed ("npm install koffi"), on Linux or macOS; or choose to wait by "atomics"`;
    throw new FibersError("E_NO_KOFFI", message);
  }
  const bell = new Doorbell();
  const sockets = new ThreadSockets(bell);
  return { waiter: new AtomicsWaiter(new NodePoll(), bell), sockets };
}

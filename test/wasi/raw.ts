/** A module that exports preview 1 as it imports it, and its memory: so a test makes any call, through real WebAssembly. */
import { createWasi, type Wasi, type WasiOptions } from "as-fibers/wasi";
import binaryen from "assemblyscript/binaryen";

/** Function → its parameters: i is i32, I is i64. All return an errno. */
const SIGNATURES: Record<string, string> = {
  args_get: "ii",
  args_sizes_get: "ii",
  clock_res_get: "ii",
  clock_time_get: "iIi",
  environ_get: "ii",
  environ_sizes_get: "ii",
  fd_close: "i",
  fd_fdstat_get: "ii",
  fd_fdstat_set_flags: "ii",
  fd_filestat_get: "ii",
  fd_prestat_dir_name: "iii",
  fd_prestat_get: "ii",
  fd_read: "iiii",
  fd_readdir: "iiiIi",
  fd_renumber: "ii",
  fd_seek: "iIii",
  fd_tell: "ii",
  fd_write: "iiii",
  path_create_directory: "iii",
  path_filestat_get: "iiiii",
  path_open: "iiiiiIIii",
  path_rename: "iiiiii",
  poll_oneoff: "iiii",
  random_get: "ii",
  sched_yield: "",
  sock_accept: "iii",
  sock_recv: "iiiiii",
  sock_send: "iiiii",
  sock_shutdown: "ii",
};

function moduleText(pages: number): string {
  const imports: string[] = [];
  const functions: string[] = [];
  for (const [name, letters] of Object.entries(SIGNATURES)) {
    const types = [...letters].map((letter) => (letter === "i" ? "i32" : "i64"));
    const parameters = types.map((type) => `(param ${type})`).join(" ");
    const gets = types.map((_, i) => `(local.get ${i})`).join(" ");
    imports.push(`(import "wasi_snapshot_preview1" "${name}" (func $${name} ${parameters} (result i32)))`);
    functions.push(`(func (export "${name}") ${parameters} (result i32) (call $${name} ${gets}))`);
  }
  return `(module ${imports.join("\n")} (memory (export "memory") ${pages}) ${functions.join("\n")})`;
}

/** Compiles WebAssembly text. */
export function assemble(text: string): WebAssembly.Module {
  const module = binaryen.parseText(text);
  try {
    return new WebAssembly.Module(module.emitBinary() as Uint8Array<ArrayBuffer>);
  } finally {
    module.dispose();
  }
}

const compiled = assemble(moduleText(2));

export interface Event {
  userdata: bigint;
  errno: number;
  type: number;
  nbytes: number;
  flags: number;
}

export interface Answer {
  errno: number;
  events: Event[];
}

export interface Subscription {
  userdata?: bigint;
  tag?: number;
  /** Clock or descriptor. */
  id?: number;
  timeout?: bigint;
  flags?: number;
}

/** Where the calls of `Raw` put their arguments. */
const SUBSCRIPTIONS = 1024;
const EVENTS = 16_384;
const COUNT = 512;
const VECTOR = 768;
const RESULT = 528;
const DATA = 32_768;

export const READ = 1;
export const WRITE = 2;
export const MILLISECOND = 1_000_000n;

export const clock = (timeout: bigint, rest: Subscription = {}): Subscription => ({ tag: 0, id: 1, timeout, ...rest });
export const readable = (id: number, rest: Subscription = {}): Subscription => ({ tag: READ, id, ...rest });
export const writable = (id: number, rest: Subscription = {}): Subscription => ({ tag: WRITE, id, ...rest });

/** A running module, with the most used calls made convenient. */
export class Raw {
  readonly calls: Record<string, (...args: (number | bigint)[]) => number>;
  readonly memory: WebAssembly.Memory;

  constructor(
    readonly wasi: Wasi,
    instance: WebAssembly.Instance,
  ) {
    this.calls = instance.exports as Raw["calls"];
    this.memory = instance.exports["memory"] as WebAssembly.Memory;
  }

  static async open(options: WasiOptions): Promise<Raw> {
    const wasi = await createWasi(options);
    const instance = new WebAssembly.Instance(compiled, wasi.getImportObject());
    wasi.initialize(instance);
    return new Raw(wasi, instance);
  }

  get view(): DataView {
    return new DataView(this.memory.buffer);
  }

  call(name: string, ...args: (number | bigint)[]): number {
    const call = this.calls[name];
    if (!call) throw new Error(`no ${name}`);
    return call(...args);
  }

  poll(...subscriptions: Subscription[]): Answer {
    const { view } = this;
    subscriptions.forEach(({ userdata = 0n, tag = 0, id = 0, timeout = 0n, flags = 0 }, i) => {
      const at = SUBSCRIPTIONS + i * 48;
      new Uint8Array(this.memory.buffer, at, 48).fill(0);
      view.setBigUint64(at, userdata, true);
      view.setUint8(at + 8, tag);
      view.setUint32(at + 16, id, true);
      view.setBigUint64(at + 24, timeout, true);
      view.setUint16(at + 40, flags, true);
    });
    view.setUint32(COUNT, 0xaaaa, true);
    const errno = this.call("poll_oneoff", SUBSCRIPTIONS, EVENTS, subscriptions.length, COUNT);
    const count = errno === 0 ? view.getUint32(COUNT, true) : 0;
    return { errno, events: Array.from({ length: count }, (_, i) => readEvent(this.view, EVENTS + i * 32)) };
  }

  /** Reads at most so many bytes. @returns the errno, or what came */
  read(fd: number, length: number): number | string {
    return this.#receive("fd_read", fd, length, RESULT);
  }

  receive(fd: number, length: number, flags = 0): number | string {
    return this.#receive("sock_recv", fd, length, flags, RESULT, RESULT + 8);
  }

  #receive(name: string, fd: number, length: number, ...rest: number[]): number | string {
    this.view.setUint32(VECTOR, DATA, true);
    this.view.setUint32(VECTOR + 4, length, true);
    const errno = this.call(name, fd, VECTOR, 1, ...rest);
    if (errno) return errno;
    return this.text(DATA, this.view.getUint32(RESULT, true));
  }

  /** @returns the errno, or how many bytes were taken */
  write(fd: number, text: string): { errno: number; length: number } {
    return this.#send("fd_write", fd, text, RESULT);
  }

  send(fd: number, text: string): { errno: number; length: number } {
    return this.#send("sock_send", fd, text, 0, RESULT);
  }

  #send(name: string, fd: number, text: string, ...rest: number[]): { errno: number; length: number } {
    this.put(DATA, text);
    this.view.setUint32(VECTOR, DATA, true);
    this.view.setUint32(VECTOR + 4, Buffer.byteLength(text), true);
    const errno = this.call(name, fd, VECTOR, 1, ...rest);
    return { errno, length: errno ? 0 : this.view.getUint32(RESULT, true) };
  }

  accept(fd: number, flags = 0): { errno: number; fd: number } {
    const errno = this.call("sock_accept", fd, flags, RESULT);
    return { errno, fd: errno ? -1 : this.view.getUint32(RESULT, true) };
  }

  /** Opens a file below a preopened directory, and creates it. */
  open(directory: number, path: string): { errno: number; fd: number } {
    const rights = 0xfffffffn;
    this.put(DATA, path);
    const errno = this.call("path_open", directory, 0, DATA, Buffer.byteLength(path), 1, rights, rights, 0, RESULT);
    return { errno, fd: errno ? -1 : this.view.getUint32(RESULT, true) };
  }

  time(id: number): bigint {
    const errno = this.call("clock_time_get", id, 0n, RESULT);
    if (errno) throw new Error(`clock ${id}: errno ${errno}`);
    return this.view.getBigUint64(RESULT, true);
  }

  put(pointer: number, text: string): void {
    new Uint8Array(this.memory.buffer).set(Buffer.from(text), pointer);
  }

  text(pointer: number, length: number): string {
    return Buffer.from(this.memory.buffer, pointer, length).toString();
  }
}

export function readEvent(view: DataView, at: number): Event {
  return {
    userdata: view.getBigUint64(at, true),
    errno: view.getUint16(at + 8, true),
    type: view.getUint8(at + 10),
    nbytes: Number(view.getBigUint64(at + 16, true)),
    flags: view.getUint16(at + 24, true),
  };
}

/** Every base with every way of waiting. */
export const combinations = (["@wasmer/wasi", "node:wasi"] as const).flatMap((base) =>
  (["poll", "atomics"] as const).map((waiting) => ({ base, waiting })),
);

/**
 * A WASI host in memory, for what real ones do rarely or never: calls that take only a part, that would block, that are interrupted; a
 * `poll_oneoff` that refuses. Its clock moves only while a program waits.
 */
import { WASI } from "node:wasi";

const ERRNO_AGAIN = 6;
const ERRNO_BADF = 8;
const ERRNO_INVAL = 28;

const CLOCK = 0;
const FD_READ = 1;
const FD_WRITE = 2;

export interface FakeOptions {
  args?: string[];
  env?: Record<string, string>;
  /** What standard input brings, and when, in milliseconds. It ends behind the last one. */
  input?: { at: number; text: string }[];
  /** Whether poll_oneoff refuses every call with standard input in it. */
  refusesInput?: boolean;
  /** How many bytes of standard output each call takes; 0: it would block; negative: an errno. All of them when the list has ended. */
  takes?: number[];
}

class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
  /** How long it took, on its own clock, in milliseconds. */
  elapsed: number;
  /** What it has waited for: the calls of poll_oneoff, a word per subscription. */
  polls: string[];
}

/** Runs a program built for target `wasi`. @throws what it traps with */
export async function runFake(binary: Uint8Array, options: FakeOptions = {}): Promise<Ran> {
  return new FakeHost(options).run(binary);
}

class FakeHost {
  /** Nanoseconds; monotonic clocks may begin anywhere. */
  #now = 5_000_000_000n;
  readonly #begin = this.#now;
  readonly #options: FakeOptions;
  #memory!: WebAssembly.Memory;
  readonly #written: Record<number, Buffer[]> = { 1: [], 2: [] };
  readonly #input: { at: bigint; bytes: Buffer }[];
  readonly #takes: number[];
  readonly #polls: string[] = [];

  constructor(options: FakeOptions) {
    this.#options = options;
    this.#takes = [...(options.takes ?? [])];
    this.#input = (options.input ?? []).map(({ at, text }) => ({
      at: this.#begin + BigInt(Math.round(at * 1e6)),
      bytes: Buffer.from(text),
    }));
  }

  async run(binary: Uint8Array): Promise<Ran> {
    const { args = [], env = {} } = this.#options;
    // Arguments, environment and randomness are node:wasi's: nothing is to be shown of them here.
    const base = new WASI({ version: "preview1", args: ["program", ...args], env });
    const own = {
      clock_time_get: (_clock: number, _precision: bigint, at: number) => {
        this.#view.setBigUint64(at, this.#now, true);
        return 0;
      },
      poll_oneoff: (subscriptions: number, events: number, count: number, happened: number) =>
        this.#poll(subscriptions, events, count, happened),
      fd_read: (fd: number, vectors: number, _count: number, bytes: number) => this.#read(fd, vectors, bytes),
      fd_write: (fd: number, vectors: number, _count: number, bytes: number) => this.#write(fd, vectors, bytes),
      proc_exit: (code: number) => {
        throw new Exit(code);
      },
    };
    const imports = { wasi_snapshot_preview1: { ...base.wasiImport, ...own } };
    const { instance } = await WebAssembly.instantiate(binary as BufferSource, imports as WebAssembly.Imports);
    this.#memory = instance.exports["memory"] as WebAssembly.Memory;
    // It only takes the memory: there is no _initialize.
    base.initialize({ exports: { memory: this.#memory } } as never);
    let code = 0;
    try {
      (instance.exports["_start"] as () => void)();
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      code = error.code;
    }
    const text = (fd: number) => Buffer.concat(this.#written[fd] ?? []).toString();
    const elapsed = Number(this.#now - this.#begin) / 1e6;
    return { code, stdout: text(1), stderr: text(2), elapsed, polls: this.#polls };
  }

  get #view(): DataView {
    return new DataView(this.#memory.buffer);
  }

  #bytes(vectors: number): Buffer {
    const view = this.#view;
    return Buffer.from(this.#memory.buffer, view.getUint32(vectors, true), view.getUint32(vectors + 4, true));
  }

  #read(fd: number, vectors: number, bytes: number): number {
    if (fd !== 0) return ERRNO_BADF;
    const [next] = this.#input;
    // A blocking descriptor: whoever reads too early waits.
    if (next && next.at > this.#now) this.#now = next.at;
    const count = next?.bytes.copy(this.#bytes(vectors)) ?? 0;
    if (next && count < next.bytes.length) next.bytes = next.bytes.subarray(count);
    else this.#input.shift();
    this.#view.setUint32(bytes, count, true);
    return 0;
  }

  #write(fd: number, vectors: number, bytes: number): number {
    const from = this.#bytes(vectors);
    const takes = fd === 1 ? (this.#takes.shift() ?? from.length) : from.length;
    if (takes <= 0) return takes === 0 ? ERRNO_AGAIN : -takes;
    const taken = from.subarray(0, takes);
    this.#written[fd]?.push(Buffer.from(taken));
    this.#view.setUint32(bytes, taken.length, true);
    return 0;
  }

  #poll(subscriptions: number, events: number, count: number, happened: number): number {
    const view = this.#view;
    const read = Array.from({ length: count }, (_, i) => {
      const at = subscriptions + i * 48;
      const tag = view.getUint8(at + 8);
      const subject = view.getUint32(at + 16, true);
      return { userdata: view.getBigUint64(at, true), tag, subject, timeout: view.getBigUint64(at + 24, true) };
    });
    const name: Record<number, string> = { [CLOCK]: "clock", [FD_READ]: "read", [FD_WRITE]: "write" };
    this.#polls.push(read.map(({ tag, subject }) => `${name[tag]} ${subject}`).join(", "));
    if (!count || (this.#options.refusesInput && read.some(({ tag }) => tag === FD_READ))) return ERRNO_INVAL;
    const dueAt = ({ tag, timeout }: (typeof read)[number]) =>
      tag === CLOCK ? this.#now + timeout : tag === FD_READ ? (this.#input[0]?.at ?? this.#now) : this.#now;
    const due = read.map(dueAt);
    const first = due.reduce((a, b) => (a < b ? a : b));
    if (first > this.#now) this.#now = first;
    let at = events;
    read.forEach(({ userdata, tag }, i) => {
      if ((due[i] as bigint) > this.#now) return;
      view.setBigUint64(at, userdata, true);
      view.setUint16(at + 8, 0, true);
      view.setUint8(at + 10, tag);
      at += 32;
    });
    view.setUint32(happened, (at - events) / 32, true);
    return 0;
  }
}

/** One WASI program: its memory, its descriptors, and the functions that it imports. */
import { FibersError } from "../errors.ts";
import type { Base } from "./base.ts";
import { type BaseContext, baseCalls, bytesLeftIn, type Import, Preopen } from "./base-calls.ts";
import { SystemClocks } from "./clocks.ts";
import { Descriptors, type Listener, type Sockets } from "./descriptors.ts";
import { ERRNO_NOTSUP, ERRNO_SUCCESS, errnoOfThrown, WasiError } from "./errno.ts";
import { CLOCKID_THREAD_CPUTIME_ID, ProgramMemory } from "./layout.ts";
import { pollOneoff } from "./poll-oneoff.ts";
import { socketCalls } from "./sockets.ts";
import { Stdio } from "./stdio.ts";
import type { Waiter } from "./waiter.ts";
import type { Wasi, WasiOptions } from "./wasi.ts";

/** What `proc_exit` throws: the program ends there. */
class Exit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`the program has exited with code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

export class Program implements Wasi {
  readonly ports: number[] = [];
  readonly #base: Base;
  readonly #sockets: Sockets;
  readonly #memory = new ProgramMemory();
  readonly #clocks = new SystemClocks();
  readonly #descriptors = new Descriptors();
  readonly #imports: Record<string, Import>;
  #isStarted = false;

  constructor(base: Base, waiter: Waiter, sockets: Sockets, { stdin = 0, stdout = 1, stderr = 2 }: WasiOptions) {
    this.#base = base;
    this.#sockets = sockets;
    [stdin, stdout, stderr].forEach((systemFd, fd) => this.#descriptors.set(fd, new Stdio(systemFd)));
    const context: BaseContext = { memory: this.#memory, descriptors: this.#descriptors, waiter, base };
    this.#imports = { ...base.calls, ...this.#guardAll({ ...baseCalls(context), ...this.#ownCalls(context) }) };
  }

  /** Before the preopened directories. */
  addListener(listener: Listener): void {
    this.#descriptors.add(listener);
    this.ports.push(listener.port);
  }

  addPreopens(names: string[]): void {
    const bytesLeft = bytesLeftIn({ base: this.#base, memory: this.#memory });
    names.forEach((name, i) => {
      this.#descriptors.add(new Preopen(this.#base.firstPreopen + i, bytesLeft, name));
    });
  }

  getImportObject(): WebAssembly.Imports {
    return { wasi_snapshot_preview1: { ...this.#imports } as WebAssembly.ModuleImports };
  }

  start(instance: WebAssembly.Instance): number {
    const { _start } = instance.exports;
    if (typeof _start !== "function") {
      throw new FibersError("E_INVALID_ARGUMENT", "start: the module exports no _start; a reactor is for initialize()");
    }
    this.#bind(instance);
    try {
      _start();
      return 0;
    } catch (thrown) {
      if (thrown instanceof Exit) return thrown.exitCode;
      throw thrown;
    }
  }

  initialize(instance: WebAssembly.Instance): void {
    const { _initialize, _start } = instance.exports;
    if (_start !== undefined) {
      throw new FibersError(
        "E_INVALID_ARGUMENT",
        "initialize: the module exports _start; such a program is for start()",
      );
    }
    this.#bind(instance);
    if (typeof _initialize === "function") _initialize();
  }

  close(): void {
    this.#descriptors.closeAll();
    this.#sockets.close();
  }

  #bind(instance: WebAssembly.Instance): void {
    const { memory } = instance.exports;
    if (!(memory instanceof WebAssembly.Memory)) {
      throw new FibersError("E_INVALID_ARGUMENT", `the module exports no memory of the name "memory", as WASI asks`);
    }
    if (this.#isStarted) {
      throw new FibersError(
        "E_INVALID_ARGUMENT",
        "createWasi serves one instance, and this one has been started; call it again",
      );
    }
    this.#isStarted = true;
    this.#base.bind(instance);
    this.#memory.bind(memory);
  }

  #ownCalls(context: BaseContext): Record<string, Import> {
    const memory = this.#memory;
    const clocks = this.#clocks;
    const descriptors = this.#descriptors;
    const poller = { memory, clocks, waiter: context.waiter, descriptors };
    const calls: Record<string, Import> = {
      poll_oneoff: (pointer: number, events: number, count: number, countPointer: number) =>
        pollOneoff(poller, pointer >>> 0, events >>> 0, count >>> 0, countPointer >>> 0),
      clock_time_get: (clock: number, precision: bigint, pointer: number) => this.#tellTime(clock, precision, pointer),
      clock_res_get: (clock: number, pointer: number) => memory.writeU64(pointer >>> 0, clocks.resolution(clock)),
      sched_yield: () => {},
      proc_exit: (exitCode: number) => {
        throw new Exit(exitCode >>> 0);
      },
    };
    for (const [name, call] of Object.entries(socketCalls)) {
      calls[name] = (fd: number, ...args: number[]) =>
        call(context as Required<BaseContext>, descriptors.require(fd >>> 0), ...args.map((value) => value >>> 0));
    }
    return calls;
  }

  #tellTime(clock: number, precision: bigint, pointer: number): unknown {
    try {
      this.#memory.writeU64(pointer >>> 0, this.#clocks.now(clock));
      return ERRNO_SUCCESS;
    } catch (thrown) {
      const isMissing = thrown instanceof WasiError && thrown.errno === ERRNO_NOTSUP;
      if (!isMissing || clock !== CLOCKID_THREAD_CPUTIME_ID || !this.#base.hasThreadClock) throw thrown;
    }
    return (this.#base.calls["clock_time_get"] as Import)(...([clock, precision, pointer] as never[]));
  }

  /** What is thrown becomes the errno that is answered; what returns without one is a success. */
  #guardAll(calls: Record<string, Import>): Record<string, Import> {
    const guarded = Object.entries(calls).map(([name, call]) => {
      const answer = (...args: never[]) => {
        try {
          return call(...args) ?? ERRNO_SUCCESS;
        } catch (thrown) {
          if (thrown instanceof Exit) throw thrown;
          return errnoOfThrown(thrown);
        }
      };
      return [name, answer] as const;
    });
    return Object.fromEntries(guarded);
  }
}

/** A WASI host that serves what is not ours: files, arguments, environment, randomness. */
import type { Call } from "./node-wasi.ts";

export interface BaseOptions {
  args: string[];
  env: Record<string, string>;
  /** Directory as the program names it → directory of this machine. */
  preopens: Record<string, string>;
}

export interface Base {
  /** The functions of preview 1, by name. */
  readonly calls: Record<string, Call>;
  /** Its descriptor of the first preopened directory; the others follow. */
  readonly firstPreopen: number;
  /** Its clock of the thread's CPU time is right. */
  readonly hasThreadClock: boolean;
  /** Before the program runs. */
  bind(instance: WebAssembly.Instance): void;
}

/** A child process that is asked things: the servers and clients of what goes over the network. `answer.mjs` is its side. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Answers } from "./answer.mjs";
import { CheckError } from "./check.ts";

/** Milliseconds that an answer may take. */
const PATIENCE = 120_000;

interface Reply {
  id: number;
  value?: unknown;
  error?: string;
}

interface Asked {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class Child<A extends Answers> {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #asked = new Map<number, Asked>();
  #count = 0;

  /** Starts a program of Node, which answers by `answer`. */
  constructor(program: string, words: string[] = []) {
    this.#name = [program, ...words].join(" ");
    this.#process = fork(program, words, { execArgv: ["--expose-gc"], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#process.on("message", (reply) => this.#settle(reply as Reply));
    this.#process.on("error", (error) => this.#fail(error.message));
    this.#process.on("exit", (code, signal) => this.#fail(`ended with ${signal ?? code}`));
  }

  /** @throws CheckError when it cannot be answered, the child has ended, or it takes too long */
  async ask<Name extends keyof A & string>(
    name: Name,
    ...[question]: Parameters<A[Name]>
  ): Promise<Awaited<ReturnType<A[Name]>>> {
    const id = this.#count++;
    let timer: NodeJS.Timeout | undefined;
    try {
      const value = await new Promise<unknown>((resolve, reject) => {
        this.#asked.set(id, { resolve, reject });
        timer = setTimeout(() => reject(new CheckError(`${this.#name}: no answer to "${name}"`)), PATIENCE);
        if (this.#process.connected) this.#process.send({ id, name, question });
        else reject(new CheckError(`${this.#name} has ended`));
      });
      return value as Awaited<ReturnType<A[Name]>>;
    } finally {
      clearTimeout(timer);
      this.#asked.delete(id);
    }
  }

  #settle({ id, value, error }: Reply): void {
    const asked = this.#asked.get(id);
    if (error === undefined) asked?.resolve(value);
    else asked?.reject(new CheckError(`${this.#name}: ${error}`));
  }

  #fail(reason: string): void {
    for (const { reject } of this.#asked.values()) reject(new CheckError(`${this.#name}: ${reason}`));
  }

  /** Ends it, and waits until it has ended. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exit;
  }
}

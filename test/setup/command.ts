/** Runs the command `as-fibers` as users do: the built one, in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const command = path.join(root, "dist/command.js");

export interface Ended {
  /** The exit code; null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  /** The working directory; the repository's root by default. */
  cwd?: string;
  environment?: Record<string, string>;
  /** Its standard input: nothing by default, a pipe that the test writes to, or a file descriptor. */
  stdin?: "ignore" | "pipe" | number;
  /** Called with all of its standard output so far, whenever there is more. */
  onOutput?: (stdout: string, child: ChildProcess) => void;
  /** The same for standard error. */
  onError?: (stderr: string, child: ChildProcess) => void;
}

/** A command that runs. */
export interface Running {
  child: ChildProcess;
  /** Settles when it has ended. */
  ended: Promise<Ended>;
  /** Waits until its standard output has this in it. @throws when it ends before */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** The same for standard error. */
  complained(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Runs `as-fibers` with these words until it has ended. */
export async function asFibers(words: string[], options: CommandOptions = {}): Promise<Ended> {
  return startFibers(words, options).ended;
}

/** Starts `as-fibers` with these words. */
export function startFibers(words: string[], options: CommandOptions = {}): Running {
  return start(process.execPath, [command, ...words], options);
}

/**
 * Words for a Node that runs asc: without optimizing the compiler itself, which is Wasm of many megabytes that runs for a second. It makes
 * the same, in half the time. The command does so by itself.
 */
export const BASELINE = ["--liftoff-only"];

/** Runs a script with this Node until it has ended. */
export async function runNode(words: string[], options: CommandOptions = {}): Promise<Ended> {
  return start(process.execPath, words, options).ended;
}

/** Starts `as-fibers` with these words on a terminal of its own, which gets what is written to its standard input. */
export function startOnTerminal(words: string[]): Running {
  const line = [process.execPath, command, ...words].map((word) => `'${word}'`).join(" ");
  return start("script", ["--quiet", "--return", "--command", line, "/dev/null"], { stdin: "pipe" });
}

function start(file: string, words: string[], options: CommandOptions): Running {
  const { NO_COLOR: _, FORCE_COLOR: _force, ...environment } = process.env;
  const child = spawn(file, words, {
    cwd: options.cwd ?? root,
    env: { ...environment, ...options.environment },
    stdio: [options.stdin ?? "ignore", "pipe", "pipe"],
  });
  // A program may end before it has read all that it is given.
  child.stdin?.on("error", () => {});
  let stdout = "";
  let stderr = "";
  const waiting = new Set<() => void>();
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    options.onOutput?.(stdout, child);
    for (const look of waiting) look();
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    options.onError?.(stderr, child);
    for (const look of waiting) look();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
  const found = (pattern: RegExp, text: () => string) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(text());
        if (match) resolve(match);
      };
      waiting.add(look);
      look();
      ended.then((result) => reject(new Error(`it has ended: ${JSON.stringify(result)}`)), reject);
    });
  const printed = (pattern: RegExp) => found(pattern, () => stdout);
  const complained = (pattern: RegExp) => found(pattern, () => stderr);
  return { child, ended, printed, complained };
}

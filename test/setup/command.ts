/** Runs the command `as-fibers` as users do: the built one, in a process of its own. */
import { spawn } from "node:child_process";
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
  /** Called with all of its standard output so far, whenever there is more. */
  onOutput?: (stdout: string, child: ReturnType<typeof spawn>) => void;
}

/** Runs `as-fibers` with these words until it has ended. */
export async function asFibers(words: string[], options: CommandOptions = {}): Promise<Ended> {
  return runNode([command, ...words], options);
}

/** Runs a script with this Node until it has ended. */
export async function runNode(words: string[], options: CommandOptions = {}): Promise<Ended> {
  const { NO_COLOR: _, FORCE_COLOR: _force, ...environment } = process.env;
  const child = spawn(process.execPath, words, {
    cwd: options.cwd ?? root,
    env: { ...environment, ...options.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    options.onOutput?.(stdout, child);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** The options by which a program on target `wasi` is given what a host of JavaScript would give it by itself. */
import { statSync } from "node:fs";
import type { WasiOptions } from "../wasi/index.ts";
import { UsageError } from "./usage-error.ts";

/** Who serves files, arguments and randomness; the first one by default. */
export const BASES = ["@wasmer/wasi", "node:wasi"] as const satisfies readonly WasiOptions["base"][];

/** `[host:]port` each. @throws UsageError */
export function parseListeners(values: string[] = []): NonNullable<WasiOptions["listen"]> {
  return values.map((value) => {
    const match = /^(?:(.+):)?(\d{1,5})$/.exec(value);
    const port = Number(match?.[2] ?? Number.NaN);
    if (port <= 65_535) return { host: (match?.[1] ?? "127.0.0.1").replace(/^\[(.*)\]$/, "$1"), port };
    const hint = "--listen takes a port, or host:port; port 0 is one that is free";
    throw new UsageError("E_INVALID_OPTION", `--listen got ${JSON.stringify(value)}`, hint);
  });
}

/** `NAME=value` each. @throws UsageError */
export function parseEnvironment(values: string[] = []): Record<string, string> {
  const entries = values.map((value): [string, string] => {
    const at = value.indexOf("=");
    if (at > 0) return [value.slice(0, at), value.slice(at + 1)];
    throw new UsageError("E_INVALID_OPTION", `--env got ${JSON.stringify(value)}`, "--env takes NAME=value");
  });
  return Object.fromEntries(entries);
}

/** `directory[::name]` each, as Wasmtime has it: by its name the program opens it. @throws UsageError */
export function parseDirectories(values: string[] = []): Record<string, string> {
  const preopens: Record<string, string> = {};
  for (const value of values) {
    const refuse = (hint: string): never => {
      throw new UsageError("E_INVALID_OPTION", `--dir got ${JSON.stringify(value)}`, hint);
    };
    const [directory = "", name = directory, ...more] = value.split("::");
    if (!directory || !name || more.length > 0) refuse("--dir takes directory::name, or a directory alone");
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) refuse(`there is no directory ${directory}`);
    if (Object.hasOwn(preopens, name)) refuse(`there is a directory of the name ${name} already`);
    preopens[name] = directory;
  }
  return preopens;
}

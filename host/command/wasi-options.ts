/** The options by which a program on target `wasi` is given what a host of JavaScript would give it by itself. */
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

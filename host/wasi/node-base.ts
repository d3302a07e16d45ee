/** node:wasi as the base: files are those of this machine. */
import type { Base, BaseOptions } from "./base.ts";
import { loadNodeWasi } from "./node-wasi.ts";

export function newNodeBase(options: BaseOptions): Base {
  const NodeWasi = loadNodeWasi();
  const wasi = new NodeWasi({ version: "preview1", ...options, returnOnExit: true });
  return {
    calls: wasi.wasiImport,
    hasThreadClock: true,
    firstPreopen: 3,
    // We start the program ourselves, so that it ends in the same way on each base.
    bind: ({ exports }) => wasi.initialize({ exports: { memory: exports["memory"] } }),
  };
}

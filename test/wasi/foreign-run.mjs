// @ts-check
/**
 * Runs a WASI program that knows nothing of as-fibers on the imports of as-fibers/wasi, with the standard streams of this process.
 *
 *     node test/wasi/foreign-run.mjs <base> <waiting> <module> [listeners] [directory]
 *
 * Tells the ports of the listeners in a line on standard error. The program finds the directory as /data.
 */
import { readFileSync } from "node:fs";
import { createWasi } from "as-fibers/wasi";

const [base, waiting, file = "", listeners = "0", directory] = process.argv.slice(2);
const wasi = await createWasi({
  base: base === "node:wasi" ? base : "@wasmer/wasi",
  waiting: waiting === "poll" ? waiting : "atomics",
  args: [file],
  listen: Array.from({ length: Number(listeners) }, () => ({ port: 0 })),
  preopens: directory ? { "/data": directory } : {},
});
if (wasi.ports.length > 0) console.error(wasi.ports.join(" "));
const { instance } = await WebAssembly.instantiate(readFileSync(file), wasi.getImportObject());
process.exitCode = wasi.start(instance);
wasi.close();

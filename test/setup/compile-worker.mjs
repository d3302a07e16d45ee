// @ts-check
/** Compiles guests in a thread of its own: one source at a time, as it is told. */
import { parentPort } from "node:worker_threads";
import { compile } from "as-fibers/compiler";

parentPort?.on("message", async ({ source, options }) => {
  try {
    parentPort?.postMessage({ compiled: await compile(source, options) });
  } catch (error) {
    parentPort?.postMessage({ failure: `${source}:\n${/** @type {Error} */ (error).message}` });
  }
});

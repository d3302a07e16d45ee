// @ts-check
/** A thread that computes: is given a module, and for each number of steps tells the result of its `work`. */
import { parentPort, workerData } from "node:worker_threads";

const instance = new WebAssembly.Instance(workerData, { alternatives: { wait() {} }, env: { abort() {} } });
const work = /** @type {(steps: number) => number} */ (instance.exports["work"]);
parentPort?.on("message", (steps) => parentPort?.postMessage(work(steps)));

// @ts-check
/**
 * So many waits at once, in a process of its own: prints how long all of them took together, and how much memory each of them held.
 *
 *     node bench/peers/waits.mjs <fibers|await|jspi|threads> <count> <milliseconds> <module>
 */
import { readFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { load } from "as-fibers";

const [kind = "", countText, millisecondsText, file = ""] = process.argv.slice(2);
const count = Number(countText);
const milliseconds = Number(millisecondsText);

/** Makes what is asked for; the function starts all waits, and gives how many have ended. @type {Record<string, () => Promise<() => Promise<number>>>} */
const ways = {
  async fibers() {
    const { exports } = await load(file);
    return async () => Number(await exports["wait"]?.(count, milliseconds));
  },

  async await() {
    return () => waitForAll(() => wait(milliseconds).then(() => 1));
  },

  async jspi() {
    const { promising, Suspending } = /** @type {any} */ (WebAssembly);
    const imports = { alternatives: { wait: new Suspending(wait) }, env: { abort() {} } };
    const { instance } = await WebAssembly.instantiate(await readFile(file), imports);
    const nap = promising(instance.exports["nap"]);
    return () => waitForAll(() => nap(milliseconds));
  },

  async threads() {
    const program = `require("node:timers").setTimeout(() => {}, ${milliseconds})`;
    return () =>
      waitForAll(() => new Promise((resolve) => new Worker(program, { eval: true }).on("exit", () => resolve(1))));
  },
};

/** @param {number} time */
function wait(time) {
  return /** @type {Promise<void>} */ (new Promise((resolve) => void setTimeout(resolve, time)));
}

/** @param {() => Promise<number>} begin */
async function waitForAll(begin) {
  const ended = await Promise.all(Array.from({ length: count }, begin));
  return ended.reduce((sum, one) => sum + one, 0);
}

const run = await ways[kind]?.();
if (!run) throw new Error(`there is no ${kind}`);
globalThis.gc?.();
const before = process.memoryUsage.rss();
const begin = performance.now();
const all = run();
await wait(milliseconds * 0.8);
const bytes = (process.memoryUsage.rss() - before) / count;
const ended = await all;
console.log(JSON.stringify({ ended, milliseconds: performance.now() - begin, bytes }));
process.exit(0);

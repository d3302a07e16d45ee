// @ts-check
/** A server that runs a module: `node fibers.mjs module.wasm words…`. Its `main` gets port 0 and the words, and prints where it listens. */
import { Writable } from "node:stream";
import { load, nodeDriver, selectorDriver } from "as-fibers";
import { answer } from "../answer.mjs";
import { cpuMilliseconds, memoryInUse, waitFor } from "./usage.mjs";

const [file = "", ...words] = process.argv.slice(2);

/** @type {(port: number) => void} */
let listening = () => {};
/** @type {Promise<number>} */
const port = new Promise((resolve) => (listening = resolve));

const stdout = new Writable({
  write(chunk, _encoding, done) {
    const found = /^listening on 127\.0\.0\.1:(\d+)$/m.exec(String(chunk));
    if (found) listening(Number(found[1]));
    done();
  },
});

const backEnd = process.env["BENCH_DRIVER"];
const driver = backEnd
  ? await selectorDriver({ backEnd: /** @type {"epoll" | "poll"} */ (backEnd), stdout })
  : nodeDriver({ stdout });
const app = await load(file, { driver });
void app.exports["main"]?.(0, ...words.map(Number)).catch((error) => {
  console.error(error);
  process.exit(1);
});

/** How many fibers sleep: as many requests wait for their answers. */
const waiting = () => app.fibers().filter(({ reason }) => reason === "sleep").length;

export const answers = answer({
  port: () => port,
  cpu: () => cpuMilliseconds(),
  memory: () => memoryInUse(app),
  waiting,
  waitFor: (/** @type {number} */ count) => waitFor(waiting, count),
});

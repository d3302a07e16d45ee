// @ts-check
/**
 * A process that runs the program `drivers` on a driver: `node driver.mjs module.wasm node|epoll|poll attached|blocking`. What blocks has a
 * thread to itself; the main thread answers.
 */
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { load, nodeDriver, selectorDriver } from "as-fibers";
import { answer } from "../answer.mjs";
import { cpuMilliseconds, memoryInUse } from "./usage.mjs";

/** @typedef {import("as-fibers").App} App */

/** Calls an export, and waits for it: without the event loop when it blocks. @typedef {(name: string, ...values: number[]) => unknown} Call */

/** What can be asked of a program; each of a fresh one. */
const jobs = {
  /** @param {Call} call */
  async naps(call, /** @type {number} */ count) {
    return String(await call("naps", count));
  },
  /** Milliseconds of processor time that so many milliseconds of rest take. @param {Call} call */
  async rest(call, /** @type {number} */ milliseconds) {
    await call("rest", 200); // what is done once, and in the background after the start, is over then
    const before = cpuMilliseconds();
    await call("rest", milliseconds);
    return cpuMilliseconds() - before;
  },
};

const answersOfMain = isMainThread ? start(process.argv.slice(2)) : null;
if (!isMainThread) await runInThread();

/** @param {string[]} words */
function start([file = "", name = "", way = ""]) {
  const isBlocking = way === "blocking";
  /** @type {App | undefined} */
  let serving;
  /** @template T @param {string} job @param {number} value @returns {Promise<T>} */
  const ask = (job, value) =>
    isBlocking
      ? new Promise((resolve, reject) => {
          const thread = new Worker(new URL(import.meta.url), { workerData: { file, name, job, value } });
          thread.once("message", resolve);
          thread.once("error", reject);
        })
      : attached(file, name, job, value);
  const listen = async () => {
    serving = await open(file, name);
    const port = Number(await serving.exports["listen"]?.());
    void serving.exports["serve"]?.();
    return port;
  };
  /** @type {Promise<number> | undefined} */
  let port;
  return answer({
    /** @returns {Promise<number>} */
    port: () => (port ??= isBlocking ? ask("serve", 0) : listen()),
    cpu: () => cpuMilliseconds(),
    memory: () => memoryInUse(serving),
    /** By how many nanoseconds each of so many sleeps of a millisecond was late. @returns {Promise<string>} */
    naps: (/** @type {number} */ count) => ask("naps", count),
    /** @returns {Promise<number>} */
    rest: (/** @type {number} */ milliseconds) => ask("rest", milliseconds),
  });
}

/**
 * @param {string} file
 * @param {string} name
 */
async function open(file, name) {
  const backEnd = /** @type {"epoll" | "poll"} */ (name);
  return load(file, { driver: name === "node" ? nodeDriver() : await selectorDriver({ backEnd }) });
}

/**
 * @param {string} file
 * @param {string} name
 * @param {string} job
 * @param {number} value
 * @returns {Promise<any>}
 */
async function attached(file, name, job, value) {
  const app = await open(file, name);
  const result = await jobs[/** @type {keyof typeof jobs} */ (job)](
    (verb, ...values) => app.exports[verb]?.(...values),
    value,
  );
  await app.close();
  return result;
}

async function runInThread() {
  const { file, name, job, value } = workerData;
  const app = await open(file, name);
  /** @type {Call} */
  const call = (verb, ...values) => app.runSync(verb, ...values);
  if (job === "serve") {
    parentPort?.postMessage(call("listen"));
    call("serve");
  }
  parentPort?.postMessage(await jobs[/** @type {keyof typeof jobs} */ (job)](call, value));
  await app.close();
}

export const answers = /** @type {ReturnType<typeof start>} */ (answersOfMain);

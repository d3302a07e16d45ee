/**
 * Another thread of the tests: acts while the main thread sleeps in the kernel. It looks at /proc to know that it does: no time is involved.
 *
 * @typedef {import("./world.ts").Action} Action
 */
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { attachNotifier } from "as-fibers/event-queue";

/** Not a literal in the import: its types need not be there. */
const PACKAGE = "koffi";
const library = (await import(PACKAGE)).default.load(null);
const write = library.func("write", "intptr_t", ["int", "void *", "size_t"]);
const close = library.func("close", "int", ["int"]);
/** epoll_wait, epoll_pwait, epoll_pwait2, poll, ppoll on x86-64; epoll_pwait, epoll_pwait2, ppoll on ARM. */
const WAITS = process.arch === "x64" ? ["232", "281", "441", "7", "271"] : ["22", "441", "73"];
/** @type {{ words: Int32Array<SharedArrayBuffer>, pid: number }} */
const { words, pid } = workerData;
const nap = new Int32Array(new SharedArrayBuffer(4));

/**
 * The main thread does nothing else than to enter the wait, once it has set word 0.
 *
 * @param {number} errand
 */
function untilAsleep(errand) {
  for (;;) {
    const [number = ""] = readFileSync(`/proc/${pid}/task/${pid}/syscall`, "utf8").split(" ");
    if (Atomics.load(words, 0) === errand && WAITS.includes(number)) return;
    Atomics.wait(nap, 0, 0, 1);
  }
}

/**
 * @param {Action} action
 * @returns {Promise<() => void>}
 */
async function prepare(action) {
  if (action.type === "close") return () => close(action.fd);
  if (action.type === "write") return () => write(action.fd, new Uint8Array(1), 1);
  const notifier = await attachNotifier(action.handle);
  return () => {
    for (let i = 0; i < (action.times ?? 1); i++) notifier.notify();
  };
}

/** @param {number} value */
function tell(value) {
  Atomics.store(words, 1, value);
  Atomics.notify(words, 1);
}

parentPort?.on("message", async ({ errand, actions, isAtOnce }) => {
  const acts = await Promise.all(actions.map(prepare));
  tell(errand * 2);
  if (!isAtOnce) untilAsleep(errand);
  for (const act of acts) act();
  tell(errand * 2 + 1);
});

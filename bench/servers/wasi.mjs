// @ts-check
/**
 * A process that runs a module on the WASI host of as-fibers/wasi: `node wasi.mjs module.wasm poll|atomics words…`, with one pre-opened
 * socket. The program has a thread to itself, since nothing else runs there; this one answers.
 */
import { fstatSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { createWasi } from "as-fibers/wasi";
import { answer } from "../answer.mjs";
import { cpuMilliseconds } from "./usage.mjs";

const answersOfMain = isMainThread ? start(process.argv.slice(2)) : null;
if (!isMainThread) await runProgram();

/** @typedef {{ file: string, waiting: "poll" | "atomics", words: string[], stdout: number }} Program */

/** @param {string[]} words */
function start([file = "", waiting = "", ...words]) {
  const stdout = openUnnamed();
  /** @type {Program} */
  const program = { file, waiting: waiting === "poll" ? "poll" : "atomics", words, stdout };
  const thread = new Worker(new URL(import.meta.url), { workerData: program });
  const port = new Promise((resolve) => thread.once("message", resolve));
  const output = new Promise((resolve, reject) => {
    thread.once("error", reject);
    thread.once("exit", () => resolve(readAll(stdout)));
  });
  output.catch(() => {}); // who asks is told
  return answer({
    /** @returns {Promise<number>} */
    port: () => port,
    cpu: () => cpuMilliseconds(),
    /** What it has printed, when it has ended. @returns {Promise<string>} */
    output: () => output,
  });
}

/** A file that is gone when it is closed: this process is killed in the end. */
function openUnnamed() {
  const folder = mkdtempSync(join(tmpdir(), "as-fibers-bench-"));
  const fd = openSync(join(folder, "printed"), "w+");
  rmSync(folder, { recursive: true });
  return fd;
}

/** @param {number} fd */
function readAll(fd) {
  const bytes = Buffer.alloc(fstatSync(fd).size);
  readSync(fd, bytes, 0, bytes.length, 0);
  return bytes.toString();
}

async function runProgram() {
  /** @type {Program} */
  const { file, waiting, words, stdout } = workerData;
  const wasi = await createWasi({ waiting, args: [file, ...words], stdout, listen: [{ port: 0 }] });
  parentPort?.postMessage(wasi.ports[0]);
  const { instance } = await WebAssembly.instantiate(readFileSync(file), wasi.getImportObject());
  const exitCode = wasi.start(instance);
  wasi.close();
  if (exitCode !== 0) throw new Error(`the program has ended with ${exitCode}`);
}

export const answers = /** @type {ReturnType<typeof start>} */ (answersOfMain);

/**
 * The red zone behind the unwind area follows the engine's own stack. Asyncify looks at bounds only after it has written: a zone that is
 * too small lets the deepest recursion that an engine allows write over the program's memory.
 */
import { spawn } from "node:child_process";
import { Worker } from "node:worker_threads";
import { describe, expect, onTestFinished, test } from "vitest";
import { engineStackBytes, redZoneBytes } from "../../host/engine-stack.ts";
import { guest } from "../setup/guests.ts";

const DEFAULT_BYTES = 984 * 1024;

interface Report {
  /** Bytes that the deepest suspension has written. */
  written: number;
  isIntact: boolean;
  sum: string;
  codes: string[];
}

/** Finds the deepest recursion that can unwind at all, far over the limit, and tells what it wrote. */
const deepest = `
  const { load, virtualDriver } = await import("as-fibers");
  const { readFile } = await import("node:fs/promises");
  const module = await WebAssembly.compile(await readFile(file));
  const start = () => load(module, { driver: virtualDriver(), stackLimit: 1024 });
  let app = await start();
  let isIntact = true;
  const codes = new Set();
  let written = 0;
  async function suspends(depth) {
    try {
      await app.exports.suspendAt(depth);
      return true;
    } catch (error) {
      codes.add(error.code);
      const needed = /need (\\d+) bytes/.exec(error.message);
      if (needed) written = Math.max(written, Number(needed[1]));
      // At the very end of the stack, no import can be called any more.
      if (error.code === "E_INSTANCE_DEAD") app = await start();
      else isIntact &&= app.isIntact;
      return error.code === "E_STACK_TOO_DEEP";
    }
  }
  let low = 1000;
  while (await suspends(low * 2)) low *= 2;
  for (let step = low / 2; step >= 1; step /= 2) if (await suspends(Math.floor(low + step))) low += Math.floor(step);
  const sum = String(await app.exports.suspendAt(20));
  tell({ written, isIntact: isIntact && app.isIntact, sum, codes: [...codes] });
`;

async function inProcess(...execArgv: string[]): Promise<Report> {
  const code = `const file = process.argv[1]; const tell = (report) => console.log(JSON.stringify(report)); ${deepest}`;
  const child = spawn(process.execPath, [...execArgv, "--input-type=module", "-e", code, guest("host-failures").file], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 30_000,
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  expect(await new Promise((resolve) => child.on("close", resolve))).toBe(0);
  return JSON.parse(output) as Report;
}

async function inWorker(stackSizeMb: number): Promise<Report> {
  const code = `
    const { parentPort, workerData: file } = require("node:worker_threads");
    const tell = (report) => parentPort.postMessage(report);
    void (async () => { ${deepest} })();
  `;
  const worker = new Worker(code, {
    eval: true,
    workerData: guest("host-failures").file,
    resourceLimits: { stackSizeMb },
  });
  onTestFinished(async () => void (await worker.terminate()));
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

test("the size of this thread's stack is V8's default", () => {
  expect(engineStackBytes()).toBe(DEFAULT_BYTES);
  expect(redZoneBytes()).toBe(DEFAULT_BYTES * 0.75);
});

describe("the deepest recursion that can suspend writes nothing behind the red zone", () => {
  const sound = { isIntact: true, sum: "210", codes: expect.arrayContaining(["E_STACK_TOO_DEEP"]) as string[] };

  test("with the default stack", async () => {
    const report = await inProcess();
    expect(report).toMatchObject(sound);
    expect(report.written).toBeGreaterThan(DEFAULT_BYTES * 0.1);
    expect(report.written).toBeLessThan(DEFAULT_BYTES * 0.75);
  });

  test.each(["--stack-size=4000", "--stack_size=4000"])("with %s", async (option) => {
    const report = await inProcess(option);
    expect(report).toMatchObject(sound);
    // More than the default's zone would have held: so the zone has grown.
    expect(report.written).toBeGreaterThan(DEFAULT_BYTES * 0.75 + 1024);
    expect(report.written).toBeLessThan(4000 * 1024 * 0.75);
  });

  test("in a worker with a stack of its own size", async () => {
    const report = await inWorker(16);
    expect(report).toMatchObject(sound);
    expect(report.written).toBeGreaterThan(DEFAULT_BYTES * 0.75 + 1024);
    expect(report.written).toBeLessThan(16 * 1024 * 1024 * 0.75);
  });
});

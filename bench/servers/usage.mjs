// @ts-check
/** What a server process uses. */

/** @typedef {{ resident: number, heap: number, external: number, wasmMemory: number, guestObjects: number }} Memory */

/** Milliseconds of processor time until now. */
export function cpuMilliseconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Bytes in use, after a collection.
 *
 * @param {{ collect(): void, memory: WebAssembly.Memory, liveBytes: number }} [app] the program that runs here
 * @returns {Memory}
 */
export function memoryInUse(app) {
  app?.collect();
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const wasmMemory = app?.memory.buffer.byteLength ?? 0;
  return { resident: rss, heap: heapUsed, external, wasmMemory, guestObjects: app?.liveBytes ?? 0 };
}

/**
 * Waits until so many requests wait for their answers.
 *
 * @param {() => number} waiting how many do
 * @param {number} count
 */
export async function waitFor(waiting, count) {
  while (waiting() < count) await new Promise((resolve) => setTimeout(resolve, 50));
}

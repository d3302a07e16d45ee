// @ts-check
/** Runs programs on `as-fibers/wasi`, one after another: each has the thread to itself until it ends. */
import { parentPort, workerData } from "node:worker_threads";
import { createWasi } from "as-fibers/wasi";

const ERRNO_NOTSUP = 58;
const EVENT_BYTES = 32;
const NBYTES_OFFSET = 16;
const FLAGS_OFFSET = 2;

/** @type {WebAssembly.Instance} */
let instance;

/**
 * Makes of this host one that counts no bytes in events, and whose sockets are not said to be non-blocking.
 * @param {Record<string, (...args: number[]) => number>} calls
 */
function impoverish(calls) {
  const { poll_oneoff, fd_fdstat_get } = { ...calls };
  const view = () => new DataView(/** @type {WebAssembly.Memory} */ (instance.exports["memory"]).buffer);
  calls["poll_oneoff"] = (subscriptions, events, count, happened) => {
    const errno = poll_oneoff?.(subscriptions, events, count, happened) ?? ERRNO_NOTSUP;
    const end = errno ? events : events + view().getUint32(happened, true) * EVENT_BYTES;
    for (let at = events; at < end; at += EVENT_BYTES) view().setBigUint64(at + NBYTES_OFFSET, 0n, true);
    return errno;
  };
  calls["fd_fdstat_get"] = (fd, fdstat) => {
    const errno = fd_fdstat_get?.(fd, fdstat) ?? ERRNO_NOTSUP;
    if (!errno) view().setUint16(fdstat + FLAGS_OFFSET, 0, true);
    return errno;
  };
  calls["fd_fdstat_set_flags"] = () => ERRNO_NOTSUP;
}

parentPort?.on("message", async ({ isPoor, ...options }) => {
  try {
    const wasi = await createWasi(options);
    try {
      const imports = wasi.getImportObject();
      if (isPoor) impoverish(/** @type {any} */ (imports["wasi_snapshot_preview1"]));
      instance = new WebAssembly.Instance(workerData, imports);
      parentPort?.postMessage({ ports: wasi.ports });
      const code = wasi.start(instance);
      parentPort?.postMessage({ code });
    } finally {
      wasi.close();
    }
  } catch (error) {
    parentPort?.postMessage({ failure: String(error) });
  }
});

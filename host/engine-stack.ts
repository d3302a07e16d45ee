/** How large the engine's own stack is: the red zone behind the unwind area depends on it. */
import { isMainThread, resourceLimits } from "node:worker_threads";

/** V8's default, in KiB. */
const DEFAULT_KIB = 984;

/** What unwinding can write at most, as a share of the stack that the frames took. Measured: 0.65. */
const WRITTEN_SHARE = 0.75;

/** The size of the stack of this thread, in bytes. */
export function engineStackBytes(): number {
  if (!isMainThread && resourceLimits.stackSizeMb) return resourceLimits.stackSizeMb * 1024 * 1024;
  const options = [...(process.env["NODE_OPTIONS"] ?? "").split(/\s+/), ...process.execArgv];
  let kib = DEFAULT_KIB;
  options.forEach((option, i) => {
    const match = /^--stack[-_]size(?:=(\d+))?$/.exec(option);
    if (match) kib = Number(match[1] ?? options[i + 1]) || kib;
  });
  return kib * 1024;
}

/** The bytes that must lie behind the limit of the unwind area, since Asyncify checks only after it has written. */
export function redZoneBytes(): number {
  return Math.ceil(engineStackBytes() * WRITTEN_SHARE);
}

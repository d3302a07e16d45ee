/** The four clocks of WASI, in nanoseconds. */
import { ERRNO_INVAL, ERRNO_NOTSUP, WasiError } from "./errno.ts";
import {
  CLOCKID_MONOTONIC,
  CLOCKID_PROCESS_CPUTIME_ID,
  CLOCKID_REALTIME,
  CLOCKID_THREAD_CPUTIME_ID,
} from "./layout.ts";

export interface Clocks {
  /** Throws ERRNO_INVAL for a clock that WASI does not have, and ERRNO_NOTSUP for one that this host does not. */
  now(clock: number): bigint;
  /** Throws as `now` does. */
  resolution(clock: number): bigint;
}

const NS_PER_MS = 1_000_000n;

/** What Node has from version 23.9 on. */
const { threadCpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage };

export class SystemClocks implements Clocks {
  /** The wall clock minus the monotonic one; never more than it really is, unless the wall clock was set back. */
  #offset = BigInt(Date.now()) * NS_PER_MS - process.hrtime.bigint();

  now(clock: number): bigint {
    switch (clock) {
      case CLOCKID_MONOTONIC:
        return process.hrtime.bigint();
      case CLOCKID_REALTIME:
        return this.#wallClock();
      case CLOCKID_PROCESS_CPUTIME_ID:
        return nanoseconds(process.cpuUsage());
      case CLOCKID_THREAD_CPUTIME_ID:
        if (!threadCpuUsage) throw new WasiError(ERRNO_NOTSUP);
        return nanoseconds(threadCpuUsage.call(process));
      default:
        throw new WasiError(ERRNO_INVAL);
    }
  }

  resolution(clock: number): bigint {
    if (clock === CLOCKID_REALTIME || clock === CLOCKID_MONOTONIC) return 1n;
    this.now(clock);
    return 1000n;
  }

  /**
   * Node tells the wall clock's milliseconds only. What is between them is counted by the monotonic clock, and corrected whenever the two
   * disagree: so a clock that was set is followed at once. The wall clock is read between two looks at the monotonic one, since any time
   * may pass between two readings: without that, a correction could be too large, and the next one would set the clock back.
   */
  #wallClock(): bigint {
    const before = process.hrtime.bigint();
    const least = BigInt(Date.now()) * NS_PER_MS;
    const after = process.hrtime.bigint();
    const most = least + NS_PER_MS - 1n;
    if (this.#offset + after < least) this.#offset = least - after;
    else if (this.#offset + before > most) this.#offset = most - before;
    return this.#offset + after;
  }
}

function nanoseconds({ user, system }: NodeJS.CpuUsage): bigint {
  return BigInt(Math.round(user + system)) * 1000n;
}

/** poll(2), and the layout of what it watches. */
import { type Call, type CLibrary, ENOSYS } from "./c-library.ts";
import { Timespec, toMilliseconds } from "./timespec.ts";

export interface PollCalls {
  /**
   * @param timeoutNs 0 looks only, Infinity waits for ever
   * @returns how many are ready, or the negative error number
   */
  poll(descriptors: Int16Array, count: number, timeoutNs: number): number;
}

/**
 * `struct pollfd` in 16-bit units:
 *
 * ```text
 * 0            2        3
 * ├────────────┼────────┼─────────┤
 * │ descriptor │ events │ revents │   a negative descriptor is skipped
 * └────────────┴────────┴─────────┘
 * ```
 */
export const POLLFD_UNITS = 4;
export const EVENTS_UNIT = 2;
export const FOUND_UNIT = 3;

export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const POLLERR = 0x8;
export const POLLHUP = 0x10;
export const POLLNVAL = 0x20;
/** The peer has ended its direction: on Linux only; elsewhere that is POLLHUP. */
export const POLLRDHUP = process.platform === "linux" ? 0x2000 : 0;

/** `nfds_t`. */
const COUNT_TYPE = process.platform === "linux" ? "ulong" : "uint";

/** ppoll, which takes nanoseconds, where there is one; else poll, its milliseconds rounded up. */
export function bindPollCalls(library: CLibrary): PollCalls {
  const poll = library.bind("poll", ["void *", COUNT_TYPE, "int"]);
  const ppoll = library.has("ppoll") ? library.bind("ppoll", ["void *", COUNT_TYPE, "void *", "void *"]) : null;
  return { poll: pickPoll(poll, ppoll) };
}

export function pickPoll(poll: Call, ppoll: Call | null): PollCalls["poll"] {
  const timespec = new Timespec();
  let isPrecise = ppoll !== null;
  return (descriptors, count, timeoutNs) => {
    if (isPrecise && timeoutNs > 0 && timeoutNs !== Infinity) {
      const result = (ppoll as Call)(descriptors, count, timespec.set(timeoutNs), null);
      if (result !== -ENOSYS) return result;
      isPrecise = false;
    }
    return poll(descriptors, count, toMilliseconds(timeoutNs));
  };
}

/** epoll(7), and the layout of its events. Linux. */
import { type Call, type CLibrary, ENOSYS } from "./c-library.ts";
import { Timespec, toMilliseconds } from "./timespec.ts";

/** Each returns 0 or more, or the negative error number. */
export interface EpollCalls {
  create(): number;
  control(epoll: number, operation: number, fd: number, event: Uint32Array): number;
  /** @param timeoutNs 0 looks only, Infinity waits for ever @returns how many events were written */
  wait(epoll: number, events: Uint32Array, capacity: number, timeoutNs: number): number;
}

/**
 * `struct epoll_event` in 32-bit words. On x86 it is packed, elsewhere the data is aligned to 8 bytes:
 *
 * ```text
 * x86    events │ data 0 │ data 1
 * others events │   –    │ data 0 │ data 1
 * ```
 */
export const EVENT_WORDS = process.arch === "x64" || process.arch === "ia32" ? 3 : 4;
export const DATA_WORD = EVENT_WORDS - 2;

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
export const EPOLLONESHOT = 1 << 30;
export const EPOLLET = 1 << 31;

const EPOLL_CLOEXEC = 0o2000000;

export function bindEpollCalls(library: CLibrary): EpollCalls {
  const create = library.bind("epoll_create1", ["int"]);
  const control = library.bind("epoll_ctl", ["int", "int", "int", "void *"]);
  const wait = library.bind("epoll_wait", ["int", "void *", "int", "int"]);
  const pwait2 = library.has("epoll_pwait2")
    ? library.bind("epoll_pwait2", ["int", "void *", "int", "void *", "void *"])
    : null;
  return {
    create: () => create(EPOLL_CLOEXEC),
    control: (epoll, operation, fd, event) => control(epoll, operation, fd, event),
    wait: pickWait(wait, pwait2),
  };
}

/** epoll_pwait2, which takes nanoseconds, where library and kernel (5.11) have it; else epoll_wait, its milliseconds rounded up. */
export function pickWait(wait: Call, pwait2: Call | null): EpollCalls["wait"] {
  const timespec = new Timespec();
  let isPrecise = pwait2 !== null;
  return (epoll, events, capacity, timeoutNs) => {
    if (isPrecise && timeoutNs > 0 && timeoutNs !== Infinity) {
      const result = (pwait2 as Call)(epoll, events, capacity, timespec.set(timeoutNs), null);
      if (result !== -ENOSYS) return result;
      isPrecise = false;
    }
    return wait(epoll, events, capacity, toMilliseconds(timeoutNs));
  };
}

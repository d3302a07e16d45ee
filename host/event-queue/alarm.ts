/**
 * A deadline as a descriptor (timerfd, Linux): Node's event loop counts in milliseconds, and the kernel in nanoseconds.
 *
 * ```text
 * itimerspec   │ interval 16 │ value 16 │   each a timespec; no interval: once. A value of zero would stop it.
 * ```
 */
import { type CLibrary, succeed } from "./c-library.ts";
import type { DescriptorCalls } from "./descriptor-calls.ts";
import { Timespec } from "./timespec.ts";

/** Each returns 0 or more, or the negative error number. */
export interface AlarmCalls {
  create(): number;
  /** Rings once, after so many nanoseconds, which are more than 0. */
  set(fd: number, timeoutNs: number): number;
}

const CLOCK_MONOTONIC = 1;
const TFD_NONBLOCK_CLOEXEC = 0o2004000;

/** null where the system has no such thing. */
export function bindAlarmCalls(library: CLibrary): AlarmCalls | null {
  if (process.platform !== "linux") return null;
  const create = library.bind("timerfd_create", ["int", "int"]);
  const settime = library.bind("timerfd_settime", ["int", "int", "void *", "void *"]);
  const timespec = new Timespec();
  const words = new Uint32Array(8);
  return {
    create: () => create(CLOCK_MONOTONIC, TFD_NONBLOCK_CLOEXEC),
    set(fd, timeoutNs) {
      words.set(timespec.set(timeoutNs), 4);
      return settime(fd, 0, words, null);
    },
  };
}

export class Alarm {
  /** Readable when it has rung. */
  readonly fd: number;
  readonly #alarms: AlarmCalls;
  readonly #descriptors: DescriptorCalls;
  readonly #expirations = new Uint8Array(8);

  /** @throws what the system says, EMFILE for instance */
  constructor(alarms: AlarmCalls, descriptors: DescriptorCalls) {
    this.#alarms = alarms;
    this.#descriptors = descriptors;
    this.fd = succeed("timerfd_create", alarms.create());
  }

  /** Replaces what was set before. */
  set(timeoutNs: number): void {
    succeed("timerfd_settime", this.#alarms.set(this.fd, Math.max(timeoutNs, 1)));
  }

  /** It has rung. */
  clear(): void {
    this.#descriptors.read(this.fd, this.#expirations);
  }

  close(): void {
    this.#descriptors.close(this.fd);
  }
}

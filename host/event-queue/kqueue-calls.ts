/**
 * kqueue(2), and the layout of its events, as the headers of the systems have them: `sys/event.h` of XNU, FreeBSD 12 and OpenBSD.
 * This has not run on a real kernel: see test/event-queue/simulated-kqueue.ts.
 */
import type { CLibrary } from "./c-library.ts";
import { Timespec } from "./timespec.ts";

/** Each returns 0 or more, or the negative error number. */
export interface KqueueCalls {
  /** The layout of the events that `kevent` takes and gives. */
  readonly layout: KeventLayout;
  kqueue(): number;
  /**
   * Applies changes, then waits for events.
   * @param timeoutNs 0 looks only, Infinity waits for ever
   * @returns how many events were written
   */
  kevent(
    queue: number,
    changes: Uint32Array,
    changeCount: number,
    events: Uint32Array,
    capacity: number,
    timeoutNs: number,
  ): number;
}

/**
 * `struct kevent` in 32-bit words, on 64-bit systems, which all are little-endian. `filter` is the low half of its word, `flags` the high one.
 *
 * ```text
 * 0         2                3        4       6       8
 * ├─────────┼────────────────┼────────┼───────┼───────┼──────────┤
 * │ ident   │ filter │ flags │ fflags │ data  │ udata │ ext[4]   │  ext: FreeBSD only
 * └─────────┴────────────────┴────────┴───────┴───────┴──────────┘
 * ```
 */
export interface KeventLayout {
  words: number;
}

export const IDENT_WORD = 0;
export const FILTER_WORD = 2;
export const FFLAGS_WORD = 3;
export const DATA_WORD = 4;
export const UDATA_WORD = 6;

/** Filters are negative numbers of 16 bits. */
export const EVFILT_READ = -1;
export const EVFILT_WRITE = -2;

export const EV_ADD = 0x1;
export const EV_DELETE = 0x2;
export const EV_ENABLE = 0x4;
export const EV_DISABLE = 0x8;
/** Edge-triggered. */
export const EV_CLEAR = 0x20;
/** The outcome of a change comes as an event with EV_ERROR, a success too. */
export const EV_RECEIPT = 0x40;
/** Disabled when it has been told. */
export const EV_DISPATCH = 0x80;
export const EV_ERROR = 0x4000;
export const EV_EOF = 0x8000;

/** undefined where there is no kqueue, or one whose layout is not known here. */
export function layoutOf(platform: NodeJS.Platform): KeventLayout | undefined {
  if (platform === "darwin" || platform === "openbsd") return { words: 8 };
  if (platform === "freebsd") return { words: 16 };
  return undefined;
}

export function bindKqueueCalls(library: CLibrary): KqueueCalls {
  const kqueue = library.bind("kqueue", []);
  const kevent = library.bind("kevent", ["int", "void *", "int", "void *", "int", "void *"]);
  const timespec = new Timespec();
  return {
    layout: layoutOf(process.platform) as KeventLayout,
    kqueue: () => kqueue(),
    kevent: (queue, changes, changeCount, events, capacity, timeoutNs) =>
      kevent(queue, changes, changeCount, events, capacity, timeoutNs === Infinity ? null : timespec.set(timeoutNs)),
  };
}

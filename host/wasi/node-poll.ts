/**
 * A guarded `poll_oneoff` of node:wasi, for one descriptor of the process. By itself it crashes on two bad descriptors, waits until all
 * descriptors are ready instead of any, fails the whole call on a file or /dev/null, does not return from an absolute clock, looks at nothing when a clock
 * is due at once, and cuts timeouts to whole milliseconds. So it is asked only about one pipe, socket or terminal that is open,
 * and only with a relative clock of whole milliseconds. It has a memory of its own.
 */
import { ERRNO_SUCCESS } from "./errno.ts";
import {
  CLOCKID_MONOTONIC,
  EVENTTYPE_CLOCK,
  EVENTTYPE_FD_READ,
  EVENTTYPE_FD_WRITE,
  ProgramMemory,
  SUBSCRIPTION_SIZE,
} from "./layout.ts";
import { loadNodeWasi } from "./node-wasi.ts";

const EVENTS = 4096;
const COUNT = 8192;

export type Readiness = "no" | "ready" | "gone";

type PollOneoff = (pointer: number, events: number, count: number, countPointer: number) => number;

export class NodePoll {
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  readonly #view = new ProgramMemory(this.#memory);
  /** By the descriptor that each instance was made with. */
  readonly #instances = new Map<number, PollOneoff>();

  /** From now on reading does not wait: libuv makes it so for whatever it polls, even if it does not come to look at it. */
  makeNonblocking(fd: number): void {
    this.wait(fd, false, 0);
  }

  /** Waits until it is ready, or so many whole milliseconds are over: at least one, else it does not look. Infinity is for ever. */
  wait(fd: number, isWrite: boolean, milliseconds: number): Readiness {
    const poll = this.#instances.get(fd) ?? this.#newInstance(fd);
    const tag = isWrite ? EVENTTYPE_FD_WRITE : EVENTTYPE_FD_READ;
    this.#view.writeSubscription(0, { userdata: 0n, tag, id: 0, timeoutNs: 0n, flags: 0 });
    const isForEver = milliseconds === Infinity;
    if (!isForEver) {
      const timeoutNs = BigInt(milliseconds) * 1_000_000n;
      const clock = { userdata: 0n, tag: EVENTTYPE_CLOCK, id: CLOCKID_MONOTONIC, timeoutNs, flags: 0 };
      this.#view.writeSubscription(SUBSCRIPTION_SIZE, clock);
    }
    if (poll(0, EVENTS, isForEver ? 1 : 2, COUNT) !== ERRNO_SUCCESS || this.#view.readU32(COUNT) === 0) return "no";
    const { errno, type } = this.#view.readEvent(EVENTS);
    if (type === EVENTTYPE_CLOCK) return "no";
    // What it calls bad is open, and has lost its peer.
    return errno === ERRNO_SUCCESS ? "ready" : "gone";
  }

  #newInstance(fd: number): PollOneoff {
    const NodeWasi = loadNodeWasi();
    const wasi = new NodeWasi({ version: "preview1", stdin: fd, stdout: fd, stderr: fd, returnOnExit: true });
    wasi.initialize({ exports: { memory: this.#memory } });
    const poll = wasi.wasiImport["poll_oneoff"] as PollOneoff;
    this.#instances.set(fd, poll);
    return poll;
  }
}

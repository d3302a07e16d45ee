/**
 * A guarded `poll_oneoff` of node:wasi, for descriptors of the process. By itself it crashes on two bad descriptors, fails the whole call on
 * a file or /dev/null, does not return from an absolute clock, and cuts timeouts to whole milliseconds; so it is asked only about pipes,
 * sockets and terminals that are open, and only with a relative clock of whole milliseconds. It has a memory of its own.
 */
import { fstatSync } from "node:fs";
import { isatty } from "node:tty";
import { ERRNO_SUCCESS } from "./errno.ts";
import {
  CLOCKID_MONOTONIC,
  EVENT_SIZE,
  EVENTTYPE_CLOCK,
  EVENTTYPE_FD_READ,
  EVENTTYPE_FD_WRITE,
  ProgramMemory,
  SUBSCRIPTION_SIZE,
} from "./layout.ts";
import { loadNodeWasi, type NodeWasi } from "./node-wasi.ts";

/** node:wasi takes three descriptors of the process. */
const SLOTS = 3;
const CLOCK = 99n;
const EVENTS = 4096;
const COUNT = 8192;

export interface NodeInterest {
  readonly fd: number;
  readonly isWrite: boolean;
}

export type Readiness = "no" | "ready" | "gone";

/** What stands behind a descriptor of the process, as far as waiting goes. */
export type Nature = "closed" | "file" | "pipe";

export function natureOf(fd: number): Nature {
  try {
    const stats = fstatSync(fd);
    return stats.isFIFO() || stats.isSocket() || (stats.isCharacterDevice() && isatty(fd)) ? "pipe" : "file";
  } catch {
    return "closed";
  }
}

export class NodePoll {
  readonly #newWasi: NodeWasi;
  readonly #memory = new WebAssembly.Memory({ initial: 1 });
  readonly #view = new ProgramMemory(this.#memory);
  /** The descriptors that the present instance has, by slot. */
  #slots: number[] = [];
  #poll: (pointer: number, events: number, count: number, countPointer: number) => number = () => 0;

  private constructor(newWasi: NodeWasi) {
    this.#newWasi = newWasi;
  }

  static async load(): Promise<NodePoll> {
    return new NodePoll(await loadNodeWasi());
  }

  /**
   * Waits for so many whole milliseconds at most; for ever without a number.
   * @returns what each is; none is ready when the time is over
   */
  wait(interests: readonly NodeInterest[], milliseconds: number): Readiness[] {
    this.#use([...new Set(interests.map(({ fd }) => fd))]);
    interests.forEach(({ fd, isWrite }, i) => {
      const tag = isWrite ? EVENTTYPE_FD_WRITE : EVENTTYPE_FD_READ;
      const id = this.#slots.indexOf(fd);
      this.#view.writeSubscription(i * SUBSCRIPTION_SIZE, { userdata: BigInt(i), tag, id, timeoutNs: 0n, flags: 0 });
    });
    let count = interests.length;
    if (milliseconds !== Infinity) {
      const timeoutNs = BigInt(milliseconds) * 1_000_000n;
      const clock = { userdata: CLOCK, tag: EVENTTYPE_CLOCK, id: CLOCKID_MONOTONIC, timeoutNs, flags: 0 };
      this.#view.writeSubscription(count++ * SUBSCRIPTION_SIZE, clock);
    }
    return this.#ask(interests, count);
  }

  #ask(interests: readonly NodeInterest[], count: number): Readiness[] {
    const ready = interests.map((): Readiness => "no");
    if (this.#poll(0, EVENTS, count, COUNT) !== ERRNO_SUCCESS) return ready;
    const found = this.#view.readU32(COUNT);
    for (let i = 0; i < found; i++) {
      const { userdata, errno, type } = this.#view.readEvent(EVENTS + i * EVENT_SIZE);
      // What it calls bad is open, and has lost its peer.
      if (type !== EVENTTYPE_CLOCK) ready[Number(userdata)] = errno === ERRNO_SUCCESS ? "ready" : "gone";
    }
    return ready;
  }

  /** An instance with these descriptors; the one that there is, when it has them. */
  #use(fds: number[]): void {
    if (fds.every((fd) => this.#slots.includes(fd))) return;
    if (fds.length > SLOTS) throw new RangeError(`node:wasi takes ${SLOTS} descriptors, not ${fds.length}`);
    const [stdin = 0, stdout = stdin, stderr = stdin] = fds;
    const wasi = new this.#newWasi({ version: "preview1", stdin, stdout, stderr, returnOnExit: true });
    wasi.initialize({ exports: { memory: this.#memory } });
    this.#slots = [stdin, stdout, stderr];
    this.#poll = wasi.wasiImport["poll_oneoff"] as typeof this.#poll;
  }
}

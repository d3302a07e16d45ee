/**
 * Waits without any library: for time and for the sockets of another thread by Atomics.wait, for one pipe, socket or terminal of the process by a
 * guarded node:wasi, and for several of these by looking every millisecond. Whether standard input has anything, and how
 * much, it learns by reading ahead.
 */
import { fstatSync, readFileSync } from "node:fs";
import type { Descriptor } from "./descriptors.ts";
import type { Doorbell } from "./doorbell.ts";
import { ERRNO_BADF } from "./errno.ts";
import type { NodePoll, Readiness } from "./node-poll.ts";
import { Stdio } from "./stdio.ts";
import { type Interest, probeAll, type Waiter } from "./waiter.ts";

const NS_PER_MS = 1e6;
/** node:wasi hands an int of milliseconds to the system. */
const LONGEST_MS = 2 ** 31 - 1;
/** How often it is looked for room when the thread was held up. */
const LOOKS = 8;

export class AtomicsWaiter implements Waiter {
  readonly #nodePoll: NodePoll;
  readonly #bell: Doorbell;
  /** Descriptors of the process that can be read ahead: reading them does not wait. */
  readonly #nonblocking = new Set<number>();

  /** @param bell rings whenever a socket of another thread becomes ready */
  constructor(nodePoll: NodePoll, bell: Doorbell) {
    this.#nodePoll = nodePoll;
    this.#bell = bell;
  }

  wait(interests: readonly Interest[], timeoutNs: number): void {
    const { rings } = this.#bell; // before it is looked whether there is anything to wait for
    if (this.#lookAtAll(interests) || timeoutNs === 0) return;
    this.#sleep(interests, rings, timeoutNs);
    this.#lookAtAll(interests);
  }

  #sleep(interests: readonly Interest[], rings: number, timeoutNs: number): void {
    const milliseconds = timeoutNs / NS_PER_MS;
    const watched = interests.filter(({ descriptor }) => descriptor.systemFd >= 0);
    const [first] = watched;
    if (!first) {
      this.#bell.sleep(rings, milliseconds);
    } else if (milliseconds < 1 || interests.some((interest) => !isSame(interest, first))) {
      this.#bell.sleep(rings, Math.min(milliseconds, 1));
    } else {
      const whole = milliseconds === Infinity ? Infinity : Math.min(Math.floor(milliseconds), LONGEST_MS);
      this.#nodePoll.wait(first.descriptor.systemFd, first.isWrite, whole);
    }
  }

  #lookAtAll(interests: readonly Interest[]): boolean {
    let isAnyReady = probeAll(interests);
    for (const interest of interests) {
      if (interest.descriptor.systemFd >= 0) this.#look(interest);
      if (interest.isReady) isAnyReady = true;
    }
    return isAnyReady;
  }

  #look(interest: Interest): void {
    const { descriptor, isWrite } = interest;
    switch (natureOf(descriptor)) {
      case "closed":
        interest.errno = ERRNO_BADF;
        interest.isReady = true;
        break;
      case "file":
        interest.isReady = true;
        if (!isWrite) interest.nbytes = bytesLeft(descriptor.systemFd);
        break;
      case "pipe":
        if (isWrite) this.#lookForRoom(interest);
        else this.#readAhead(interest);
    }
  }

  /**
   * What has room says so at once; only what has none takes the time. libuv counts from the start of a millisecond, and looks at its
   * clock first: with 1 ms it may not look at the descriptor at all, with 2 ms only when this thread is held up. Then it is asked again.
   */
  #lookForRoom(interest: Interest): void {
    let readiness: Readiness = "no";
    for (let attempt = 1; attempt <= LOOKS && readiness === "no"; attempt++) {
      const begun = performance.now();
      const interruptions = interruptionsSoFar();
      readiness = this.#nodePoll.wait(interest.descriptor.systemFd, true, 2);
      if (interruptionsSoFar() === interruptions && performance.now() - begun < 3) break;
    }
    interest.isReady = readiness !== "no";
    interest.isHungUp = readiness === "gone";
  }

  #readAhead(interest: Interest): void {
    const { descriptor } = interest;
    if (!(descriptor instanceof Stdio)) return;
    if (!this.#nonblocking.has(descriptor.systemFd)) {
      this.#nodePoll.makeNonblocking(descriptor.systemFd);
      this.#nonblocking.add(descriptor.systemFd);
    }
    const { nbytes, isEnded, isHungUp } = descriptor.readAhead();
    interest.nbytes = nbytes;
    interest.isHungUp = isHungUp;
    interest.isReady = nbytes > 0 || isEnded;
  }
}

/** How often this process had to give the processor to another one. */
function interruptionsSoFar(): number {
  return process.resourceUsage().involuntaryContextSwitches;
}

function isSame(one: Interest, other: Interest): boolean {
  return one.descriptor.systemFd === other.descriptor.systemFd && one.isWrite === other.isWrite;
}

/** What stands behind a descriptor of the process, as far as waiting goes. */
type Nature = "closed" | "file" | "pipe";

function natureOf(descriptor: Descriptor): Nature {
  try {
    const stats = fstatSync(descriptor.systemFd);
    const isTerminal = descriptor instanceof Stdio && descriptor.isTerminal;
    return stats.isFIFO() || stats.isSocket() || isTerminal ? "pipe" : "file";
  } catch {
    return "closed";
  }
}

/** Bytes behind the position in a file. Node does not tell the position, but Linux does; elsewhere it is taken for the beginning. */
function bytesLeft(fd: number): number {
  const stats = fstatSync(fd);
  if (!stats.isFile()) return 0;
  let position = 0;
  try {
    position = Number(/^pos:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? 0);
  } catch {
    // another system
  }
  return Math.max(stats.size - position, 0);
}

/**
 * Waits without any library: for time alone by Atomics.wait; for pipes, sockets and terminals of the process by a guarded node:wasi. Reads
 * standard input ahead, since that is the only way to tell how many bytes there are.
 */
import { fstatSync, readFileSync } from "node:fs";
import { ERRNO_BADF } from "./errno.ts";
import { type NodePoll, natureOf } from "./node-poll.ts";
import { Stdio } from "./stdio.ts";
import { type Interest, probeAll, type Waiter } from "./waiter.ts";

const NS_PER_MS = 1e6;
/** node:wasi hands an int of milliseconds to the system. */
const LONGEST_MS = 2 ** 31 - 1;

export class AtomicsWaiter implements Waiter {
  readonly #nodePoll: NodePoll;
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));

  constructor(nodePoll: NodePoll) {
    this.#nodePoll = nodePoll;
  }

  wait(interests: readonly Interest[], timeoutNs: number): void {
    let isAnyReady = probeAll(interests);
    const watched: Interest[] = [];
    for (const interest of interests) {
      if (interest.descriptor.systemFd < 0) continue;
      if (this.#look(interest)) isAnyReady = true;
      else watched.push(interest);
    }
    if (!watched.length) {
      if (!isAnyReady) this.#sleep(timeoutNs);
      return;
    }
    this.#watch(watched, isAnyReady ? 0 : timeoutNs);
  }

  /** What can be told without the system's help; whether it is ready by that. */
  #look(interest: Interest): boolean {
    const { descriptor, isWrite } = interest;
    const nature = natureOf(descriptor.systemFd);
    if (nature === "closed") {
      interest.errno = ERRNO_BADF;
      interest.isReady = true;
    } else if (nature === "file") {
      interest.isReady = true;
      if (!isWrite) interest.nbytes = bytesLeft(descriptor.systemFd);
    } else if (!isWrite && descriptor instanceof Stdio) {
      const { nbytes, isEnded } = descriptor.ahead;
      if (nbytes > 0 || isEnded) this.#fill(interest);
    }
    return interest.isReady;
  }

  /** The whole milliseconds in node:wasi, and the rest of the time asleep. */
  #watch(watched: Interest[], timeoutNs: number): void {
    const milliseconds = timeoutNs === Infinity ? Infinity : Math.min(Math.floor(timeoutNs / NS_PER_MS), LONGEST_MS);
    const asked = watched.map(({ descriptor, isWrite }) => ({ fd: descriptor.systemFd, isWrite }));
    const ready = this.#nodePoll.wait(asked, milliseconds);
    watched.forEach((interest, i) => {
      if (ready[i] === "no") return;
      interest.isHungUp = ready[i] === "gone";
      this.#fill(interest);
    });
    if (milliseconds === 0 && watched.every(({ isReady }) => !isReady)) this.#sleep(timeoutNs);
  }

  #sleep(timeoutNs: number): void {
    if (timeoutNs > 0) Atomics.wait(this.#cell, 0, 0, timeoutNs / NS_PER_MS);
  }

  /** Fills in how much there is to read, and whether the peer is gone. */
  #fill(interest: Interest): void {
    interest.isReady = true;
    const { descriptor, isWrite } = interest;
    const asked = { fd: descriptor.systemFd, isWrite: false };
    if (isWrite || !(descriptor instanceof Stdio)) return;
    descriptor.readAhead(() => this.#nodePoll.wait([asked], 0)[0] !== "no");
    const { nbytes, isEnded } = descriptor.ahead;
    interest.nbytes = nbytes;
    interest.isHungUp = isEnded;
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

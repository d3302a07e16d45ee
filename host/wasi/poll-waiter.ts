/** Waits by poll(2), or ppoll where the system has it. */
import { ERRNO_BADF } from "./errno.ts";
import type { Posix } from "./posix.ts";
import { type Interest, probeAll, type Waiter } from "./waiter.ts";

const POLLIN = 0x1;
const POLLOUT = 0x4;
const POLLERR = 0x8;
const POLLHUP = 0x10;
const POLLNVAL = 0x20;
/** The peer has ended its direction: on Linux only; elsewhere that is POLLHUP. */
const POLLRDHUP = process.platform === "linux" ? 0x2000 : 0;

/** `struct pollfd` in 16-bit units: the descriptor takes two. */
const POLLFD_UNITS = 4;
const EVENTS = 2;
const REVENTS = 3;

export class PollWaiter implements Waiter {
  readonly #posix: Posix;
  #units = new Int16Array(8 * POLLFD_UNITS);
  #words = new Int32Array(this.#units.buffer);
  readonly #watched: Interest[] = [];

  constructor(posix: Posix) {
    this.#posix = posix;
  }

  wait(interests: readonly Interest[], timeoutNs: number): void {
    const isAnyReady = probeAll(interests);
    const watched = this.#watched;
    watched.length = 0;
    for (const interest of interests) if (interest.descriptor.systemFd >= 0) watched.push(interest);
    this.#fill(watched);
    if (this.#poll(watched.length, isAnyReady ? 0 : timeoutNs) === 0) return;
    watched.forEach((interest, i) => this.#read(interest, this.#units[i * POLLFD_UNITS + REVENTS] as number));
  }

  /** A wait that was interrupted reports nothing: the caller looks at its clocks, and comes again. A look is repeated. */
  #poll(count: number, timeoutNs: number): number {
    for (;;) {
      const ready = this.#posix.poll(this.#units, count, timeoutNs);
      if (ready >= 0) return ready;
      if (!this.#posix.isInterrupted()) throw this.#posix.thrown();
      if (timeoutNs > 0) return 0;
    }
  }

  #fill(watched: Interest[]): void {
    if (watched.length * POLLFD_UNITS > this.#units.length) {
      this.#units = new Int16Array(watched.length * 2 * POLLFD_UNITS);
      this.#words = new Int32Array(this.#units.buffer);
    }
    for (let i = 0; i < watched.length; i++) {
      const { descriptor, isWrite } = watched[i] as Interest;
      this.#words[i * 2] = descriptor.systemFd;
      this.#units[i * POLLFD_UNITS + EVENTS] = isWrite ? POLLOUT : POLLIN | POLLRDHUP;
      this.#units[i * POLLFD_UNITS + REVENTS] = 0;
    }
  }

  #read(interest: Interest, found: number): void {
    if (!found) return;
    interest.isReady = true;
    if (found & POLLNVAL) {
      interest.errno = ERRNO_BADF;
      return;
    }
    interest.isHungUp = (found & (POLLHUP | POLLERR | POLLRDHUP)) !== 0;
    if (!interest.isWrite) interest.nbytes = this.#posix.readable(interest.descriptor.systemFd);
  }
}

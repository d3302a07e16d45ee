/**
 * The selector's back end on macOS, FreeBSD and OpenBSD: kqueue(2). It was written against the manual page and is tested over a kernel that
 * is simulated after it; it has not run on a real one.
 *
 * kqueue registers directions, not descriptors: each direction of interest is an event of its own (EVFILT_READ, EVFILT_WRITE), and both are
 * told as one. Its modes are flags: oneshot is EV_DISPATCH, which leaves the event there, at rest; edge is EV_CLEAR.
 *
 * Invariant: for each registration the kernel has the events of its directions, armed or at rest; that one is missing says that the descriptor
 * was closed. Whether adding an event again would change its mode is not said: what is changed is removed first.
 */
import type { BackEnd, Report, Wish } from "./back-end.ts";
import { EBADF, ENOENT, succeed } from "./c-library.ts";
import type { DescriptorCalls } from "./descriptor-calls.ts";
import { DIRECTIONS, Hint, Interest, Mode } from "./interest.ts";
import {
  DATA_WORD,
  EV_ADD,
  EV_CLEAR,
  EV_DELETE,
  EV_DISABLE,
  EV_DISPATCH,
  EV_ENABLE,
  EV_EOF,
  EV_ERROR,
  EV_RECEIPT,
  EVFILT_READ,
  EVFILT_WRITE,
  FFLAGS_WORD,
  FILTER_WORD,
  IDENT_WORD,
  type KqueueCalls,
  UDATA_WORD,
} from "./kqueue-calls.ts";
import { extend, type Registrations } from "./registrations.ts";

/** Both directions removed, and both added. */
const MOST_CHANGES = 4;

type Descriptors = Pick<DescriptorCalls, "close" | "identify">;

export class Kqueue implements BackEnd {
  readonly name = "kqueue";
  readonly hasOwnDescriptor = true;
  readonly #calls: KqueueCalls;
  readonly #descriptors: Descriptors;
  readonly #registrations: Registrations;
  readonly #queue: number;
  readonly #words: number;
  readonly #changes: Uint32Array;
  readonly #outcomes: Uint32Array;
  #changeCount = 0;
  readonly #file = new Uint32Array(2);
  #events: Uint32Array;
  /** By descriptor: what one wait has found so far. */
  #found = new Uint8Array(64);
  /** The descriptors that it has found something of, with their generations. */
  #ready = new Uint32Array(128);

  constructor(calls: KqueueCalls, descriptors: Descriptors, registrations: Registrations) {
    this.#calls = calls;
    this.#descriptors = descriptors;
    this.#registrations = registrations;
    this.#words = calls.layout.words;
    this.#changes = new Uint32Array(MOST_CHANGES * this.#words);
    this.#outcomes = new Uint32Array(MOST_CHANGES * this.#words);
    this.#events = new Uint32Array(64 * this.#words);
    this.#queue = succeed("kqueue", calls.kqueue());
  }

  add(wish: Wish): number {
    this.#pushAdditions(wish);
    const result = this.#apply();
    if (result < 0) this.remove(wish.fd, wish.interests);
    return result;
  }

  /** What is refused has changed nothing: what was removed is added again. */
  change(wish: Wish): number {
    const { fd } = wish;
    const old = {
      fd,
      interests: this.#registrations.interests(fd),
      mode: this.#registrations.mode(fd),
      generation: this.#registrations.generation(fd),
    };
    this.#pushRemovals(fd, old.interests);
    const removed = this.#apply();
    if (removed < 0) return removed;
    const result = this.add(wish);
    if (result < 0) {
      this.#pushAdditions(old);
      this.#apply();
      if (!this.#registrations.isArmed(fd)) this.#rest(fd, old.interests, old.generation);
    }
    return result;
  }

  remove(fd: number, interests: number = this.#registrations.interests(fd)): number {
    this.#pushRemovals(fd, interests);
    const result = this.#apply();
    return result === -ENOENT || result === -EBADF ? 0 : result;
  }

  /** Says again what is so anyway. Of one without directions only that its number is open can be told. */
  holds({ fd, interests, generation }: Wish): boolean {
    if (interests === Interest.NONE) return this.#descriptors.identify(fd, this.#file) >= 0;
    const flag = this.#registrations.isArmed(fd) ? EV_ENABLE : EV_DISABLE;
    for (const filter of filtersOf(interests)) this.#push(fd, filter, flag, generation);
    return this.#apply() >= 0;
  }

  /** The kernel sees arrivals by itself. */
  exhausted(): void {}

  wait(timeoutNs: number, into: Report): number {
    const { room } = into;
    if (room * this.#words > this.#events.length) this.#events = new Uint32Array(room * this.#words);
    const count = this.#calls.kevent(this.#queue, this.#changes, 0, this.#events, room, timeoutNs);
    if (count > 0) this.#tell(this.#merge(count), into);
    return count;
  }

  watched(tell: (fd: number, directions: number, generation: number) => void): void {
    tell(this.#queue, Interest.READABLE, 0);
  }

  close(): void {
    this.#descriptors.close(this.#queue);
  }

  /** @returns of how many descriptors it has found something */
  #merge(count: number): number {
    if (count * 2 > this.#ready.length) this.#ready = new Uint32Array(count * 4);
    let descriptors = 0;
    for (let i = 0; i < count; i++) {
      const at = i * this.#words;
      const fd = this.#events[at + IDENT_WORD] as number;
      const flags = this.#flagsOf(at);
      if (fd >= this.#found.length)
        this.#found = extend(this.#found, new Uint8Array(Math.max(fd + 1, this.#found.length * 2)));
      if (!this.#found[fd]) {
        this.#ready[descriptors * 2] = fd;
        this.#ready[descriptors * 2 + 1] = this.#events[at + UDATA_WORD] as number;
        descriptors++;
      }
      this.#found[fd] = (this.#found[fd] as number) | flags;
    }
    return descriptors;
  }

  #tell(descriptors: number, into: Report): void {
    for (let i = 0; i < descriptors; i++) {
      const fd = this.#ready[i * 2] as number;
      const generation = this.#ready[i * 2 + 1] as number;
      const flags = this.#found[fd] as number;
      this.#found[fd] = 0;
      const isKnown = into.report(fd, generation, flags);
      if (isKnown && this.#registrations.mode(fd) === Mode.ONESHOT) {
        // The other direction rests too.
        const other = this.#registrations.interests(fd) & DIRECTIONS & ~flags;
        if (other) this.#rest(fd, other, generation);
      }
    }
  }

  #rest(fd: number, directions: number, generation: number): void {
    for (const filter of filtersOf(directions)) this.#push(fd, filter, EV_DISABLE, generation);
    this.#apply();
  }

  #pushAdditions({ fd, interests, mode, generation }: Wish): void {
    let flags = EV_ADD | EV_ENABLE;
    if (mode === Mode.ONESHOT) flags |= EV_DISPATCH;
    if (mode === Mode.EDGE) flags |= EV_CLEAR;
    for (const filter of filtersOf(interests)) this.#push(fd, filter, flags, generation);
  }

  #pushRemovals(fd: number, interests: number): void {
    for (const filter of filtersOf(interests)) this.#push(fd, filter, EV_DELETE, 0);
  }

  #push(fd: number, filter: number, flags: number, generation: number): void {
    const at = this.#changeCount++ * this.#words;
    this.#changes.fill(0, at, at + this.#words);
    this.#changes[at + IDENT_WORD] = fd;
    this.#changes[at + FILTER_WORD] = ((flags | EV_RECEIPT) << 16) | (filter & 0xffff);
    this.#changes[at + UDATA_WORD] = generation;
  }

  /** Applies what was pushed. @returns 0, or the first error */
  #apply(): number {
    const count = this.#changeCount;
    if (count === 0) return 0;
    this.#changeCount = 0;
    const told = this.#calls.kevent(this.#queue, this.#changes, count, this.#outcomes, count, 0);
    for (let i = 0; i < told; i++) {
      const errno = this.#outcomes[i * this.#words + DATA_WORD] as number;
      if (errno) return -errno;
    }
    return Math.min(told, 0);
  }

  #flagsOf(at: number): number {
    const word = this.#events[at + FILTER_WORD] as number;
    const isReading = (word << 16) >> 16 === EVFILT_READ;
    const eventFlags = word >>> 16;
    let flags: number = isReading ? Interest.READABLE : Interest.WRITABLE;
    if (eventFlags & EV_EOF) flags |= Hint.HANGUP;
    // At an end, fflags has the socket's error.
    if (eventFlags & EV_ERROR || (eventFlags & EV_EOF && this.#events[at + FFLAGS_WORD])) flags |= Hint.ERROR;
    return flags;
  }
}

function filtersOf(interests: number): readonly number[] {
  return FILTERS[interests & DIRECTIONS] as readonly number[];
}

const FILTERS = [[], [EVFILT_READ], [EVFILT_WRITE], [EVFILT_READ, EVFILT_WRITE]] as const;

/**
 * The selector's back end on Linux: epoll(7).
 *
 * The data word of each registration is (descriptor, generation). The kernel itself forgets what is closed, unless another descriptor of the
 * same open file is left: then it goes on reporting the closed number, and cannot be told to stop. Such a report is out of date by its
 * generation; the set is then built anew, lest every wait end for nothing.
 */
import { EBADF, EEXIST, ENOENT, succeed } from "./c-library.ts";
import type { BackEnd, Report, Wish } from "./back-end.ts";
import type { DescriptorCalls } from "./descriptor-calls.ts";
import {
  DATA_WORD,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  type EpollCalls,
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLRDHUP,
  EVENT_WORDS,
} from "./epoll-calls.ts";
import { Hint, Interest, Mode } from "./interest.ts";
import type { Registrations } from "./registrations.ts";

export class Epoll implements BackEnd {
  readonly name = "epoll";
  readonly hasOwnDescriptor = true;
  readonly #calls: EpollCalls;
  readonly #close: DescriptorCalls["close"];
  readonly #registrations: Registrations;
  #epoll: number;
  readonly #event = new Uint32Array(EVENT_WORDS);
  #events = new Uint32Array(64 * EVENT_WORDS);
  /** Spent ones that the set does not have since it was built anew. */
  readonly #left = new Set<number>();

  constructor(calls: EpollCalls, { close }: Pick<DescriptorCalls, "close">, registrations: Registrations) {
    this.#calls = calls;
    this.#close = close;
    this.#registrations = registrations;
    this.#epoll = succeed("epoll_create1", calls.create());
  }

  add(wish: Wish): number {
    return this.#control(EPOLL_CTL_ADD, wish);
  }

  change(wish: Wish): number {
    if (!this.#left.has(wish.fd)) return this.#control(EPOLL_CTL_MOD, wish);
    const result = this.#control(EPOLL_CTL_ADD, wish);
    if (result >= 0) this.#left.delete(wish.fd);
    return result;
  }

  remove(fd: number): number {
    if (this.#left.delete(fd)) return 0;
    const result = this.#calls.control(this.#epoll, EPOLL_CTL_DEL, fd, this.#event);
    return result === -ENOENT || result === -EBADF ? 0 : result;
  }

  /** A second addition of the same open file under the same number is refused, and only that. */
  holds(wish: Wish): boolean {
    if (this.#left.has(wish.fd)) return false;
    const result = this.#control(EPOLL_CTL_ADD, { ...wish, interests: Interest.NONE, mode: Mode.ONESHOT });
    if (result >= 0) this.remove(wish.fd);
    return result === -EEXIST;
  }

  /** The kernel sees arrivals by itself. */
  exhausted(): void {}

  wait(timeoutNs: number, into: Report): number {
    const { room } = into;
    if (room * EVENT_WORDS > this.#events.length) this.#events = new Uint32Array(room * EVENT_WORDS);
    const count = this.#calls.wait(this.#epoll, this.#events, room, timeoutNs);
    let isOutOfDate = false;
    for (let i = 0; i < count; i++) {
      const at = i * EVENT_WORDS;
      const fd = this.#events[at + DATA_WORD] as number;
      const generation = this.#events[at + DATA_WORD + 1] as number;
      if (!into.report(fd, generation, flagsOf(this.#events[at] as number))) isOutOfDate = true;
    }
    if (isOutOfDate) this.#buildAnew();
    return count;
  }

  watched(tell: (fd: number, directions: number, generation: number) => void): void {
    tell(this.#epoll, Interest.READABLE, 0);
  }

  close(): void {
    this.#close(this.#epoll);
  }

  #control(operation: number, { fd, interests, mode, generation }: Wish, epoll = this.#epoll): number {
    this.#event[0] = eventsOf(interests, mode);
    this.#event[DATA_WORD] = fd;
    this.#event[DATA_WORD + 1] = generation;
    return this.#calls.control(epoll, operation, fd, this.#event);
  }

  /** Leaves out what was closed, and what is spent. An edge that is still ready may be told once more. */
  #buildAnew(): void {
    const old = this.#epoll;
    const anew = this.#calls.create();
    if (anew < 0) return; // too many descriptors at present: the next wait tries again
    this.#epoll = anew;
    for (const fd of this.#registrations.descriptors()) {
      if (this.#left.has(fd)) continue;
      const wish = {
        fd,
        interests: this.#registrations.interests(fd),
        mode: this.#registrations.mode(fd),
        generation: this.#registrations.generation(fd),
      };
      // The old set knows whether the number still stands for the same file.
      if (this.#control(EPOLL_CTL_MOD, wish, old) < 0) continue;
      if (this.#registrations.isArmed(fd)) this.#control(EPOLL_CTL_ADD, wish);
      else this.#left.add(fd);
    }
    this.#close(old);
  }
}

/** Without any interest, a failure would be told nevertheless: once, then, to be dropped. */
function eventsOf(interests: number, mode: Mode): number {
  let events = 0;
  if (interests & Interest.READABLE) events |= EPOLLIN | EPOLLRDHUP;
  if (interests & Interest.WRITABLE) events |= EPOLLOUT;
  if (mode === Mode.ONESHOT || interests === Interest.NONE) events |= EPOLLONESHOT;
  if (mode === Mode.EDGE) events |= EPOLLET;
  return events;
}

/** A hangup and an error concern both directions. */
function flagsOf(events: number): number {
  let flags = 0;
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) flags |= Interest.READABLE;
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) flags |= Interest.WRITABLE;
  if (events & (EPOLLRDHUP | EPOLLHUP)) flags |= Hint.HANGUP;
  if (events & EPOLLERR) flags |= Hint.ERROR;
  return flags;
}

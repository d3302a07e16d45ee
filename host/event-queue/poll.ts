/**
 * The selector's back end on every POSIX system: poll(2). It takes regular files too, which epoll does not; an idle descriptor costs each
 * wait about 50 ns.
 *
 * poll knows levels only. The other modes are made of them:
 * - oneshot: what has been reported is skipped until it is modified;
 * - edge: a direction that has been reported is left out until the program says that it is exhausted. poll cannot see an arrival
 *   in what is ready anyway.
 *
 * poll knows numbers only, and not what they stood for: what is reported is compared with the file that was registered. It cannot tell one
 * eventfd, timerfd or epoll set from another one, since they share one file.
 */
import { ENOENT } from "./c-library.ts";
import type { BackEnd, Report, Wish } from "./back-end.ts";
import type { DescriptorCalls } from "./descriptor-calls.ts";
import { DIRECTIONS, Hint, Interest, Mode } from "./interest.ts";
import {
  EVENTS_UNIT,
  FOUND_UNIT,
  POLLERR,
  POLLFD_UNITS,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLRDHUP,
  type PollCalls,
} from "./poll-calls.ts";
import { extend } from "./registrations.ts";

/** `pollfd` has 4 units of 16 bits, or 2 words of 32. */
const POLLFD_WORDS = POLLFD_UNITS / 2;

export class Poll implements BackEnd {
  readonly name = "poll";
  readonly hasOwnDescriptor = false;
  readonly #calls: PollCalls;
  readonly #identify: DescriptorCalls["identify"];
  #capacity = 64;
  #units = new Int16Array(this.#capacity * POLLFD_UNITS);
  #words = new Int32Array(this.#units.buffer);
  /** By index: descriptor, generation, mode, the directions that are asked for, and the file. */
  #fds = new Int32Array(this.#capacity);
  #generations = new Uint32Array(this.#capacity);
  #modes = new Uint8Array(this.#capacity);
  #interests = new Uint8Array(this.#capacity);
  #files = new Uint32Array(this.#capacity * 2);
  #count = 0;
  readonly #indices = new Map<number, number>();
  readonly #file = new Uint32Array(2);
  /** Where the next look begins, so that each has its turn when not all have room. */
  #begin = 0;

  constructor(calls: PollCalls, { identify }: Pick<DescriptorCalls, "identify">) {
    this.#calls = calls;
    this.#identify = identify;
  }

  add(wish: Wish): number {
    const result = this.#identify(wish.fd, this.#file);
    if (result < 0) return result;
    if (this.#count === this.#capacity) this.#grow();
    const index = this.#count++;
    this.#indices.set(wish.fd, index);
    this.#fds[index] = wish.fd;
    this.#files.set(this.#file, index * 2);
    this.#set(index, wish);
    return 0;
  }

  change(wish: Wish): number {
    const index = this.#indices.get(wish.fd);
    if (index === undefined || !this.#isSameFile(index)) return -ENOENT;
    this.#set(index, wish);
    return 0;
  }

  remove(fd: number): number {
    const index = this.#indices.get(fd);
    if (index === undefined) return 0;
    this.#indices.delete(fd);
    const last = --this.#count;
    if (index === last) return 0;
    // The last one takes its place.
    this.#words.copyWithin(index * POLLFD_WORDS, last * POLLFD_WORDS, (last + 1) * POLLFD_WORDS);
    this.#files.copyWithin(index * 2, last * 2, last * 2 + 2);
    for (const column of [this.#fds, this.#generations, this.#modes, this.#interests]) {
      column[index] = column[last] as number;
    }
    this.#indices.set(this.#fds[index] as number, index);
    return 0;
  }

  holds({ fd }: Wish): boolean {
    const index = this.#indices.get(fd);
    return index !== undefined && this.#isSameFile(index);
  }

  exhausted(fd: number, directions: number): void {
    const index = this.#indices.get(fd);
    if (index === undefined || this.#modes[index] !== Mode.EDGE) return;
    this.#watch(index, this.#watchedOf(index) | (directions & (this.#interests[index] as number)));
  }

  wait(timeoutNs: number, into: Report): number {
    const count = this.#count;
    const ready = this.#calls.poll(this.#units, count, timeoutNs);
    if (ready <= 0) return ready;
    let left = ready;
    const begin = this.#begin < count ? this.#begin : 0;
    for (let step = 0, index = begin; step < count && left > 0; step++, index = index + 1 === count ? 0 : index + 1) {
      const found = this.#units[index * POLLFD_UNITS + FOUND_UNIT] as number;
      if (!found) continue;
      if (into.isFull) {
        this.#begin = index;
        break;
      }
      left--;
      this.#found(index, found, into);
    }
    return ready;
  }

  watched(tell: (fd: number, directions: number, generation: number) => void): void {
    for (let index = 0; index < this.#count; index++) {
      const directions = this.#watchedOf(index);
      if (directions) tell(this.#fds[index] as number, directions, this.#generations[index] as number);
    }
  }

  close(): void {
    this.#count = 0;
    this.#indices.clear();
  }

  #found(index: number, found: number, into: Report): void {
    const watched = this.#watchedOf(index);
    // Closed, and perhaps another one by now: it is not watched any more. epoll does the same.
    if (found & POLLNVAL || !this.#isSameFile(index)) {
      this.#watch(index, Interest.NONE);
      return;
    }
    const flags = flagsOf(found);
    const mode = this.#modes[index];
    if (mode === Mode.ONESHOT) this.#watch(index, Interest.NONE);
    else if (mode === Mode.EDGE) this.#watch(index, watched & ~flags);
    into.report(this.#fds[index] as number, this.#generations[index] as number, flags & ~(DIRECTIONS & ~watched));
  }

  #set(index: number, { generation, mode, interests }: Wish): void {
    this.#generations[index] = generation;
    this.#modes[index] = mode;
    this.#interests[index] = interests;
    this.#watch(index, interests);
  }

  /** One without directions gets a negative number: it would be told of hangups and errors otherwise. */
  #watch(index: number, directions: number): void {
    const fd = this.#fds[index] as number;
    this.#words[index * POLLFD_WORDS] = directions ? fd : -1;
    let events = 0;
    if (directions & Interest.READABLE) events |= POLLIN | POLLRDHUP;
    if (directions & Interest.WRITABLE) events |= POLLOUT;
    this.#units[index * POLLFD_UNITS + EVENTS_UNIT] = events;
    this.#units[index * POLLFD_UNITS + FOUND_UNIT] = 0;
  }

  #watchedOf(index: number): number {
    const events = this.#units[index * POLLFD_UNITS + EVENTS_UNIT] as number;
    return (events & POLLIN ? Interest.READABLE : 0) | (events & POLLOUT ? Interest.WRITABLE : 0);
  }

  #isSameFile(index: number): boolean {
    if (this.#identify(this.#fds[index] as number, this.#file) < 0) return false;
    return this.#files[index * 2] === this.#file[0] && this.#files[index * 2 + 1] === this.#file[1];
  }

  #grow(): void {
    this.#capacity *= 2;
    this.#units = extend(this.#units, new Int16Array(this.#capacity * POLLFD_UNITS));
    this.#words = new Int32Array(this.#units.buffer);
    this.#fds = extend(this.#fds, new Int32Array(this.#capacity));
    this.#generations = extend(this.#generations, new Uint32Array(this.#capacity));
    this.#modes = extend(this.#modes, new Uint8Array(this.#capacity));
    this.#interests = extend(this.#interests, new Uint8Array(this.#capacity));
    this.#files = extend(this.#files, new Uint32Array(this.#capacity * 2));
  }
}

/** A hangup and an error concern both directions. */
function flagsOf(found: number): number {
  let flags = 0;
  if (found & (POLLIN | POLLRDHUP | POLLHUP | POLLERR)) flags |= Interest.READABLE;
  if (found & (POLLOUT | POLLHUP | POLLERR)) flags |= Interest.WRITABLE;
  if (found & (POLLRDHUP | POLLHUP)) flags |= Hint.HANGUP;
  if (found & POLLERR) flags |= Hint.ERROR;
  return flags;
}

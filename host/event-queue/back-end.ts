/**
 * What a back end of the selector is: the part that knows one of the system's event queues. Everything that is the same for all of them
 * is in `selector.ts`: the table, tokens, deadlines, interruptions, notifications, what is out of date.
 *
 * Its calls return 0 or more, or the negative error number; a refused call has changed nothing.
 */
import type { Mode } from "./interest.ts";

/** An event queue of an operating system. */
export type BackEndName = "epoll" | "poll" | "kqueue";

/** Whom a back end reports to. */
export interface Report {
  /** There is no room for more: what else is ready is told by the next wait. */
  readonly isFull: boolean;
  /** How many more there is room for. */
  readonly room: number;
  /**
   * A descriptor is ready in these directions, with these hints. Once per wait and descriptor.
   * @returns false when that is out of date: no such registration
   */
  report(fd: number, generation: number, flags: number): boolean;
}

/** A descriptor, and what is to become of it. The same object for each call. */
export interface Wish {
  fd: number;
  interests: number;
  mode: Mode;
  generation: number;
}

export interface BackEnd {
  readonly name: BackEndName;
  /** Watches a descriptor that it does not watch yet. */
  add(wish: Wish): number;
  /** What it watches is watched otherwise, and armed. */
  change(wish: Wish): number;
  /** It does not watch this any more. Closed ones are none. */
  remove(fd: number): number;
  /** Whether it still watches what was added: not so when that was closed, though its number may be in use again. */
  holds(wish: Wish): boolean;
  /** The call that would have had to wait was made: on an edge, tells the next arrival. */
  exhausted(fd: number, directions: number): void;
  /** Waits, and reports. Interrupted: -EINTR. */
  wait(timeoutNs: number, into: Report): number;
  /**
   * Tells what an event loop has to watch so that it learns when `wait` would report something. What has another generation is another one,
   * even under the same number.
   */
  watched(tell: (fd: number, directions: number, generation: number) => void): void;
  /** Whether `watched` tells only one, which is its own. */
  readonly hasOwnDescriptor: boolean;
  close(): void;
}

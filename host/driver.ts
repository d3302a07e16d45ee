/**
 * What a driver is: the part of the host that knows the outside world. The guest never learns which one serves it.
 *
 * What every driver must do, beyond its verbs; test/drivers/ asks it of each, by these numbers:
 *
 *  1. Memory: it touches the guest's bytes only inside `submit`, and inside `take` of an outcome, through the view that it is given
 *     there. It copies what it keeps. So memory may grow, and a buffer may be reused, at any other time.
 *  2. Ends: `submit` returns the result, or PENDING; then it ends the operation by `sink.complete`, once, later. What a pending operation
 *     is worth (bytes read, a connection) stays with the driver until the turn that delivers it calls `take`.
 *  3. Cancelling: after `cancel` the operation has left nothing behind. What it would have taken, the next one gets; a connection that was
 *     being made is dropped; a stream whose write was cancelled is closed for writing. Only the late answer of a name lookup may still
 *     come, and is dropped. Cancelling what is completed but not taken yet is the same.
 *  4. Turns: it asks for them by `sink.turn`, always from the event loop, never inside `submit` or inside another turn. JavaScript has its
 *     share between two of them.
 *  5. Time: its clock is monotonic, in nanoseconds. A deadline is never met early: when the platform's timer is, the driver waits again.
 *     One is armed at a time; arming replaces it, an infinite one disarms. One in the past is met at the next chance.
 *  6. Reading: bytes in order, what came before an end or a reset first. 0 at the end, again and again. It reads ahead, within a limit. Into
 *     no bytes it reads nothing, and tells how many are there, when there are some.
 *  7. Writing: a write ends when the system has taken all of it, so a slow peer makes the writer wait, and memory stays bounded. Bytes go
 *     out in the order of the writes.
 *  8. One reader and one writer at a time per stream: a second one ends with -EBUSY, and the first goes on. Any number may accept: first
 *     come, first served.
 *  9. Handles are never used again. An operation on one that is closed ends with -EBADF; closing ends the operations that wait for it the
 *     same way. What was written before still goes out.
 * 10. Errors are negative numbers of `errno.ts`, always as results: nothing is thrown, and no stream that fails hurts another.
 * 11. After `close` it calls the sink no more and holds nothing open.
 * 12. Datagrams: each is received once, by who has waited longest, with its sender; what has no room is lost, and the result is the length that it
 *     had. So many wait for a receiver as fit a limit; more are lost. Any number may send. A driver that has none answers -ENOTSUP.
 * 13. Unix sockets: listeners and streams, as those of TCP. A path exists as long as somebody listens on it. Without them: -ENOTSUP.
 * 14. Sockets know both of their addresses, of IPv4 and IPv6, and streams of TCP the options NO_DELAY and KEEP_ALIVE. Others: -ENOTSUP.
 */
import type { Operation } from "./abi.ts";

/** What an operation has brought, to be taken in the turn that delivers it. */
export interface Outcome {
  /**
   * Takes it. Called at most once, and not for an operation that was cancelled before.
   * @param into the bytes of the operation in the guest's memory
   * @returns the result; PENDING when it turns out that nothing was there: then the operation goes on, and ends once more later
   */
  take(into: Uint8Array): number;
}

/** What a driver tells the runtime. */
export interface DriverSink {
  /** A pending operation has ended. Delivered with the next turn, which the driver need not ask for. */
  complete(operation: Operation, outcome: number | Outcome, detail?: number): void;
  /** Something may be due: take a turn. */
  turn(): void;
}

/** Serves one instance: time, network, standard input and output. Its contract stands at the top of the file. */
export interface Driver {
  /** How messages and reports name it. */
  readonly name: string;
  /** Nanoseconds that one turn may take; infinite when its clock stands still during a turn. */
  readonly turnBudget: number;
  /** Switches that one turn may make. */
  readonly turnSwitches: number;
  /** Whether something outside may still end a pending operation or meet the armed deadline, when JavaScript has nothing left to do. */
  readonly canGoOn: boolean;
  /** Begins to serve one instance. Called once, before everything else. */
  open(sink: DriverSink): void;
  /** Nanoseconds since a moment of its own. */
  now(): number;
  /** A random number, at least 0 and less than 1: with it the program seeds its own. A simulated world gives the same ones each time. */
  random(): number;
  /** Begins an operation. `bytes` are its bytes in the guest's memory, valid inside this call. @returns its result, or PENDING */
  submit(operation: Operation, bytes: Uint8Array): number;
  /** Forgets a pending operation. */
  cancel(operation: Operation): void;
  /** Asks the event loop for a turn as soon as it has had its share. */
  soon(): void;
  /** Asks for a turn when the clock has reached this time, in nanoseconds; infinite: for none. */
  arm(deadline: number): void;
  /**
   * Which of so many ready fibers runs next: 0 is the one that has been ready longest; -1 ends the turn instead. Asked only by a program
   * that was told so. `first` is the address of the first of them.
   */
  choose?(count: number, first: number): number;
  /** Which of so many possibilities that are left to chance: 0 to `count` - 1. Asked only by a program that was told so. */
  draw?(count: number): number;
  /** Lets go of everything. */
  close(): void;
  /**
   * Owns the thread until this is so: takes turns and sleeps in the event queue, and JavaScript's event loop stands still. Only a driver that
   * needs no event loop has it.
   * @param isOver asked after each turn
   */
  block?(isOver: () => boolean): void;
}

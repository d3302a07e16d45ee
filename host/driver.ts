/**
 * What a driver is: the part of the host that knows the outside world. The guest never learns which one serves it.
 *
 * What every driver must do, beyond its verbs:
 *
 *  1. It touches guest memory only inside `submit`, where the operation's bytes are valid; it copies what it keeps.
 *  2. It completes an operation by `sink.complete`, once, never inside `submit`.
 *  3. It asks for a turn by `sink.turn`, always from the event loop, never inside `submit` or inside another turn.
 *  4. Its clock is monotonic, in nanoseconds. A deadline is never met early: when the platform's timer is, the driver waits again.
 *  5. One deadline is armed at a time; arming replaces it, an infinite one disarms. A deadline in the past is met at the next chance.
 *  6. After `close` it calls the sink no more and holds nothing open.
 */
import type { Completion, Operation } from "./abi.ts";

/** What a driver tells the runtime. */
export interface DriverSink {
  /** An operation has ended. Delivered with the next turn, which the driver need not ask for. */
  complete(completion: Completion): void;
  /** Something may be due: take a turn. */
  turn(): void;
}

export interface Driver {
  readonly name: string;
  /** Nanoseconds that one turn may take; infinite when its clock stands still during a turn. */
  readonly turnBudget: number;
  /** Switches that one turn may make. */
  readonly turnSwitches: number;
  /** Begins to serve one instance. Called once, before everything else. */
  open(sink: DriverSink): void;
  /** Nanoseconds since a moment of its own. */
  now(): number;
  /** Begins an operation. */
  submit(operation: Operation): void;
  /** Asks the event loop for a turn as soon as it has had its share. */
  soon(): void;
  /** Asks for a turn when the clock has reached this time, in nanoseconds; infinite: for none. */
  arm(deadline: number): void;
  /** Lets go of everything. */
  close(): void;
}

/**
 * `Channel<T>`: values from fiber to fiber, first in, first out, with or without a buffer.
 *
 * - Values are received in the order in which they were sent; waiting senders and waiting receivers are each served in the order of
 *   their arrival, and nobody overtakes them.
 * - There are never waiting receivers while there is a value, nor waiting senders while there is room; of one `Select`, both may wait.
 * - A value is in one place: in the ring, in the record of a parked sender, in a case of a `Select`, or in the record of a receiver to whom
 *   it was given. It is delivered once. A sender that is cancelled while it waits takes its value with it; a receiver that was given one
 *   runs on with it.
 */
import { currentId, NOBODY, offer, Overflow, pull, takeGiven, visitChannel } from "./channel-core";
import {
  beginNext,
  beginReceive,
  beginSend,
  checkCapacity,
  closeChannel,
  endNext,
  endReceive,
  endSend,
  failLike,
  failSend,
  failsNext,
  failValue,
} from "./channel-wait";
import { suspend } from "./context";
import { Site } from "./site";
import { fromBits, toBits } from "./value";

/** Hands values of type T from one fiber to another. Without capacity, a send waits for its receiver. */
export class Channel<T> {
  private ring: usize = 0;
  private mask: u32 = 0;
  private head: u32 = 0;
  private count: u32 = 0;
  private limit: u32 = 0;
  private senders: usize = 0;
  private receivers: usize = 0;
  private isManaged: bool = false;
  private closed: bool = false;
  private overflow: u8 = 0;
  private failed: bool = false;
  private taken: u64 = 0;
  private takenBy: i64 = NOBODY;
  private lost: i64 = 0;
  private site: Site;

  /**
   * @param capacity how many values can be in it without a receiver; 0: a send waits until its value is received. Memory is taken as it
   *   fills.
   * @param overflow what a send does when the buffer is full. Those that drop values never wait.
   * @throws E_INVALID_CAPACITY when it is negative; when it is 0, and there is nothing to drop; when it is more than 1 to keep the latest
   */
  constructor(capacity: i32 = 0, overflow: Overflow = 0, site: Site = 0) {
    this.site = site;
    if (overflow == Overflow.KEEP_LATEST && capacity == 0) capacity = 1;
    checkCapacity(capacity, overflow);
    this.limit = <u32>capacity;
    this.overflow = <u8>overflow;
    this.isManaged = isManaged<T>();
  }

  /**
   * Sends a value: gives it to the receiver that has waited longest, or puts it into the buffer, or waits until a receiver takes it.
   * @throws E_CLOSED when the channel is closed, also while it waits
   */
  send(value: T): void {
    let isWaiting = beginSend(changetype<usize>(this), toBits<T>(value));
    while (isWaiting) {
      suspend();
      isWaiting = endSend();
    }
  }

  /** Sends without waiting. False: it would have to wait. @throws E_CLOSED when the channel is closed */
  trySend(value: T): bool {
    if (this.closed) failSend();
    return offer(changetype<usize>(this), toBits<T>(value));
  }

  /** Waits for a value and returns it. @throws E_CLOSED when the channel is closed and drained */
  receive(): T {
    let isWaiting = beginReceive(changetype<usize>(this));
    while (isWaiting) {
      suspend();
      isWaiting = endReceive();
    }
    return fromBits<T>(takeGiven());
  }

  /** Waits for a value. True: it stands in `value`; false: the channel is closed and drained. */
  next(): bool {
    let isWaiting = beginNext(changetype<usize>(this));
    while (isWaiting) {
      suspend();
      isWaiting = failsNext();
    }
    return endNext(changetype<usize>(this));
  }

  /** Takes a value without waiting. True: it stands in `value`; false: there is none. */
  tryNext(): bool {
    const isTaken = pull(changetype<usize>(this));
    if (!isTaken && this.failed) failLike(changetype<usize>(this));
    return isTaken;
  }

  /**
   * What this fiber's last `next`, `tryNext` or case of a select took. Valid until the fiber next waits.
   * @throws E_NO_VALUE before it has taken one, and when another fiber has taken one since
   */
  get value(): T {
    if (this.takenBy != currentId()) failValue();
    return fromBits<T>(this.taken);
  }

  /** No more values: sends fail from now on, receivers take what is left. Senders that wait fail. Closing again does nothing. */
  close(): void {
    closeChannel(changetype<usize>(this));
  }

  /** Whether this fiber's last `next`, `tryNext` or case of a select took a value, which then stands in `value`. False at the end. */
  get hasValue(): bool {
    return this.takenBy == currentId();
  }

  /** Whether it was closed. Of a channel, values may still be left in it. */
  get isClosed(): bool {
    return this.closed;
  }

  /** How many values are in the buffer. */
  get length(): i32 {
    return <i32>this.count;
  }

  /** How many values were lost because the buffer was full. */
  get dropped(): i64 {
    return this.lost;
  }

  /** How many fit. */
  get capacity(): i32 {
    return <i32>this.limit;
  }

  // Called by the collector in place of the fields' own visits.
  protected __visit(cookie: u32): void {
    visitChannel(changetype<usize>(this), cookie);
  }
}

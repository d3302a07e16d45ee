/**
 * `Select`: waits for the first of several things, and does that one.
 *
 * - Exactly one case runs. Of those that are ready, a random one, each as likely as the others; or the first, when the select is biased.
 *   A timeout runs only when no other case is ready.
 * - What the other cases offered or asked for is left as it was: nothing of them stays in any queue.
 * - A select that waits stands in the queue of each case, behind those that came before, and is served in its turn.
 * - It allocates nothing once its cases have been added.
 */
import { BroadcastReceiver, selectBroadcast } from "./broadcast";
import { Channel } from "./channel";
import { selectReceive, selectSend } from "./channel-wait";
import { suspend } from "./context";
import { Event, selectEvent } from "./event";
import { Fiber, selectJoin } from "./fiber";
import { Future, selectFuture } from "./future";
import { Mutex, selectLock } from "./mutex";
import { Flag, indexOf, Reason } from "./record";
import { RwLock } from "./rwlock";
import { selectReadLock, selectWriteLock } from "./rwlock-core";
import { caseAt } from "./select-case";
import {
  armTimeout,
  beginSelect,
  endSelect,
  failDuration,
  isBudgetSpent,
  makeRoom,
  NOT_READY,
  pollSelect,
  requireIdle,
  visitSelect,
} from "./select-run";
import { selectAcquire, Semaphore } from "./semaphore";
import { Site } from "./site";
import { selectTick, Ticker } from "./ticker";
import { selectTimer, Timer } from "./timer";
import { NANOSECONDS_PER_MILLISECOND } from "./timers";
import { toBits } from "./value";
import { selectWaitGroup, WaitGroup } from "./wait-group";
import { selectWatch, WatchObserver } from "./watch";
import { link } from "./write-barrier";

/** Waits for the first of several things. Cases are added once, and numbered in that order; then it can be waited for again and again. */
export class Select {
  private cases: usize = 0;
  private count: u32 = 0;
  private waiter: usize = 0;
  private chosen: i32 = NOT_READY;
  private isBiased: bool;
  private site: Site;

  /** @param isBiased of several cases that are ready, the first runs, not a random one */
  constructor(isBiased: bool = false, site: Site = 0) {
    this.site = site;
    this.isBiased = isBiased;
  }

  /** A value from the channel, then in its `value`; or its end, when it is closed and drained: then `hasValue` is false. */
  receive<T>(channel: Channel<T> | null): i32 {
    return this.add(selectReceive(this.next(), changetype<usize>(channel)));
  }

  /** This value to the channel. When the channel is closed, the case is ready, and its fiber fails with E_CLOSED. */
  send<T>(channel: Channel<T> | null, value: T): i32 {
    const at = selectSend(this.next(), changetype<usize>(channel), toBits<T>(value));
    if (isManaged<T>()) caseAt(at).flags |= Flag.VALUE_MANAGED;
    return this.add(at);
  }

  /** So many milliseconds without another case, counted from the beginning of each wait. @throws E_INVALID_DURATION */
  timeout(milliseconds: f64): i32 {
    if (!(milliseconds >= 0)) failDuration(milliseconds);
    const at = this.next();
    caseAt(at).value = reinterpret<u64>(milliseconds * NANOSECONDS_PER_MILLISECOND);
    caseAt(at).flags |= (<u16>Reason.SLEEP) << Flag.BITS;
    caseAt(at).arm = indexOf(changetype<usize>(armTimeout));
    return this.add(at);
  }

  /** The end of the fiber, whatever it is; `fiber.state` and `fiber.error` tell more. */
  join(fiber: Fiber): i32 {
    return this.add(selectJoin(this.next(), changetype<usize>(fiber)));
  }

  /** So many permits of the semaphore. @throws E_INVALID_COUNT below 1 */
  acquire(semaphore: Semaphore, count: i32 = 1): i32 {
    return this.add(selectAcquire(this.next(), changetype<usize>(semaphore), count));
  }

  /** The receiver's next value, then in its `value`; or the end: then its `hasValue` is false. */
  broadcast<T>(receiver: BroadcastReceiver<T>): i32 {
    return this.add(selectBroadcast(this.next(), changetype<usize>(receiver)));
  }

  /** The event is set. */
  event(event: Event): i32 {
    return this.add(selectEvent(this.next(), changetype<usize>(event)));
  }

  /** The future has a value, or has failed: its `value` then gives that, or fails. */
  future<T>(future: Future<T>): i32 {
    return this.add(selectFuture(this.next(), changetype<usize>(future)));
  }

  /** The mutex, whose owner the fiber then is. When it is so already, the case is ready, and its fiber fails with E_RELOCK. */
  lock(mutex: Mutex): i32 {
    return this.add(selectLock(this.next(), changetype<usize>(mutex)));
  }

  /** The lock, for reading. When the fiber owns it already, the case is ready, and its fiber fails with E_RELOCK. */
  readLock(lock: RwLock): i32 {
    return this.add(selectReadLock(this.next(), changetype<usize>(lock)));
  }

  /** The ticker's next tick, which is taken: its `time` tells when it was due; -1: the ticker is stopped. */
  tick(ticker: Ticker): i32 {
    return this.add(selectTick(this.next(), changetype<usize>(ticker)));
  }

  /** The timer's time has come, or it is stopped: its `tryWait` tells which. */
  timer(timer: Timer): i32 {
    return this.add(selectTimer(this.next(), changetype<usize>(timer)));
  }

  /** Nothing of the group is under way. */
  waitGroup(group: WaitGroup): i32 {
    return this.add(selectWaitGroup(this.next(), changetype<usize>(group)));
  }

  /** A version that the observer has not seen, then in its `value`; or the end: then its `hasValue` is false. */
  watch<T>(observer: WatchObserver<T>): i32 {
    return this.add(selectWatch(this.next(), changetype<usize>(observer)));
  }

  /** The lock, for writing. When the fiber owns it already, the case is ready, and its fiber fails with E_RELOCK. */
  writeLock(lock: RwLock): i32 {
    return this.add(selectWriteLock(this.next(), changetype<usize>(lock)));
  }

  /**
   * Waits until a case is ready, and runs it. Without any that can be, waits forever.
   * @returns the index of the case that ran
   * @throws E_CLOSED when it is a send to a closed channel; E_BUSY when another fiber waits in this select
   */
  wait(): i32 {
    if (isBudgetSpent()) suspend();
    let isWaiting = beginSelect(changetype<usize>(this), this.isBiased);
    while (isWaiting) {
      suspend();
      isWaiting = endSelect(changetype<usize>(this));
    }
    return this.chosen;
  }

  /**
   * Runs a case that is ready, without waiting, also outside of fibers.
   * @returns its index; -1 when none is
   * @throws as `wait` does
   */
  poll(): i32 {
    if (pollSelect(changetype<usize>(this), this.isBiased)) suspend();
    return this.chosen;
  }

  /** Removes all cases. @throws E_BUSY when a fiber waits in this select */
  clear(): void {
    requireIdle(changetype<usize>(this));
    this.count = 0;
  }

  /** The place of a new case, all zero. */
  private next(): usize {
    requireIdle(changetype<usize>(this));
    return makeRoom(changetype<usize>(this));
  }

  /** The case at the place that `next` gave is complete. */
  private add(at: usize): i32 {
    const added = caseAt(at);
    link(changetype<usize>(this), added.object, true);
    if (added.flags & Flag.VALUE_MANAGED) link(changetype<usize>(this), <usize>added.value, true);
    const index = <i32>this.count;
    this.count++;
    return index;
  }

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    visitSelect(changetype<usize>(this), cookie);
  }
}

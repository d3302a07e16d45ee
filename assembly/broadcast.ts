/**
 * `Broadcast<T>`: every value to every receiver. Layouts: see broadcast-core.ts.
 *
 * - Sending never waits. The latest values stay in a ring; a receiver that is slower than that is told how many it has missed.
 * - A receiver gets what is sent after it was made. One that waits is given the value itself: whatever is sent before it runs, it misses nothing.
 * - Several fibers may share a receiver: each value goes to one of them, to the one that has waited longest.
 */
import { broadcastRecord, fetch, ReceiverRecord, receiverRecord, sendToAll, visitBroadcast } from "./broadcast-core";
import { currentId, NOBODY, takeGiven } from "./channel-core";
import { current, requireFiber, suspend } from "./context";
import { fail } from "./failure";
import { indexOf, Reason, Record, record } from "./record";
import { caseAt, setCase } from "./select-case";
import { Site } from "./site";
import { endWaits, endWaitsOf } from "./subscription";
import { fromBits, toBits } from "./value";
import { beginWait } from "./waiting";
import { link } from "./write-barrier";

/** Hands every value of type T to every receiver. */
export class Broadcast<T> {
  private waiters: usize = 0;
  private ring: usize = 0;
  private mask: u32 = 0;
  private limit: u32 = 0;
  private sent: u64 = 0;
  private isManaged: bool = isManaged<T>();
  private closed: bool = false;

  /**
   * @param capacity how many values a receiver may be behind before it misses some. Memory is taken as it fills; the latest values stay
   *   until newer ones take their places.
   * @throws E_INVALID_CAPACITY when it is less than 1
   */
  constructor(capacity: i32 = 16) {
    if (capacity < 1) failCapacity(capacity);
    this.limit = <u32>capacity;
  }

  /** Sends a value to all receivers that there are. Never waits. @throws E_CLOSED when it is closed */
  send(value: T): void {
    if (this.closed) failSend();
    sendToAll(changetype<usize>(this), toBits<T>(value));
  }

  /** A new receiver, of what is sent from now on. */
  subscribe(site: Site = 0): BroadcastReceiver<T> {
    return new BroadcastReceiver<T>(changetype<usize>(this), this.sent, site);
  }

  /** No more values: receivers take what is left, and are then told the end. Closing again does nothing. */
  close(): void {
    this.closed = true;
    endWaits(changetype<usize>(this));
  }

  /** Whether it was closed. */
  get isClosed(): bool {
    return this.closed;
  }

  /** How many values a receiver may be behind. */
  get capacity(): i32 {
    return <i32>this.limit;
  }

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    visitBroadcast(changetype<usize>(this), cookie);
  }
}

/** Receives all values of a `Broadcast`. Made by `subscribe`. */
export class BroadcastReceiver<T> {
  private broadcast: usize;
  private isManaged: bool = isManaged<T>();
  private closed: bool = false;
  private position: u64;
  private taken: u64 = 0;
  private takenBy: i64 = NOBODY;
  private lost: i64 = 0;
  private site: Site;

  /** @internal @param broadcast the address of a `Broadcast<T>` */
  constructor(broadcast: usize, position: u64, site: Site) {
    this.site = site;
    this.broadcast = broadcast;
    link(changetype<usize>(this), broadcast, false);
    this.position = position;
  }

  /** Waits for a value. True: it stands in `value`; false: there will be none, since it is closed, or the broadcast is, and it has all. */
  next(): bool {
    if (beginNext(changetype<usize>(this))) suspend();
    return endNext(changetype<usize>(this));
  }

  /** Takes a value without waiting. True: it stands in `value`; false: there is none. */
  tryNext(): bool {
    return pull(changetype<usize>(this));
  }

  /**
   * What this fiber's last `next`, `tryNext` or select took. Valid until the fiber next waits.
   * @throws E_NO_VALUE before it has taken one, and when another fiber has taken one since
   */
  get value(): T {
    if (this.takenBy != currentId()) failValue();
    return fromBits<T>(this.taken);
  }

  /** Whether this fiber's last `next`, `tryNext` or select took a value, which then stands in `value`. False at the end. */
  get hasValue(): bool {
    return this.takenBy == currentId();
  }

  /** How many values before the one in `value` it has missed: they had left the ring when it asked for the next one. */
  get missed(): i64 {
    return this.lost;
  }

  /** It wants no more: `next` is false from now on, also of those who wait in it. */
  close(): void {
    this.closed = true;
    endWaitsOf(this.broadcast, changetype<usize>(this));
  }

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    __visit(this.broadcast, cookie);
    if (this.isManaged) __visit(<usize>this.taken, cookie);
  }
}

function isOver(receiver: usize): bool {
  const r = receiverRecord(receiver);
  return r.isClosed || broadcastRecord(r.broadcast).isClosed;
}

function pull(receiver: usize): bool {
  const isThere = fetch(receiver, receiver + offsetof<ReceiverRecord>("taken"));
  if (isThere) keepTaken(receiver, receiverRecord(receiver).taken, currentId());
  else keepTaken(receiver, 0, NOBODY);
  return isThere;
}

function keepTaken(receiver: usize, bits: u64, by: i64): void {
  const r = receiverRecord(receiver);
  r.taken = bits;
  r.takenBy = by;
  if (r.isManaged) link(receiver, <usize>bits, true);
}

function beginNext(receiver: usize): bool {
  const fiber = requireFiber();
  const f = record(fiber);
  f.object = receiver;
  if (fetch(receiver, fiber + offsetof<Record>("value"))) return false;
  if (isOver(receiver)) {
    f.object = 0;
    return false;
  }
  return beginWait(receiverRecord(receiver).broadcast, Reason.BROADCAST, receiver, <u32>receiver);
}

function endNext(receiver: usize): bool {
  const isThere = record(current()).object != 0;
  if (isThere) {
    keepTaken(receiver, takeGiven(), record(current()).id);
    return true;
  }
  receiverRecord(receiver).missed = 0;
  keepTaken(receiver, 0, NOBODY);
  return false;
}

/** Makes a case of a `Select` of the next value. */
export function selectBroadcast(at: usize, receiver: usize): usize {
  caseAt(at).value = <u64>receiver;
  const isReady = indexOf(changetype<usize>(canTake));
  const run = indexOf(changetype<usize>(takeAtOnce));
  const end = indexOf(changetype<usize>(endTake));
  return setCase(at, Reason.BROADCAST, receiver, receiverRecord(receiver).broadcast, isReady, run, end);
}

function canTake(at: usize): bool {
  const receiver = caseAt(at).object;
  const r = receiverRecord(receiver);
  return isOver(receiver) || r.position != broadcastRecord(r.broadcast).sent;
}

function takeAtOnce(at: usize): bool {
  pull(caseAt(at).object);
  return false;
}

function endTake(at: usize): bool {
  endNext(caseAt(at).object);
  return false;
}

// --- misuse ---

function failCapacity(capacity: i32): void {
  fail(`a broadcast cannot keep ${capacity} values: its capacity is 1 or more`, "E_INVALID_CAPACITY");
}

function failSend(): void {
  fail(
    "cannot send: the broadcast is closed, and its receivers were told the end; close it when all senders have ended",
    "E_CLOSED",
  );
}

function failValue(): void {
  fail(
    "the receiver has no value for this fiber: value gives what its own last next(), tryNext() or select took, until it waits",
    "E_NO_VALUE",
  );
}

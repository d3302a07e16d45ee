/**
 * `Channel<T>`: values from fiber to fiber, first in, first out, with or without a buffer.
 *
 * - Values are received in the order in which they were sent; waiting senders and waiting receivers are each served in the order of
 *   their arrival, and nobody overtakes them.
 * - There are never waiting receivers while there is a value, nor waiting senders while there is room.
 * - A value is in one place: in the ring, in the record of a parked sender, or in that of a receiver to whom it was given. It is
 *   delivered once. A sender that is cancelled while it waits takes its value with it; a receiver that was given one runs on with it.
 * - Everything below the class works on addresses and bits, once for all types. References in the ring and in records are the
 *   collector's business through `__visit` of the channel and of the fiber, so storing one there needs a barrier.
 *
 * ╒══════════════ channel (32-bit) ══════════════╕
 * │  0 ring       ref   u64 each; 0 until needed │
 * │  4 mask       u32   its size, less one       │
 * │  8 head       u32   position of the oldest   │
 * │ 12 length     u32   values in it             │
 * │ 16 capacity   u32   most values in it        │
 * │ 20 senders    ptr   wait queue               │
 * │ 24 receivers  ptr   wait queue               │
 * │ 28 isManaged u8 · isClosed u8                │
 * │ 32 taken      u64   what `value` gives       │
 * │ 40 takenBy    i64   id of the fiber; -1: none│
 * ╘══════════════════════════════════════════════╛
 */
import { link } from "./barrier";
import { current, requireFiber, suspend } from "./context";
import { beginFail, fail } from "./failure";
import { Flag, indexOf, Reason, Record, record } from "./record";
import { beginPark, wake } from "./scheduler";
import { fromBits, toBits } from "./value";
import { pushWaiter, removeWaiter, shiftWaiter } from "./wait-queue";

/** A channel without its type: fields only. */
@unmanaged
class ChannelRecord {
  ring: usize;
  mask: u32;
  head: u32;
  length: u32;
  capacity: u32;
  senders: usize;
  receivers: usize;
  isManaged: bool;
  isClosed: bool;
  taken: u64;
  takenBy: i64;
}

// @ts-ignore: decorator
@inline
function channelRecord(channel: usize): ChannelRecord {
  return changetype<ChannelRecord>(channel);
}

const INITIAL_SLOTS: u32 = 8;
const NOBODY: i64 = -1;

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
  private taken: u64 = 0;
  private takenBy: i64 = NOBODY;

  /**
   * @param capacity how many values can be in it without a receiver; 0: a send waits until its value is received. Memory is taken as it
   *   fills.
   * @throws E_INVALID_CAPACITY when it is negative
   */
  constructor(capacity: i32 = 0) {
    if (capacity < 0) failCapacity(capacity);
    this.limit = <u32>capacity;
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
    if (beginNext(changetype<usize>(this))) suspend();
    return endNext(changetype<usize>(this));
  }

  /** Takes a value without waiting. True: it stands in `value`; false: there is none. */
  tryNext(): bool {
    return pull(changetype<usize>(this));
  }

  /**
   * What this fiber's last `next` or `tryNext` took. Valid until the fiber next waits.
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

  get isClosed(): bool {
    return this.closed;
  }

  /** How many values are in the buffer. */
  get length(): i32 {
    return <i32>this.count;
  }

  /** How many fit. */
  get capacity(): i32 {
    return <i32>this.limit;
  }

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    visitChannel(changetype<usize>(this), cookie);
  }
}

function visitChannel(channel: usize, cookie: u32): void {
  const c = channelRecord(channel);
  __visit(c.ring, cookie);
  if (!c.isManaged) return;
  __visit(<usize>c.taken, cookie);
  for (let i: u32 = 0; i < c.length; i++) __visit(<usize>load<u64>(slotOf(c, c.head + i)), cookie);
}

// @ts-ignore: decorator
@inline
function slotOf(c: ChannelRecord, position: u32): usize {
  return c.ring + ((position & c.mask) << 3);
}

/** Gives a value to a fiber that receives. */
// @ts-ignore: decorator
@inline
function give(channel: usize, receiver: usize, bits: u64): void {
  const f = record(receiver);
  f.value = bits;
  if (channelRecord(channel).isManaged) {
    f.flags |= Flag.VALUE_MANAGED | Flag.GIVEN;
    link(receiver, <usize>bits, false);
  } else f.flags |= Flag.GIVEN;
  wake(receiver);
}

/** Puts a value where it can be had without waiting: into the hands of a receiver or into the buffer. False: there is no such place. */
// @ts-ignore: decorator
@inline
function offer(channel: usize, bits: u64): bool {
  const c = channelRecord(channel);
  if (c.receivers) {
    give(channel, shiftWaiter(channel + offsetof<ChannelRecord>("receivers")), bits);
    return true;
  }
  if (c.length == c.capacity) return false;
  if (!c.ring || c.length > c.mask) grow(channel);
  append(channel, bits);
  return true;
}

// @ts-ignore: decorator
@inline
function append(channel: usize, bits: u64): void {
  const c = channelRecord(channel);
  store<u64>(slotOf(c, c.head + c.length), bits);
  c.length++;
  if (c.isManaged) link(channel, <usize>bits, true);
}

/** Allocates first: it may trap, and then nothing has changed. */
function grow(channel: usize): void {
  const c = channelRecord(channel);
  const slots = max((c.mask + 1) << 1, INITIAL_SLOTS);
  const ring = __new(slots << 3, idof<ArrayBuffer>());
  for (let i: u32 = 0; i < c.length; i++) store<u64>(ring + (i << 3), load<u64>(slotOf(c, c.head + i)));
  c.ring = ring;
  c.mask = slots - 1;
  c.head = 0;
  link(channel, ring, false);
}

/** The oldest value into the record of the fiber that receives; the oldest waiting sender then has room. False: there is no value. */
// @ts-ignore: decorator
@inline
function fetch(channel: usize, into: usize): bool {
  const c = channelRecord(channel);
  if (c.length) {
    store<u64>(into, load<u64>(slotOf(c, c.head)));
    c.head++;
    c.length--;
    if (c.senders) append(channel, releaseSender(channel));
    return true;
  }
  if (!c.senders) return false;
  store<u64>(into, releaseSender(channel));
  return true;
}

/** The value of the sender that has waited longest, which goes on. */
function releaseSender(channel: usize): u64 {
  const sender = shiftWaiter(channel + offsetof<ChannelRecord>("senders"));
  const f = record(sender);
  f.flags &= ~Flag.VALUE_MANAGED;
  wake(sender);
  return f.value;
}

// --- the halves of the verbs that wait ---
// Where the second one may suspend as well, to fail, the verb is a loop: with one place to suspend, a waiting fiber saves four bytes less.

function beginSend(channel: usize, bits: u64): bool {
  const fiber = requireFiber();
  const c = channelRecord(channel);
  if (c.isClosed) return refuseSend();
  if (offer(channel, bits)) return false;
  const f = record(fiber);
  f.value = bits;
  if (c.isManaged) {
    f.flags |= Flag.VALUE_MANAGED;
    link(fiber, <usize>bits, false);
  }
  pushWaiter(channel + offsetof<ChannelRecord>("senders"), fiber);
  return beginPark(Reason.SEND, channel, indexOf(changetype<usize>(leaveSend)));
}

/** True: the channel was closed meanwhile, and the fiber fails. */
// @ts-ignore: decorator
@inline
function endSend(): bool {
  return !record(current()).object && refuseSend();
}

function leaveSend(fiber: usize): void {
  const f = record(fiber);
  f.flags &= ~Flag.VALUE_MANAGED;
  removeWaiter(f.object + offsetof<ChannelRecord>("senders"), fiber);
}

function beginReceive(channel: usize): bool {
  const fiber = requireFiber();
  if (fetch(channel, fiber + offsetof<Record>("value"))) return false;
  if (channelRecord(channel).isClosed) return refuseReceive();
  return waitForValue(channel, fiber);
}

/** True: the channel was closed meanwhile, and the fiber fails. */
// @ts-ignore: decorator
@inline
function endReceive(): bool {
  return !record(current()).object && refuseReceive();
}

function beginNext(channel: usize): bool {
  const fiber = requireFiber();
  const f = record(fiber);
  if (fetch(channel, fiber + offsetof<Record>("value"))) {
    f.object = channel;
    return false;
  }
  if (channelRecord(channel).isClosed) {
    f.object = 0;
    return false;
  }
  return waitForValue(channel, fiber);
}

function waitForValue(channel: usize, fiber: usize): bool {
  pushWaiter(channel + offsetof<ChannelRecord>("receivers"), fiber);
  return beginPark(Reason.RECEIVE, channel, indexOf(changetype<usize>(leaveReceive)));
}

function leaveReceive(fiber: usize): void {
  removeWaiter(record(fiber).object + offsetof<ChannelRecord>("receivers"), fiber);
}

/** The value in the running fiber's record, which is now its caller's. */
// @ts-ignore: decorator
@inline
function takeGiven(): u64 {
  const f = record(current());
  f.flags &= ~(Flag.GIVEN | Flag.VALUE_MANAGED);
  return f.value;
}

function endNext(channel: usize): bool {
  if (!record(current()).object) {
    keepTaken(channel, 0, NOBODY);
    return false;
  }
  keepTaken(channel, takeGiven(), record(current()).id);
  return true;
}

function pull(channel: usize): bool {
  const c = channelRecord(channel);
  if (!fetch(channel, channel + offsetof<ChannelRecord>("taken"))) {
    keepTaken(channel, 0, NOBODY);
    return false;
  }
  keepTaken(channel, c.taken, currentId());
  return true;
}

// @ts-ignore: decorator
@inline
function keepTaken(channel: usize, bits: u64, by: i64): void {
  const c = channelRecord(channel);
  c.taken = bits;
  c.takenBy = by;
  if (c.isManaged) link(channel, <usize>bits, false);
}

/** Outside of fibers 0, which no fiber has. */
function currentId(): i64 {
  const fiber = current();
  return fiber ? record(fiber).id : 0;
}

function closeChannel(channel: usize): void {
  const c = channelRecord(channel);
  if (c.isClosed) return;
  c.isClosed = true;
  while (c.receivers) {
    const receiver = shiftWaiter(channel + offsetof<ChannelRecord>("receivers"));
    record(receiver).object = 0;
    wake(receiver);
  }
  while (c.senders) {
    const sender = shiftWaiter(channel + offsetof<ChannelRecord>("senders"));
    record(sender).object = 0;
    record(sender).flags &= ~Flag.VALUE_MANAGED;
    wake(sender);
  }
}

// --- misuse ---

const SEND_ON_CLOSED =
  "cannot send: the channel is closed, and its values go to nobody new; close it when all senders have ended";

function refuseSend(): bool {
  return beginFail(SEND_ON_CLOSED, "E_CLOSED", null);
}

function failSend(): void {
  fail(SEND_ON_CLOSED, "E_CLOSED");
}

function refuseReceive(): bool {
  return beginFail(
    "cannot receive: the channel is closed and drained; next() tells the end instead of failing",
    "E_CLOSED",
    null,
  );
}

function failValue(): void {
  fail(
    "the channel has no value for this fiber: value gives what its own last next() or tryNext() took, until it waits",
    "E_NO_VALUE",
  );
}

function failCapacity(capacity: i32): void {
  fail(`a channel cannot hold ${capacity} values: its capacity is 0 or more`, "E_INVALID_CAPACITY");
}

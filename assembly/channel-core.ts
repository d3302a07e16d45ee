/**
 * A channel without its type: where its values are, and how they move. Nothing here waits.
 *
 * Everything works on addresses and bits, once for all types. References in the ring and in records are the collector's business through
 * `__visit` of the channel and of the fiber, so storing one there needs a barrier. What a channel was closed with because its values have
 * failed stands in the ring, behind the last value.
 *
 * ╒══════════════ channel (32-bit) ══════════════╕
 * │  0 ring       ref   u64 each; 0 until needed │
 * │  4 mask       u32   its size, less one       │
 * │  8 head       u32   position of the oldest   │
 * │ 12 length     u32   values in it             │
 * │ 16 capacity   u32   most values in it        │
 * │ 20 senders    ptr   wait queue               │
 * │ 24 receivers  ptr   wait queue               │
 * │ 28 isManaged u8 · isClosed u8 · overflow u8  │
 * │ 31 isFailed  u8                              │
 * │ 32 taken      u64   what `value` gives       │
 * │ 40 takenBy    i64   id of the fiber; -1: none│
 * │ 48 dropped    i64   values that had no room  │
 * ╘══════════════════════════════════════════════╛
 */
import { current } from "./context";
import { Flag, record } from "./record";
import { wake } from "./scheduler";
import { claim } from "./select-case";
import { shiftWaiter } from "./wait-queue";
import { link } from "./write-barrier";

/** A channel without its type: fields only. */
@unmanaged
export class ChannelRecord {
  ring: usize;
  mask: u32;
  head: u32;
  length: u32;
  capacity: u32;
  senders: usize;
  receivers: usize;
  isManaged: bool;
  isClosed: bool;
  overflow: u8;
  isFailed: bool;
  taken: u64;
  takenBy: i64;
  dropped: i64;
}

// @ts-ignore: decorator
@inline
export function channelRecord(channel: usize): ChannelRecord {
  return changetype<ChannelRecord>(channel);
}

const INITIAL_SLOTS: u32 = 8;
export const NOBODY: i64 = -1;

/** What a send does when the buffer is full. */
export enum Overflow {
  /** It waits. */
  BLOCK,
  /** It makes room: the oldest value in the buffer is lost. */
  DROP_OLDEST,
  /** Its value is lost. */
  DROP_NEWEST,
  /** The buffer holds one value, the latest. */
  KEEP_LATEST,
}

export function visitChannel(channel: usize, cookie: u32): void {
  const c = channelRecord(channel);
  __visit(c.ring, cookie);
  if (c.isFailed) __visit(failureOf(channel), cookie);
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
  const fiber = claim(receiver);
  const f = record(fiber);
  f.value = bits;
  if (channelRecord(channel).isManaged) {
    f.flags |= Flag.VALUE_MANAGED | Flag.GIVEN;
    link(fiber, <usize>bits, false);
  } else f.flags |= Flag.GIVEN;
  wake(fiber);
}

/** Puts a value where it can be had without waiting: into the hands of a receiver or into the buffer. False: there is no such place. */
// @ts-ignore: decorator
@inline
export function offer(channel: usize, bits: u64): bool {
  const c = channelRecord(channel);
  if (c.receivers) {
    give(channel, shiftWaiter(channel + offsetof<ChannelRecord>("receivers")), bits);
    return true;
  }
  if (c.length == c.capacity) return c.overflow != Overflow.BLOCK && replace(channel, bits);
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

/** Puts a value into a full buffer, or drops it. */
function replace(channel: usize, bits: u64): bool {
  const c = channelRecord(channel);
  c.dropped++;
  if (c.overflow == Overflow.DROP_NEWEST) return true;
  c.head++;
  c.length--;
  append(channel, bits);
  return true;
}

/** Why there are no more values, of a channel that has failed. */
export function failureOf(channel: usize): usize {
  const c = channelRecord(channel);
  return <usize>load<u64>(slotOf(c, c.head + c.length));
}

/** Keeps why there are no more values. Nothing is put into the channel after that. */
export function keepFailure(channel: usize, failure: usize): void {
  const c = channelRecord(channel);
  if (!c.ring || c.length > c.mask) grow(channel);
  store<u64>(slotOf(c, c.head + c.length), <u64>failure);
  c.isFailed = true;
  link(channel, failure, true);
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
export function fetch(channel: usize, into: usize): bool {
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
  const fiber = claim(sender);
  record(fiber).flags &= ~Flag.VALUE_MANAGED;
  wake(fiber);
  return record(sender).value;
}

/** The value in the running fiber's record, which is now its caller's. */
// @ts-ignore: decorator
@inline
export function takeGiven(): u64 {
  const f = record(current());
  f.flags &= ~(Flag.GIVEN | Flag.VALUE_MANAGED);
  return f.value;
}

export function pull(channel: usize): bool {
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
export function keepTaken(channel: usize, bits: u64, by: i64): void {
  const c = channelRecord(channel);
  c.taken = bits;
  c.takenBy = by;
  if (c.isManaged) link(channel, <usize>bits, false);
}

/** Outside of fibers 0, which no fiber has. */
export function currentId(): i64 {
  const fiber = current();
  return fiber ? record(fiber).id : 0;
}

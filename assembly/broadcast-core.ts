/**
 * A broadcast without its type: where its values are, and how they reach its receivers. Nothing here waits.
 *
 * ╒══════════ broadcast (32-bit) ═══════════╕   ╒═════════ receiver (32-bit) ══════════╕
 * │  0 waiters   ptr   wait queue            │   │  0 broadcast  ref                     │
 * │  4 ring      ref   u64 each              │   │  4 isManaged u8 · isClosed u8         │
 * │  8 mask      u32   its size, less one    │   │  8 position   u64   of its next value │
 * │ 12 capacity  u32   most values in it     │   │ 16 taken      u64   what `value` gives│
 * │ 16 sent      u64   since the beginning   │   │ 24 takenBy    i64   id of the fiber   │
 * │ 24 isManaged u8 · isClosed u8            │   │ 32 missed     i64   before that value │
 * ╘══════════════════════════════════════════╛   ╘═══════════════════════════════════════╛
 */
import { Flag, record } from "./record";
import { wake } from "./scheduler";
import { claim } from "./select-case";
import { removeWaiter } from "./wait-queue";
import { amountOf } from "./waiting";
import { link } from "./write-barrier";

const INITIAL_SLOTS: u32 = 8;

/** A broadcast without its type: fields only. */
@unmanaged
export class BroadcastRecord {
  waiters: usize;
  ring: usize;
  mask: u32;
  capacity: u32;
  sent: u64;
  isManaged: bool;
  isClosed: bool;
}

/** A receiver without its type: fields only. */
@unmanaged
export class ReceiverRecord {
  broadcast: usize;
  isManaged: bool;
  isClosed: bool;
  position: u64;
  taken: u64;
  takenBy: i64;
  missed: i64;
}

// @ts-ignore: decorator
@inline
export function broadcastRecord(broadcast: usize): BroadcastRecord {
  return changetype<BroadcastRecord>(broadcast);
}

// @ts-ignore: decorator
@inline
export function receiverRecord(receiver: usize): ReceiverRecord {
  return changetype<ReceiverRecord>(receiver);
}

export function visitBroadcast(broadcast: usize, cookie: u32): void {
  const b = broadcastRecord(broadcast);
  __visit(b.ring, cookie);
  if (!b.isManaged) return;
  for (let at = oldestOf(b); at < b.sent; at++) __visit(<usize>load<u64>(slotOf(b, at)), cookie);
}

// @ts-ignore: decorator
@inline
function slotOf(b: BroadcastRecord, position: u64): usize {
  return b.ring + (((<u32>position) & b.mask) << 3);
}

/** The position of the oldest value in the ring. */
// @ts-ignore: decorator
@inline
function oldestOf(b: BroadcastRecord): u64 {
  return b.sent > b.capacity ? b.sent - b.capacity : 0;
}

export function sendToAll(broadcast: usize, bits: u64): void {
  const b = broadcastRecord(broadcast);
  if (!b.ring || (b.sent > b.mask && b.mask + 1 < b.capacity)) grow(broadcast);
  store<u64>(slotOf(b, b.sent), bits);
  b.sent++;
  if (b.isManaged) link(broadcast, <usize>bits, true);
  for (let waiter = b.waiters ? findServed(b) : 0; waiter; waiter = findServed(b)) {
    removeWaiter(broadcast, waiter);
    give(waiter, bits, b.isManaged);
  }
}

/** Allocates first: it may trap, and then nothing has changed. */
function grow(broadcast: usize): void {
  const b = broadcastRecord(broadcast);
  const slots = max((b.mask + 1) << 1, INITIAL_SLOTS);
  const ring = __new(slots << 3, idof<ArrayBuffer>());
  for (let at = oldestOf(b); at < b.sent; at++) {
    store<u64>(ring + (((<u32>at) & (slots - 1)) << 3), load<u64>(slotOf(b, at)));
  }
  b.ring = ring;
  b.mask = slots - 1;
  link(broadcast, ring, false);
}

/** The one that has waited longest of those whose receivers have not had the latest value; 0 when there is none. */
function findServed(b: BroadcastRecord): usize {
  const first = b.waiters;
  if (!first) return 0;
  let waiter = first;
  do {
    if (receiverRecord(amountOf(waiter)).position != b.sent) return waiter;
    waiter = record(waiter).next;
  } while (waiter != first);
  return 0;
}

function give(waiter: usize, bits: u64, isManaged: bool): void {
  const r = receiverRecord(amountOf(waiter));
  r.position++;
  r.missed = 0;
  const fiber = claim(waiter);
  const f = record(fiber);
  f.value = bits;
  f.flags |= Flag.GIVEN;
  if (isManaged) {
    f.flags |= Flag.VALUE_MANAGED;
    link(fiber, <usize>bits, false);
  }
  wake(fiber);
}

/** The oldest value that the receiver has not had. False: there is none. */
export function fetch(receiver: usize, into: usize): bool {
  const r = receiverRecord(receiver);
  const b = broadcastRecord(r.broadcast);
  r.missed = 0;
  if (r.isClosed || r.position == b.sent) return false;
  const oldest = oldestOf(b);
  if (r.position < oldest) {
    r.missed = oldest - r.position;
    r.position = oldest;
  }
  store<u64>(into, load<u64>(slotOf(b, r.position)));
  r.position++;
  return true;
}

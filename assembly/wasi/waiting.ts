/**
 * The operations that wait for the host, in the order in which they began; and those of them that have ended and are not delivered.
 *
 * ╒══════════════ waiting operation (36 bytes) ══════════════╕
 * │  0 opcode      u32                                       │
 * │  4 slot        u32   named by the completion             │
 * │  8 generation  u32                                       │
 * │ 12 fd          u32                                       │
 * │ 16 pointer     ptr   where to read to; a copy of what is │
 * │                      to be written, freed at the end     │
 * │ 20 length      u32                                       │
 * │ 24 done        u32   bytes of it that are written; of a  │
 * │                      read: that the host says are there  │
 * │ 28 previous    ptr                                       │
 * │ 32 next        ptr                                       │
 * ╘══════════════════════════════════════════════════════════╛
 */
import { Completion, COMPLETIONS_CAPACITY, Opcode, Operation } from "../abi";
import { complete, completionBuffer } from "../exports";
import { enlarge } from "../memory";
import { descriptor } from "./descriptors";

@unmanaged
export class Waiting {
  opcode: u32;
  slot: u32;
  generation: u32;
  fd: u32;
  pointer: usize;
  length: u32;
  done: u32;
  previous: usize;
  next: usize;
}

/** The descriptor of an operation whose own was closed meanwhile. */
export const CLOSED: u32 = u32.MAX_VALUE;

let first: usize = 0;
let last: usize = 0;

/** Slot → the operation that has it, waiting or ended. */
let slots: usize = 0;
let slotCapacity: u32 = 0;

/** Completions that are written and not delivered. */
let undelivered: u32 = 0;

/** The oldest operation that waits; the others follow by `next`. */
export function firstWaiting(): usize {
  return first;
}

/** The operation waits. `pointer` and `length` as in the operation, except for what remains to be written. */
export function addWaiting(o: Operation, pointer: usize, done: u32): void {
  const waiting = heap.alloc(offsetof<Waiting>());
  if (o.slot >= slotCapacity) growSlots(o.slot);
  const w = changetype<Waiting>(waiting);
  w.opcode = o.opcode;
  w.slot = o.slot;
  w.generation = o.generation;
  w.fd = o.handle;
  w.pointer = pointer;
  w.length = o.length;
  w.done = done;
  w.previous = last;
  w.next = 0;
  if (last) changetype<Waiting>(last).next = waiting;
  else first = waiting;
  last = waiting;
  store<usize>(slots + (o.slot << 2), waiting);
  const d = descriptor(o.handle);
  if (o.opcode == Opcode.WRITE) d.writer = waiting;
  else d.readers++;
}

/** The operation of this slot and generation that waits; 0 when there is none. */
export function findWaiting(slot: u32, generation: u32): usize {
  if (slot >= slotCapacity) return 0;
  const waiting = load<usize>(slots + (slot << 2));
  return waiting && changetype<Waiting>(waiting).generation == generation ? waiting : 0;
}

/** It waits no more: nothing of it is left behind. */
export function removeWaiting(waiting: usize): void {
  const w = changetype<Waiting>(waiting);
  if (w.previous) changetype<Waiting>(w.previous).next = w.next;
  else first = w.next;
  if (w.next) changetype<Waiting>(w.next).previous = w.previous;
  else last = w.previous;
  store<usize>(slots + (w.slot << 2), 0);
  leaveDescriptor(w);
  if (w.opcode == Opcode.WRITE) heap.free(w.pointer);
  heap.free(waiting);
}

function leaveDescriptor(w: Waiting): void {
  if (w.fd == CLOSED) return;
  const d = descriptor(w.fd);
  if (w.opcode == Opcode.WRITE) d.writer = 0;
  else d.readers--;
}

/** The descriptor is closed: what waits for it ends before a fiber next runs. */
export function closeWaiting(fd: u32): void {
  for (let waiting = first; waiting; waiting = changetype<Waiting>(waiting).next) {
    const w = changetype<Waiting>(waiting);
    if (w.fd != fd) continue;
    leaveDescriptor(w);
    w.fd = CLOSED;
  }
}

/** It has ended with this result, which is delivered before a fiber next runs. */
export function endWaiting(waiting: usize, result: i32): void {
  const w = changetype<Waiting>(waiting);
  noteCompletion(w.slot, w.generation, result);
  removeWaiting(waiting);
}

/** Notes a completion. Only between turns: what is noted must not be cancelled before it is delivered. */
export function noteCompletion(slot: u32, generation: u32, result: i32): void {
  if (undelivered == COMPLETIONS_CAPACITY) deliver();
  const completion = changetype<Completion>(completionBuffer() + undelivered * offsetof<Completion>());
  completion.slot = slot;
  completion.generation = generation;
  completion.result = result;
  completion.detail = 0;
  undelivered++;
}

/** Delivers what has ended. */
export function deliver(): void {
  if (!undelivered) return;
  complete(undelivered);
  undelivered = 0;
}

function growSlots(slot: u32): void {
  let wanted = max<u32>(slotCapacity, 16);
  while (wanted <= slot) wanted <<= 1;
  slots = enlarge(slots, slotCapacity << 2, wanted << 2);
  memory.fill(slots + (slotCapacity << 2), 0, (wanted - slotCapacity) << 2);
  slotCapacity = wanted;
}

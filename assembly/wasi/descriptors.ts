/**
 * What the driver knows of each descriptor: who waits to read from it and to write to it, and how it can be waited for.
 *
 * ╒════════════════ descriptor (24 bytes) ═════════════════╕
 * │  0 readers    u32   operations that wait to read, or   │
 * │                     to accept                          │
 * │  4 writer     ptr   the operation that waits to write  │
 * │  8 refusal    i32   why writes are refused: -errno     │
 * │ 12 isPolled   bool  it blocks: wait for it, then try   │
 * │ 13 isUnpolled bool  the host cannot wait for it: try   │
 * │ 14 kind       u8    what the program has it for        │
 * │ 16 failure    i32   what reads fail with: -errno       │
 * │ 20 asked      u32   the last wait that asked the host  │
 * │                     about reading it, or accepting     │
 * ╘════════════════════════════════════════════════════════╛
 */
import { enlarge } from "../memory";
import { Fdstat, FDFLAGS_NONBLOCK, fd_fdstat_get, fd_fdstat_set_flags } from "./preview1";

@unmanaged
export class Descriptor {
  readers: u32;
  writer: usize;
  refusal: i32;
  isPolled: bool;
  isUnpolled: bool;
  kind: u8;
  failure: i32;
  asked: u32;
}

export enum Kind {
  /** The program does not have it, or not any more. */
  NONE,
  STREAM,
  LISTENER,
}

const DESCRIPTOR_BYTES: u32 = 24;

/** Hosts number descriptors from 0 on. One that does not would make the table as large as its numbers. */
const MAX_DESCRIPTORS: u32 = 1 << 20;

let table: usize = 0;
let capacity: u32 = 0;

const fdstat: usize = memory.data(24, 8);

/** True when there is room for this number in the table. */
export function canHold(fd: u32): bool {
  return fd < MAX_DESCRIPTORS;
}

/** What is known of this descriptor. Valid until another one is asked for. */
export function descriptor(fd: u32): Descriptor {
  assert(canHold(fd), "as-fibers: a descriptor of this host has a number that is too large");
  if (fd >= capacity) grow(fd);
  return changetype<Descriptor>(table + fd * DESCRIPTOR_BYTES);
}

/** The program gets this descriptor, which the host has just opened, or before. */
export function takeDescriptor(fd: u32, kind: Kind): void {
  const d = descriptor(fd);
  memory.fill(changetype<usize>(d), 0, DESCRIPTOR_BYTES);
  d.isPolled = !becomesNonblocking(fd);
  d.kind = <u8>kind;
}

/** Whether the program has this descriptor, for that. */
export function isOf(kind: Kind, fd: u32): bool {
  return fd < capacity && descriptor(fd).kind == <u8>kind;
}

/** The file type of a descriptor; -1 when there is none of this number. */
export function fileType(fd: u32): i32 {
  if (fd_fdstat_get(fd, fdstat)) return -1;
  return changetype<Fdstat>(fdstat).filetype;
}

/** Arranges that no call on it waits. False when the host does not do that: then nothing is tried before the host says that it can be done. */
function becomesNonblocking(fd: u32): bool {
  if (fd_fdstat_get(fd, fdstat)) return false;
  const flags = changetype<Fdstat>(fdstat).flags;
  if (flags & FDFLAGS_NONBLOCK) return true;
  return !fd_fdstat_set_flags(fd, flags | FDFLAGS_NONBLOCK);
}

function grow(fd: u32): void {
  let wanted = max<u32>(capacity, 16);
  while (wanted <= fd) wanted <<= 1;
  table = enlarge(table, capacity * DESCRIPTOR_BYTES, wanted * DESCRIPTOR_BYTES);
  memory.fill(table + capacity * DESCRIPTOR_BYTES, 0, (wanted - capacity) * DESCRIPTOR_BYTES);
  // Standard input is shared with others, who would not expect it to become non-blocking.
  if (!capacity) changetype<Descriptor>(table).isPolled = true;
  capacity = wanted;
}

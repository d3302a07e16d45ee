/** Bytes and connections of the host, as WASI calls want them: by lists of buffers, waiting or not. Results are ≥ 0, or a negative errno. */
import { Opcode, Operation, PENDING, submit } from "../abi";
import { current, suspend } from "../context";
import { beginOperation, endOperation, prepare } from "../event-queue";
import { Reason } from "../record";
import { isTurnOver } from "../scheduler";
import { bufferAt, isInMemory } from "./parking-memory";
import { findSocket, Socket } from "./parking-sockets";
import { ERRNO_AGAIN } from "./preview1";

export const ERRNO_FAULT: u32 = 21;

/** A slot that the event queue does not have: nobody waits for what is tried. */
const NO_SLOT: u32 = u32.MAX_VALUE;

const operation: usize = memory.data(28, 4);

/** Before what may end at once, again and again: lets other fibers run when the time of this turn is used up. */
export function giveWay(): void {
  if (current() && isTurnOver()) suspend();
}

/** The socket that a call shall use now, which may end at once. */
export function findToUse(descriptor: u32): Socket | null {
  if (!findSocket(descriptor)) return null;
  giveWay();
  // Another fiber may have closed it.
  return findSocket(descriptor);
}

/** Does what need not wait; -ERRNO_AGAIN when it would have to, and then nothing has happened. */
export function attempt(opcode: Opcode, handle: u32, pointer: usize, length: u32): i32 {
  const o = changetype<Operation>(operation);
  o.opcode = opcode;
  o.slot = NO_SLOT;
  o.generation = 0;
  o.handle = handle;
  o.pointer = pointer;
  o.length = length;
  o.argument = 0;
  const result = submit(operation);
  if (result != PENDING) return result;
  o.opcode = Opcode.CANCEL;
  o.length = 0;
  submit(operation);
  return -(<i32>ERRNO_AGAIN);
}

/** Reads, without waiting when the fiber is not to, or there is none. */
export function read(handle: u32, pointer: usize, length: u32, isPatient: bool): i32 {
  if (!isPatient || !current()) return attempt(Opcode.READ, handle, pointer, length);
  if (beginTransfer(Opcode.READ, Reason.READ, handle, pointer, length)) suspend();
  return endOperation();
}

/** A connection's handle; waits as `read` does. */
export function accept(handle: u32, isPatient: bool): i32 {
  if (!isPatient || !current()) return attempt(Opcode.ACCEPT, handle, 0, 0);
  if (beginTransfer(Opcode.ACCEPT, Reason.ACCEPT, handle, 0, 0)) suspend();
  return endOperation();
}

function write(handle: u32, pointer: usize, length: u32): i32 {
  // To try it is no way: a write that is given up leaves nobody knowing how much went out.
  if (!current()) return -(<i32>ERRNO_AGAIN);
  if (beginTransfer(Opcode.WRITE, Reason.WRITE, handle, pointer, length)) suspend();
  return endOperation();
}

function beginTransfer(opcode: Opcode, reason: Reason, handle: u32, pointer: usize, length: u32): bool {
  prepare(opcode, handle, pointer, length, 0);
  return beginOperation(reason, 0, Infinity);
}

/**
 * Into the buffers in turn: waits for the first bytes, then takes what is there; with `isAll`, waits until all are full. What has come is
 * told before an end or an error.
 */
export function receive(handle: u32, iovecs: usize, count: u32, isPatient: bool, isAll: bool): i64 {
  let total: i64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const buffer = bufferAt(iovecs, i);
    let pointer = buffer.pointer;
    let left = buffer.length;
    while (left) {
      // Another fiber may have changed the list.
      if (!isInMemory(pointer, left)) return -(<i64>ERRNO_FAULT);
      const result = read(handle, pointer, left, isPatient && (isAll || !total));
      if (result <= 0) return total ? total : <i64>result;
      total += result;
      pointer += result;
      left -= result;
      if (left && !isAll) return total;
    }
  }
  return total;
}

/** All of the buffers. What has gone out is told before an error. */
export function send(handle: u32, iovecs: usize, count: u32): i64 {
  let total: i64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const buffer = bufferAt(iovecs, i);
    if (!buffer.length) continue;
    if (!isInMemory(buffer.pointer, buffer.length)) return -(<i64>ERRNO_FAULT);
    const result = write(handle, buffer.pointer, buffer.length);
    if (result < 0) return total ? total : <i64>result;
    total += result;
  }
  return total;
}

/**
 * The driver of target `wasi`: what a JavaScript host's driver does, in the guest itself, over preview 1. What a driver must do is a list in
 * `host/driver.ts`; this one serves standard input and output, and sockets that the host has opened before.
 *
 * The readiness loop: an operation is tried; when it would have to wait, it is listed in `waiting.ts`, and tried again when `poll_oneoff`
 * says that it can be done. What blocks is not tried before.
 */
import { Opcode, Operation, OUTPUT_SLOT, PENDING } from "../abi";
import { attempt, STANDARD_INPUT, tryAccept, tryRead, tryWrite } from "./attempts";
import { canHold, Descriptor, descriptor, fileType, isOf, Kind, takeDescriptor } from "./descriptors";
import { continueOutput, hasQueuedOutput, hasWritten, noteWritten, STANDARD_OUTPUT, writeOutput } from "./output";
import { eventAt, isUnpolled, OF_OUTPUT, poll } from "./poll";
import {
  ERRNO_BADF,
  ERRNO_BUSY,
  ERRNO_NOTSUP,
  ERRNO_PIPE,
  fd_close,
  FILETYPE_SOCKET_STREAM,
  SDFLAGS_WR,
  sock_shutdown,
} from "./preview1";
import { isReadAhead, takeReadAhead, tellReadable } from "./read-ahead";
import {
  addWaiting,
  CLOSED,
  closeWaiting,
  deliver,
  endWaiting,
  findWaiting,
  firstWaiting,
  removeWaiting,
  Waiting,
} from "./waiting";

/** What the host has opened before comes behind the standard streams. */
const FIRST_PREOPENED: u32 = 3;

/** Begins an operation; see `assembly/abi.ts`. */
export function submit(operation: usize): i32 {
  const o = changetype<Operation>(operation);
  if (o.opcode == Opcode.WRITE && o.slot == OUTPUT_SLOT) {
    writeOutput(o.pointer, o.length);
    return 0;
  }
  if (o.opcode == Opcode.CANCEL) return cancel(o);
  if (o.opcode == Opcode.LISTEN) return listen();
  if (!suits(o)) return -(<i32>ERRNO_BADF);
  switch (o.opcode) {
    case Opcode.READ:
      return read(o);
    case Opcode.WRITE:
      return write(o);
    case Opcode.ACCEPT:
      return accept(o);
    case Opcode.SHUTDOWN:
      return shutdown(o.handle);
    case Opcode.CLOSE:
      return close(o.handle);
    default:
      return -(<i32>ERRNO_NOTSUP);
  }
}

/** Whether the program has what the operation is about, and it is of the kind that the operation is for. */
function suits(o: Operation): bool {
  const fd = o.handle;
  switch (o.opcode) {
    case Opcode.READ:
      return fd == STANDARD_INPUT || isOf(Kind.STREAM, fd);
    case Opcode.WRITE:
    case Opcode.SHUTDOWN:
    case Opcode.ADDRESS:
      return isOf(Kind.STREAM, fd);
    case Opcode.ACCEPT:
      return isOf(Kind.LISTENER, fd);
    case Opcode.CLOSE:
      return isOf(Kind.STREAM, fd) || isOf(Kind.LISTENER, fd);
    default:
      return true;
  }
}

/** Whether a fiber may be woken although none is ready and no timer runs. */
export function canGoOn(): bool {
  return isBusy() || hasWritten();
}

/** Whether something is under way that the host can end. */
function isBusy(): bool {
  return firstWaiting() != 0 || hasQueuedOutput();
}

/** Waits at most so long for the operations that wait, and delivers what has ended. */
export function advance(nanoseconds: f64): void {
  if (hasWritten()) nanoseconds = 0;
  if (isBusy() || (nanoseconds > 0 && nanoseconds != Infinity)) {
    const count = poll(nanoseconds, hasQueuedOutput() ? <i32>STANDARD_OUTPUT : -1);
    for (let index: u32 = 0; index < count; index++) {
      const userdata = eventAt(index);
      if (userdata == OF_OUTPUT) continueOutput();
      else if (userdata) retryAll(<usize>userdata);
    }
    retryUnpolled();
  }
  noteWritten();
  deliver();
}

/** The operation, and when it has accepted a connection, those that wait behind it for the next one. */
function retryAll(waiting: usize): void {
  const w = changetype<Waiting>(waiting);
  if (w.opcode != Opcode.ACCEPT) {
    retry(waiting);
    return;
  }
  const fd = w.fd;
  const isPolled = fd != CLOSED && descriptor(fd).isPolled;
  while (waiting) {
    const next = changetype<Waiting>(waiting).next;
    if (changetype<Waiting>(waiting).fd == fd && (!retry(waiting) || isPolled)) return;
    waiting = next;
  }
}

/** False when it still has to wait. */
function retry(waiting: usize): bool {
  const w = changetype<Waiting>(waiting);
  const isAsking = w.opcode == Opcode.READ && !w.length && w.fd != CLOSED;
  const result = isAsking ? tellReadable(w) : attempt(waiting);
  if (result == PENDING) return false;
  if (w.opcode == Opcode.WRITE && w.fd != CLOSED) endWrite(w.fd, result);
  if (w.opcode == Opcode.READ) endRead(w.fd, result);
  endWaiting(waiting, result);
  return true;
}

/** Hosts tell of a reset once. */
function endRead(fd: u32, result: i32): void {
  if (result < 0 && isOf(Kind.STREAM, fd)) descriptor(fd).failure = result;
}

function endWrite(fd: u32, result: i32): void {
  const d = descriptor(fd);
  // It was shut down meanwhile, and this write was to go out before.
  if (result >= 0 && d.refusal) sock_shutdown(fd, SDFLAGS_WR);
  if (result < 0 && !d.refusal) d.refusal = result;
}

/** What the host cannot wait for is tried each time. */
function retryUnpolled(): void {
  for (let waiting = firstWaiting(); waiting;) {
    const next = changetype<Waiting>(waiting).next;
    if (isUnpolled(changetype<Waiting>(waiting))) retry(waiting);
    waiting = next;
  }
}

function read(o: Operation): i32 {
  const d = descriptor(o.handle);
  if (d.readers) return -(<i32>ERRNO_BUSY);
  if (d.failure) return d.failure;
  if (isReadAhead(o.handle)) return takeReadAhead(o.pointer, o.length);
  // How many bytes are there, only waiting tells.
  const result = d.isPolled || !o.length ? PENDING : tryRead(o.handle, o.pointer, o.length);
  if (result == PENDING) addWaiting(o, o.pointer, 0);
  else endRead(o.handle, result);
  return result;
}

/** Any number of fibers may accept: who comes later waits behind those that wait. */
function accept(o: Operation): i32 {
  const d = descriptor(o.handle);
  const result = d.readers || d.isPolled ? PENDING : tryAccept(o.handle);
  if (result == PENDING) addWaiting(o, 0, 0);
  return result;
}

function write(o: Operation): i32 {
  const d = descriptor(o.handle);
  if (d.writer) return -(<i32>ERRNO_BUSY);
  if (d.refusal) return d.refusal;
  let done: u32 = 0;
  while (!d.isPolled && done < o.length) {
    const result = tryWrite(o.handle, o.pointer + done, o.length - done);
    if (result == PENDING) break;
    if (result < 0) {
      d.refusal = result;
      return result;
    }
    done += result;
  }
  if (done == o.length) return <i32>done;
  // A copy of what the host has not taken: the program may use its array again. `done` still counts from the first byte.
  const copy = heap.alloc(o.length);
  memory.copy(copy + done, o.pointer + done, o.length - done);
  addWaiting(o, copy, done);
  return PENDING;
}

/** Nobody knows how much of a write that is cancelled went out: the stream is closed for writing. */
function cancel(o: Operation): i32 {
  const waiting = findWaiting(o.slot, o.generation);
  if (!waiting) return 0;
  const w = changetype<Waiting>(waiting);
  if (w.opcode == Opcode.WRITE && w.fd != CLOSED) descriptor(w.fd).refusal = -(<i32>ERRNO_PIPE);
  removeWaiting(waiting);
  return 0;
}

/** A listener is one that the host has opened before: the first stream socket that no other listener has. */
function listen(): i32 {
  for (let fd = FIRST_PREOPENED; canHold(fd); fd++) {
    const type = fileType(fd);
    if (type < 0) break;
    if (type != <i32>FILETYPE_SOCKET_STREAM || isOf(Kind.LISTENER, fd) || isOf(Kind.STREAM, fd)) continue;
    takeDescriptor(fd, Kind.LISTENER);
    return <i32>fd;
  }
  return -(<i32>ERRNO_NOTSUP);
}

function shutdown(fd: u32): i32 {
  const d = descriptor(fd);
  if (d.refusal) return d.refusal;
  // A write that waits goes out first: see `endWrite`.
  const errno = d.writer ? 0 : sock_shutdown(fd, SDFLAGS_WR);
  if (!errno) d.refusal = -(<i32>ERRNO_PIPE);
  return -(<i32>errno);
}

function close(fd: u32): i32 {
  const d = descriptor(fd);
  if (d.readers || d.writer) closeWaiting(fd);
  memory.fill(changetype<usize>(d), 0, offsetof<Descriptor>());
  return -(<i32>fd_close(fd));
}

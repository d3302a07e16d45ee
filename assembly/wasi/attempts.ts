/** One try of an operation: its result, a negative errno, or `PENDING` when it would have to wait. */
import { Opcode, PENDING } from "../abi";
import { canHold, Kind, takeDescriptor } from "./descriptors";
import {
  ERRNO_AGAIN,
  ERRNO_BADF,
  ERRNO_INTR,
  ERRNO_MFILE,
  fd_close,
  fd_read,
  fd_write,
  FDFLAGS_NONBLOCK,
  Iovec,
  sock_accept,
  sock_recv,
  sock_send,
} from "./preview1";
import { CLOSED, Waiting } from "./waiting";

export const STANDARD_INPUT: u32 = 0;

/** Up to here, descriptors are the standard streams; what is opened beyond are sockets. */
const LAST_STANDARD: u32 = 2;

/** Of `sock_recv`: what is received stays there. */
const RIFLAGS_RECV_PEEK: u32 = 1;

const iovec: usize = memory.data(8, 4);
/** Where the host writes a number of bytes, or a descriptor; behind it, the flags of `sock_recv`. */
const answer: usize = memory.data(8, 4);

/** Tries a waiting operation again. What a write has written is added to its `done`. */
export function attempt(waiting: usize): i32 {
  const w = changetype<Waiting>(waiting);
  if (w.fd == CLOSED) return -(<i32>ERRNO_BADF);
  if (w.opcode == Opcode.READ) return tryRead(w.fd, w.pointer, w.length);
  if (w.opcode == Opcode.ACCEPT) return tryAccept(w.fd);
  const result = tryWrite(w.fd, w.pointer + w.done, w.length - w.done);
  if (result < 0) return result;
  w.done += result;
  return w.done < w.length ? PENDING : <i32>w.length;
}

/** Reads what is there, at most `length` bytes. */
export function tryRead(fd: u32, pointer: usize, length: u32): i32 {
  setIovec(pointer, length);
  let errno: u32;
  do {
    errno = fd <= LAST_STANDARD ? fd_read(fd, iovec, 1, answer) : sock_recv(fd, iovec, 1, 0, answer, answer + 4);
  } while (errno == ERRNO_INTR);
  return resultOf(errno);
}

/** Receives what is there, and leaves it there. Only of sockets. */
export function tryPeek(fd: u32, pointer: usize, length: u32): i32 {
  setIovec(pointer, length);
  let errno: u32;
  do {
    errno = sock_recv(fd, iovec, 1, RIFLAGS_RECV_PEEK, answer, answer + 4);
  } while (errno == ERRNO_INTR);
  return resultOf(errno);
}

/** Writes as much as the host takes. */
export function tryWrite(fd: u32, pointer: usize, length: u32): i32 {
  setIovec(pointer, length);
  let errno: u32;
  do {
    errno = fd <= LAST_STANDARD ? fd_write(fd, iovec, 1, answer) : sock_send(fd, iovec, 1, 0, answer);
  } while (errno == ERRNO_INTR);
  return resultOf(errno);
}

/** Accepts a connection that has come. */
export function tryAccept(fd: u32): i32 {
  let errno: u32;
  do {
    errno = sock_accept(fd, FDFLAGS_NONBLOCK, answer);
  } while (errno == ERRNO_INTR);
  const result = resultOf(errno);
  if (result < 0) return result;
  if (!canHold(result)) {
    fd_close(result);
    return -(<i32>ERRNO_MFILE);
  }
  takeDescriptor(result, Kind.STREAM);
  return result;
}

function setIovec(pointer: usize, length: u32): void {
  const vector = changetype<Iovec>(iovec);
  vector.pointer = pointer;
  vector.length = length;
}

function resultOf(errno: u32): i32 {
  if (errno == ERRNO_AGAIN) return PENDING;
  return errno ? -(<i32>errno) : load<i32>(answer);
}

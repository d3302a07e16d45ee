/**
 * WASI calls that park: what a program or a library of it calls of preview 1 would block the whole instance while it waits, and Node with
 * it. In a program that our JavaScript host serves, the transform puts these functions, of the same signatures, in their place: they wait
 * as fibers do, for clocks, standard input, and the sockets of `parking-sockets.ts`. What concerns other descriptors goes on to the
 * imports; so does standard input outside of fibers. Sockets give ERRNO_AGAIN there.
 */
import { Opcode } from "../abi";
import { current, suspend } from "../context";
import { beginOperation, endOperation, prepare } from "../event-queue";
import { Reason } from "../record";
import { areInMemory, bufferAt, isInMemory } from "./parking-memory";
import { ERRNO_NOTCONN, judgeFlags, receiveFrom, sendTo } from "./parking-socket-calls";
import { closeSocket, findSocket } from "./parking-sockets";
import { ERRNO_FAULT, findToUse, giveWay } from "./parking-transfers";
import {
  ERRNO_SUCCESS,
  fd_close,
  fd_fdstat_get,
  fd_fdstat_set_flags,
  fd_read,
  fd_write,
  Fdstat,
  FILETYPE_SOCKET_STREAM,
} from "./preview1";

export { parkingPollOneoff } from "./parking-poll";
export { parkingSockAccept, parkingSockRecv, parkingSockSend, parkingSockShutdown } from "./parking-socket-calls";
export { addListener } from "./parking-sockets";

const STANDARD_INPUT: u32 = 0;

/** What can be done with sockets: FD_FDSTAT_SET_FLAGS and POLL_FD_READWRITE, as bits of `rights`. */
const RIGHTS: u64 = (1 << 3) | (1 << 27);
/** FD_READ, FD_WRITE and SOCK_SHUTDOWN. */
const RIGHTS_OF_CONNECTIONS: u64 = (1 << 1) | (1 << 6) | (1 << 28);
/** SOCK_ACCEPT. */
const RIGHTS_OF_LISTENERS: u64 = 1 << 29;

export function parkingFdRead(fd: u32, iovecs: usize, count: u32, bytes: usize): u32 {
  const socket = findToUse(fd);
  if (socket) return socket.isListener ? ERRNO_NOTCONN : receiveFrom(socket, iovecs, count, bytes, false);
  if (fd != STANDARD_INPUT || !current()) return fd_read(fd, iovecs, count, bytes);
  giveWay();
  if (!isInMemory(bytes, 4) || !areInMemory(iovecs, count)) return ERRNO_FAULT;
  let first: u32 = 0;
  while (first < count && !bufferAt(iovecs, first).length) first++;
  if (first == count) return fd_read(fd, iovecs, count, bytes);
  // A read may bring less than is asked for, so one buffer is enough.
  if (beginFdRead(iovecs, first)) suspend();
  const result = endOperation();
  if (result < 0) return -result;
  store<u32>(bytes, result);
  return ERRNO_SUCCESS;
}

function beginFdRead(iovecs: usize, index: u32): bool {
  const into = bufferAt(iovecs, index);
  prepare(Opcode.READ, STANDARD_INPUT, into.pointer, into.length, 0);
  return beginOperation(Reason.READ, 0, Infinity);
}

export function parkingFdWrite(fd: u32, iovecs: usize, count: u32, bytes: usize): u32 {
  const socket = findToUse(fd);
  if (!socket) return fd_write(fd, iovecs, count, bytes);
  return socket.isListener ? ERRNO_NOTCONN : sendTo(socket, iovecs, count, bytes);
}

export function parkingFdClose(fd: u32): u32 {
  const socket = findSocket(fd);
  if (!socket) return fd_close(fd);
  closeSocket(socket);
  return ERRNO_SUCCESS;
}

export function parkingFdFdstatGet(fd: u32, fdstat: usize): u32 {
  const socket = findSocket(fd);
  if (!socket) return fd_fdstat_get(fd, fdstat);
  if (!isInMemory(fdstat, offsetof<Fdstat>())) return ERRNO_FAULT;
  memory.fill(fdstat, 0, offsetof<Fdstat>());
  const stat = changetype<Fdstat>(fdstat);
  stat.filetype = FILETYPE_SOCKET_STREAM;
  stat.flags = socket.flags;
  stat.rights = RIGHTS | (socket.isListener ? RIGHTS_OF_LISTENERS : RIGHTS_OF_CONNECTIONS);
  return ERRNO_SUCCESS;
}

export function parkingFdFdstatSetFlags(fd: u32, flags: u32): u32 {
  const socket = findSocket(fd);
  if (!socket) return fd_fdstat_set_flags(fd, flags);
  const wrong = judgeFlags(flags);
  if (!wrong) socket.flags = <u16>flags;
  return wrong;
}

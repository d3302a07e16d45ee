/** `sock_accept`, `sock_recv`, `sock_send` and `sock_shutdown` that park the fiber. Errors are those of `host/wasi/sockets.ts`. */
import { Opcode } from "../abi";
import { prepare, submitNow } from "../event-queue";
import { areInMemory, isInMemory } from "./parking-memory";
import { addConnection, findSocket, Socket, takeAccepted } from "./parking-sockets";
import { accept, ERRNO_FAULT, findToUse, receive, send } from "./parking-transfers";
import {
  ERRNO_NOTSUP,
  ERRNO_PIPE,
  ERRNO_SUCCESS,
  FDFLAGS_NONBLOCK,
  SDFLAGS_WR,
  sock_accept,
  sock_recv,
  sock_send,
  sock_shutdown,
} from "./preview1";

export const ERRNO_INVAL: u32 = 28;
export const ERRNO_NOTCONN: u32 = 53;

const RIFLAGS_RECV_PEEK: u32 = 1;
const RIFLAGS_RECV_WAITALL: u32 = 2;
const SDFLAGS_RD: u32 = 1;
const LAST_FDFLAG: u32 = 31;

/** Whether calls on it wait. */
// @ts-ignore: decorator
@inline
export function isPatient(socket: Socket): bool {
  return !(socket.flags & FDFLAGS_NONBLOCK);
}

/** What is wrong with flags for a descriptor; 0 when nothing is. */
export function judgeFlags(flags: u32): u32 {
  if (flags & ~(<u32>FDFLAGS_NONBLOCK)) return flags > LAST_FDFLAG ? ERRNO_INVAL : ERRNO_NOTSUP;
  return ERRNO_SUCCESS;
}

export function parkingSockAccept(fd: u32, flags: u32, accepted: usize): u32 {
  const listener = findToUse(fd);
  if (!listener) return sock_accept(fd, flags, accepted);
  if (!listener.isListener) return ERRNO_INVAL;
  const wrong = judgeFlags(flags);
  if (wrong) return wrong;
  if (!isInMemory(accepted, 4)) return ERRNO_FAULT;
  let handle = <i32>takeAccepted(listener);
  if (!handle) handle = accept(listener.handle, isPatient(listener));
  if (handle < 0) return -handle;
  store<u32>(accepted, addConnection(handle, <u16>flags));
  return ERRNO_SUCCESS;
}

export function parkingSockRecv(fd: u32, iovecs: usize, count: u32, flags: u32, bytes: usize, roflags: usize): u32 {
  const connection = findToUse(fd);
  if (!connection) return sock_recv(fd, iovecs, count, flags, bytes, roflags);
  if (connection.isListener) return ERRNO_NOTCONN;
  if (flags & ~(RIFLAGS_RECV_PEEK | RIFLAGS_RECV_WAITALL)) return ERRNO_INVAL;
  // Drivers cannot look at bytes without taking them.
  if (flags & RIFLAGS_RECV_PEEK) return ERRNO_NOTSUP;
  if (!isInMemory(roflags, 2)) return ERRNO_FAULT;
  const errno = receiveFrom(connection, iovecs, count, bytes, (flags & RIFLAGS_RECV_WAITALL) != 0);
  if (!errno) store<u16>(roflags, 0);
  return errno;
}

/** Reads from a connection, and tells how much. @returns the errno */
export function receiveFrom(connection: Socket, iovecs: usize, count: u32, bytes: usize, isAll: bool): u32 {
  if (!isInMemory(bytes, 4) || !areInMemory(iovecs, count)) return ERRNO_FAULT;
  const result = connection.isEnded ? 0 : receive(connection.handle, iovecs, count, isPatient(connection), isAll);
  return tell(result, bytes);
}

export function parkingSockSend(fd: u32, iovecs: usize, count: u32, flags: u32, bytes: usize): u32 {
  const connection = findToUse(fd);
  if (!connection) return sock_send(fd, iovecs, count, flags, bytes);
  if (connection.isListener) return ERRNO_NOTCONN;
  if (flags) return ERRNO_INVAL;
  return sendTo(connection, iovecs, count, bytes);
}

/** Writes to a connection, and tells how much. @returns the errno */
export function sendTo(connection: Socket, iovecs: usize, count: u32, bytes: usize): u32 {
  if (!isInMemory(bytes, 4) || !areInMemory(iovecs, count)) return ERRNO_FAULT;
  return tell(send(connection.handle, iovecs, count), bytes);
}

function tell(result: i64, bytes: usize): u32 {
  if (result < 0) return <u32>-result;
  store<u32>(bytes, <u32>result);
  return ERRNO_SUCCESS;
}

export function parkingSockShutdown(fd: u32, how: u32): u32 {
  const connection = findSocket(fd);
  if (!connection) return sock_shutdown(fd, how);
  if (connection.isListener) return ERRNO_NOTCONN;
  if (!how || how & ~(SDFLAGS_RD | SDFLAGS_WR)) return ERRNO_INVAL;
  if (how & SDFLAGS_RD) connection.isEnded = true;
  if (!(how & SDFLAGS_WR)) return ERRNO_SUCCESS;
  prepare(Opcode.SHUTDOWN, connection.handle, 0, 0, 0);
  const result = submitNow();
  // To say it twice is no error.
  return result < 0 && result != -(<i32>ERRNO_PIPE) ? -result : ERRNO_SUCCESS;
}

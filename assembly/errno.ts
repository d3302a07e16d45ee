/**
 * The errors that the host can answer with: WASI's numbers (preview 1, `errno`), and from 256 on some that it does not have. The mirror
 * of `host/errno.ts`.
 */

export const ERRNO_BADF: i32 = 8;
export const ERRNO_BUSY: i32 = 10;
export const ERRNO_INVAL: i32 = 28;
export const ERRNO_MSGSIZE: i32 = 35;
export const ERRNO_TIMEDOUT: i32 = 73;

/** The stable code of an errno: its POSIX name; for what is rather misuse, ours. */
export function errnoCode(errno: i32): string {
  switch (errno) {
    case 2:
      return "EACCES";
    case 3:
      return "EADDRINUSE";
    case 4:
      return "EADDRNOTAVAIL";
    case 5:
      return "EAFNOSUPPORT";
    case 6:
      return "EAGAIN";
    case ERRNO_BADF:
      return "E_CLOSED";
    case ERRNO_BUSY:
      return "E_BUSY";
    case 13:
      return "ECONNABORTED";
    case 14:
      return "ECONNREFUSED";
    case 15:
      return "ECONNRESET";
    case 23:
      return "EHOSTUNREACH";
    case ERRNO_INVAL:
      return "EINVAL";
    case 33:
      return "EMFILE";
    case ERRNO_MSGSIZE:
      return "EMSGSIZE";
    case 38:
      return "ENETDOWN";
    case 40:
      return "ENETUNREACH";
    case 41:
      return "ENFILE";
    case 42:
      return "ENOBUFS";
    case 44:
      return "ENOENT";
    case 48:
      return "ENOMEM";
    case 53:
      return "ENOTCONN";
    case 54:
      return "ENOTDIR";
    case 58:
      return "ENOTSUP";
    case 63:
      return "EPERM";
    case 64:
      return "EPIPE";
    case ERRNO_TIMEDOUT:
      return "ETIMEDOUT";
    case 256:
      return "ENOTFOUND";
    case 257:
      return "EAI_AGAIN";
    default:
      return "EIO";
  }
}

/** What it means, for people. */
export function errnoText(errno: i32): string {
  switch (errno) {
    case 2:
      return "permission denied";
    case 3:
      return "the address is in use already";
    case 4:
      return "this machine does not have that address";
    case 5:
      return "this kind of address is not supported";
    case 6:
      return "too many wait there already";
    case ERRNO_BADF:
      return "it is closed";
    case ERRNO_BUSY:
      return "another fiber is doing that already; one at a time";
    case 13:
      return "the connection was aborted";
    case 14:
      return "the connection was refused: nobody listens there";
    case 15:
      return "the peer has reset the connection";
    case 23:
      return "no route to that host";
    case ERRNO_INVAL:
      return "not a valid address, port, path or value";
    case 33:
    case 41:
      return "too many open files";
    case ERRNO_MSGSIZE:
      return "a datagram has at most 65,507 bytes";
    case 38:
      return "the network is down";
    case 40:
      return "the network is unreachable";
    case 42:
    case 48:
      return "the system is out of memory for it";
    case 44:
      return "there is no such file or directory";
    case 53:
      return "it is not connected";
    case 54:
      return "a part of the path is no directory";
    case 58:
      return "this driver does not support it";
    case 63:
      return "not permitted";
    case 64:
      return "it is closed for writing: shut down, or a write to it was cancelled or timed out, or the peer is gone";
    case ERRNO_TIMEDOUT:
      return "timed out";
    case 256:
      return "the name is not known";
    case 257:
      return "the name cannot be looked up at present";
    default:
      return "input/output error";
  }
}

/** What `fd_fdstat_get` and `fd_filestat_get` say of sockets. */
import {
  type FdStat,
  type FileStat,
  FILETYPE_SOCKET_STREAM,
  RIGHTS_FD_FDSTAT_SET_FLAGS,
  RIGHTS_FD_FILESTAT_GET,
  RIGHTS_FD_READ,
  RIGHTS_FD_WRITE,
  RIGHTS_POLL_FD_READWRITE,
  RIGHTS_SOCK_ACCEPT,
  RIGHTS_SOCK_SHUTDOWN,
} from "./layout.ts";

const RIGHTS = RIGHTS_FD_FDSTAT_SET_FLAGS | RIGHTS_FD_FILESTAT_GET | RIGHTS_POLL_FD_READWRITE;

export function listenerStat(flags: number): FdStat {
  return { filetype: FILETYPE_SOCKET_STREAM, flags, rights: RIGHTS | RIGHTS_SOCK_ACCEPT };
}

export function connectionStat(flags: number): FdStat {
  const rights = RIGHTS | RIGHTS_FD_READ | RIGHTS_FD_WRITE | RIGHTS_SOCK_SHUTDOWN;
  return { filetype: FILETYPE_SOCKET_STREAM, flags, rights };
}

export const socketFileStat: FileStat = {
  device: 0n,
  inode: 0n,
  filetype: FILETYPE_SOCKET_STREAM,
  links: 1n,
  size: 0n,
  accessedNs: 0n,
  modifiedNs: 0n,
  changedNs: 0n,
};

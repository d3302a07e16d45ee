/** Error numbers of the border: WASI's (preview 1, `errno`), and from 256 on some that it does not have. The mirror of `assembly/errno.ts`. */
export const Errno = {
  EACCES: 2,
  EADDRINUSE: 3,
  EADDRNOTAVAIL: 4,
  EAFNOSUPPORT: 5,
  EAGAIN: 6,
  EBADF: 8,
  EBUSY: 10,
  ECONNABORTED: 13,
  ECONNREFUSED: 14,
  ECONNRESET: 15,
  EHOSTUNREACH: 23,
  EINVAL: 28,
  EIO: 29,
  EMFILE: 33,
  EMSGSIZE: 35,
  ENETDOWN: 38,
  ENETUNREACH: 40,
  ENFILE: 41,
  ENOBUFS: 42,
  ENOENT: 44,
  ENOMEM: 48,
  ENOTCONN: 53,
  ENOTDIR: 54,
  ENOTSUP: 58,
  EPERM: 63,
  EPIPE: 64,
  ETIMEDOUT: 73,
  ENOTFOUND: 256,
  EAI_AGAIN: 257,
} as const;

/** What Node says, where it has a name of its own for it. */
const NODE_CODES: Record<string, number> = {
  ERR_SOCKET_BAD_PORT: Errno.EINVAL,
  ERR_INVALID_ARG_VALUE: Errno.EINVAL,
  ERR_INVALID_ARG_TYPE: Errno.EINVAL,
  ERR_STREAM_DESTROYED: Errno.EPIPE,
  ERR_STREAM_WRITE_AFTER_END: Errno.EPIPE,
  ENODATA: Errno.ENOTFOUND,
  EAI_NONAME: Errno.ENOTFOUND,
  EAI_FAIL: Errno.ENOTFOUND,
};

/** The number of an error that Node has thrown or emitted; EIO for one that is not in the table. */
export function errnoOf(error: unknown): number {
  const { code = "" } = error as { code?: string };
  return (Errno as Record<string, number>)[code] ?? NODE_CODES[code] ?? Errno.EIO;
}

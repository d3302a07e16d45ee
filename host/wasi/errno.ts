/** Error numbers of WASI preview 1 (`errno`), and what the system and Node call the same. */
import { constants } from "node:os";

/** In the spec's order: the index is the number. */
const NAMES = (
  "SUCCESS 2BIG ACCES ADDRINUSE ADDRNOTAVAIL AFNOSUPPORT AGAIN ALREADY BADF BADMSG BUSY CANCELED CHILD CONNABORTED " +
  "CONNREFUSED CONNRESET DEADLK DESTADDRREQ DOM DQUOT EXIST FAULT FBIG HOSTUNREACH IDRM ILSEQ INPROGRESS INTR INVAL IO " +
  "ISCONN ISDIR LOOP MFILE MLINK MSGSIZE MULTIHOP NAMETOOLONG NETDOWN NETRESET NETUNREACH NFILE NOBUFS NODEV NOENT " +
  "NOEXEC NOLCK NOLINK NOMEM NOMSG NOPROTOOPT NOSPC NOSYS NOTCONN NOTDIR NOTEMPTY NOTRECOVERABLE NOTSOCK NOTSUP NOTTY " +
  "NXIO OVERFLOW OWNERDEAD PERM PIPE PROTO PROTONOSUPPORT PROTOTYPE RANGE ROFS SPIPE SRCH STALE TIMEDOUT TXTBSY XDEV " +
  "NOTCAPABLE"
).split(" ");

export const ERRNO_SUCCESS = 0;
export const ERRNO_AGAIN = 6;
export const ERRNO_BADF = 8;
export const ERRNO_FAULT = 21;
export const ERRNO_INVAL = 28;
export const ERRNO_IO = 29;
export const ERRNO_NOSYS = 52;
export const ERRNO_NOTCONN = 53;
export const ERRNO_NOTDIR = 54;
export const ERRNO_NOTSOCK = 57;
export const ERRNO_NOTSUP = 58;
export const ERRNO_PIPE = 64;
export const ERRNO_SPIPE = 70;

const byCode = new Map(NAMES.map((name, errno) => [`E${name}`, errno]));

/** The system's number → its name. */
const systemCodes = new Map(Object.entries(constants.errno).map(([code, errno]) => [errno, code]));

/** What a call into the host answers with: thrown, so that the innermost function can end the call. */
export class WasiError extends Error {
  readonly errno: number;

  constructor(errno: number) {
    super(`WASI errno ${errno} (${NAMES[errno] ?? "unknown"})`);
    this.errno = errno;
  }
}

/** The number of what was thrown: ours, or what the system has said through Node. Anything else is a fault of the host, and is thrown on. */
export function errnoOfThrown(thrown: unknown): number {
  if (thrown instanceof WasiError) return thrown.errno;
  const { code, syscall } = thrown as { code?: unknown; syscall?: unknown };
  if (typeof code !== "string" || typeof syscall !== "string") throw thrown;
  return errnoOfCode(code);
}

/** The number of what Node calls "ECONNRESET", say; ERRNO_IO for what WASI has no name for. */
export function errnoOfCode(code: string): number {
  return byCode.get(code) ?? ERRNO_IO;
}

/** WASI's number of the system's own. */
export function errnoOfSystem(errno: number): number {
  const code = systemCodes.get(errno) ?? "";
  if (code === "EWOULDBLOCK") return ERRNO_AGAIN;
  if (code === "EOPNOTSUPP") return ERRNO_NOTSUP;
  return errnoOfCode(code);
}

/** The functions of the C library that poll and sockets need, called through koffi. */
import { importKoffi, type Koffi, type Library } from "../koffi.ts";
import { ERRNO_AGAIN, errnoOfSystem, WasiError } from "./errno.ts";

/** Each returns what the C library does: negative on an error, which `thrown` then makes of it. */
export interface Posix {
  /** `struct pollfd` as 32-bit words: the descriptor, then the events, which fill 16 bits each. */
  poll(pollfds: Int16Array, count: number, timeoutNs: number): number;
  /** Bytes that can be read; 0 when that cannot be told. */
  readable(fd: number): number;
  /** A second descriptor of the same. */
  duplicate(fd: number): number;
  accept(fd: number): number;
  receive(fd: number, into: Uint8Array, isPeek: boolean): number;
  send(fd: number, from: Uint8Array): number;
  /** 0 for reading, 1 for writing, 2 for both. */
  shutdown(fd: number, how: number): number;
  close(fd: number): number;
  /** The last error. */
  thrown(): WasiError;
  isInterrupted(): boolean;
}

const isLinux = process.platform === "linux";
const isDarwin = process.platform === "darwin";
const FIONREAD = isLinux ? 0x541b : 0x4004667f;
const MSG_PEEK = 0x2;
const MSG_DONTWAIT = isLinux ? 0x40 : 0x80;
const MSG_NOSIGNAL = isLinux ? 0x4000 : 0;
const SOCK_CLOEXEC_NONBLOCK = 0o2004000;
/** poll(2) takes an int of milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;
const NS_PER_S = 1e9;

/** null where there is no koffi, or no poll(2). */
export async function loadPosix(): Promise<Posix | null> {
  if (!isLinux && !isDarwin) return null;
  let koffi: Koffi;
  try {
    koffi = await importKoffi();
  } catch {
    return null;
  }
  return bindPosix(koffi);
}

function bindPosix(koffi: Koffi): Posix {
  const library = koffi.load(null);
  const bytesReadable = new Int32Array(1);
  const ioctl = library.func("int ioctl(int fd, unsigned long request, ...)");
  const dup = library.func("dup", "int", ["int"]);
  const recv = library.func("recv", "intptr_t", ["int", "void *", "size_t", "int"]);
  const send = library.func("send", "intptr_t", ["int", "void *", "size_t", "int"]);
  const shutdown = library.func("shutdown", "int", ["int", "int"]);
  const close = library.func("close", "int", ["int"]);
  return {
    poll: bindPoll(library),
    readable: (fd) => (ioctl(fd, FIONREAD, "void *", bytesReadable) < 0 ? 0 : (bytesReadable[0] as number)),
    duplicate: (fd) => dup(fd),
    accept: bindAccept(library),
    receive: (fd, into, isPeek) => recv(fd, into, into.length, MSG_DONTWAIT | (isPeek ? MSG_PEEK : 0)),
    send: (fd, from) => send(fd, from, from.length, MSG_DONTWAIT | MSG_NOSIGNAL),
    shutdown: (fd, how) => shutdown(fd, how),
    close: (fd) => close(fd),
    thrown: () => new WasiError(errnoOfSystem(koffi.errno())),
    isInterrupted: () => koffi.errno() === koffi.os.errno["EINTR"],
  };
}

/** ppoll, which takes nanoseconds, where there is one; else poll, its milliseconds rounded up. */
function bindPoll(library: Library): Posix["poll"] {
  const poll = library.func("poll", "int", ["void *", "ulong", "int"]);
  if (!isLinux) {
    return (pollfds, count, timeoutNs) =>
      poll(pollfds, count, timeoutNs === Infinity ? -1 : Math.min(Math.ceil(timeoutNs / 1e6), LONGEST_MS));
  }
  const ppoll = library.func("ppoll", "int", ["void *", "ulong", "void *", "void *"]);
  const timespec = new BigInt64Array(2);
  return (pollfds, count, timeoutNs) => {
    if (timeoutNs === 0) return poll(pollfds, count, 0);
    if (timeoutNs === Infinity) return poll(pollfds, count, -1);
    timespec[0] = BigInt(Math.floor(timeoutNs / NS_PER_S));
    timespec[1] = BigInt(Math.ceil(timeoutNs % NS_PER_S));
    return ppoll(pollfds, count, timespec, null);
  };
}

/** accept4, which marks the connection as not to be inherited, where there is one. */
function bindAccept(library: Library): Posix["accept"] {
  if (isLinux) {
    const accept4 = library.func("accept4", "int", ["int", "void *", "void *", "int"]);
    return (fd) => accept4(fd, null, null, SOCK_CLOEXEC_NONBLOCK);
  }
  const accept = library.func("accept", "int", ["int", "void *", "void *"]);
  return (fd) => accept(fd, null, null);
}

/** Throws what the last call has failed of. An interrupted one is to be tried again. */
export function requireSuccess(posix: Posix, result: number): number {
  if (result >= 0) return result;
  throw posix.isInterrupted() ? new WasiError(ERRNO_AGAIN) : posix.thrown();
}

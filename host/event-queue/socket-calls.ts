/**
 * The calls of sockets. None of them waits: what would have to gives -EAGAIN, a connection that is being made -EINPROGRESS (a Unix socket
 * whose listener's queue is full: -EAGAIN).
 *
 * Bytes go straight from and into the array that is given, which may be a view over WebAssembly memory: nothing is copied, and nothing is kept
 * after the call.
 */
import { type Call, type CLibrary } from "./c-library.ts";
import { bindNonblocking } from "./descriptor-calls.ts";
import { AF_UNIX } from "./socket-address.ts";

/** Addresses are as `socket-address.ts` writes and reads them. Each returns 0 or more, or the negative error number. */
export interface SocketCalls {
  /** A socket that does not wait and is not inherited. */
  socket(family: number, type: number): number;
  /** Two stream sockets that are connected (Unix). */
  pair(ends: Int32Array): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  listen(fd: number, backlog: number): number;
  /** Takes a connection, which does not wait either. The peer's address is written; its length is `length[0]`. */
  accept(fd: number, address: Uint8Array, length: Uint32Array): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  /** What has become of connecting, or what the socket has failed of since it was asked: 0, or the negative error number. */
  takeError(fd: number): number;
  /** 0 at the end, and for no bytes. */
  receive(fd: number, into: Uint8Array): number;
  /** As `receive`, and leaves them to be read. */
  peek(fd: number, into: Uint8Array): number;
  /** May take fewer than all. Never a signal: -EPIPE. */
  send(fd: number, from: Uint8Array): number;
  /** One datagram: what has no room is lost. */
  receiveFrom(fd: number, into: Uint8Array, address: Uint8Array, length: Uint32Array): number;
  sendTo(fd: number, from: Uint8Array, address: Uint8Array, length: number): number;
  shutdown(fd: number, how: number): number;
  setOption(fd: number, option: SocketOption, value: number): number;
  getOption(fd: number, option: SocketOption): number;
  localAddress(fd: number, address: Uint8Array, length: Uint32Array): number;
  peerAddress(fd: number, address: Uint8Array, length: Uint32Array): number;
}

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;

/** How `shutdown` shuts down. */
export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

const isLinux = process.platform === "linux";

/** Level and name, in the numbers of this system. */
export interface SocketOption {
  readonly level: number;
  readonly name: number;
}

const SOL_SOCKET = isLinux ? 1 : 0xffff;
const IPPROTO_TCP = 6;
const IPPROTO_IPV6 = 41;

const option = (level: number, linux: number, bsd: number): SocketOption => ({ level, name: isLinux ? linux : bsd });

export const SocketOptions = {
  REUSE_ADDRESS: option(SOL_SOCKET, 2, 0x4),
  ERROR: option(SOL_SOCKET, 4, 0x1007),
  BROADCAST: option(SOL_SOCKET, 6, 0x20),
  SEND_BUFFER: option(SOL_SOCKET, 7, 0x1001),
  RECEIVE_BUFFER: option(SOL_SOCKET, 8, 0x1002),
  KEEP_ALIVE: option(SOL_SOCKET, 9, 0x8),
  REUSE_PORT: option(SOL_SOCKET, 15, 0x200),
  NO_DELAY: option(IPPROTO_TCP, 1, 1),
  /** Seconds of silence after which KEEP_ALIVE asks: TCP_KEEPIDLE, on macOS TCP_KEEPALIVE. */
  KEEP_ALIVE_AFTER: option(IPPROTO_TCP, 4, process.platform === "darwin" ? 0x10 : 256),
  IPV6_ONLY: option(IPPROTO_IPV6, 26, 27),
} as const satisfies Record<string, SocketOption>;

/** macOS: no signal when the peer is gone. Linux has a flag of `send` for it. */
const SO_NOSIGPIPE = 0x1022;
const SOCK_NONBLOCK_CLOEXEC = 0o2004000;
const MSG_PEEK = 0x2;
const MSG_DONTWAIT = isLinux ? 0x40 : 0x80;
/** FreeBSD and OpenBSD have it under numbers of their own. */
const MSG_NOSIGNAL = { linux: 0x4000, freebsd: 0x20000, openbsd: 0x400 }[process.platform as string] ?? 0;

export function bindSocketCalls(library: CLibrary): SocketCalls {
  return {
    ...bindMaking(library),
    ...bindAddresses(library),
    ...bindTransfers(library),
    ...bindOptions(library),
  };
}

type Making = Pick<SocketCalls, "socket" | "pair" | "accept">;

/** On Linux a socket is made as it shall be; elsewhere that takes more calls, and a process that is started in between inherits it. */
function bindMaking(library: CLibrary): Making {
  const socket = library.bind("socket", ["int", "int", "int"]);
  const pair = library.bind("socketpair", ["int", "int", "int", "void *"]);
  if (isLinux) {
    const accept4 = library.bind("accept4", ["int", "void *", "void *", "int"]);
    return {
      socket: (family, type) => socket(family, type | SOCK_NONBLOCK_CLOEXEC, 0),
      pair: (ends) => pair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK_CLOEXEC, 0, ends),
      accept: (fd, address, length) => accept4(fd, address, reset(length, address), SOCK_NONBLOCK_CLOEXEC),
    };
  }
  const accept = library.bind("accept", ["int", "void *", "void *"]);
  const prepare = bindPreparing(library);
  return {
    socket: (family, type) => prepare(socket(family, type, 0)),
    pair(ends) {
      const result = pair(AF_UNIX, SOCK_STREAM, 0, ends);
      if (result < 0) return result;
      return Math.min(prepare(ends[0] as number), prepare(ends[1] as number), 0);
    },
    accept: (fd, address, length) => prepare(accept(fd, address, reset(length, address))),
  };
}

function bindPreparing(library: CLibrary): (fd: number) => number {
  const setNonblocking = bindNonblocking(library);
  const close = library.bind("close", ["int"]);
  const setsockopt = library.bind("setsockopt", ["int", "int", "int", "void *", "uint"]);
  const on = new Int32Array([1]);
  return (fd) => {
    if (fd < 0) return fd;
    const result = setNonblocking(fd);
    if (result < 0) {
      close(fd);
      return result;
    }
    if (process.platform === "darwin") setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, on, 4);
    return fd;
  };
}

type Addresses = Pick<SocketCalls, "bind" | "listen" | "connect" | "localAddress" | "peerAddress">;

function bindAddresses(library: CLibrary): Addresses {
  const bind = library.bind("bind", ["int", "void *", "uint"]);
  const listen = library.bind("listen", ["int", "int"]);
  const connect = library.bind("connect", ["int", "void *", "uint"]);
  const getsockname = library.bind("getsockname", ["int", "void *", "void *"]);
  const getpeername = library.bind("getpeername", ["int", "void *", "void *"]);
  return {
    bind: (fd, address, length) => bind(fd, address, length),
    listen: (fd, backlog) => listen(fd, backlog),
    connect: (fd, address, length) => connect(fd, address, length),
    localAddress: (fd, address, length) => getsockname(fd, address, reset(length, address)),
    peerAddress: (fd, address, length) => getpeername(fd, address, reset(length, address)),
  };
}

type Transfers = Pick<SocketCalls, "receive" | "peek" | "send" | "receiveFrom" | "sendTo" | "shutdown">;

function bindTransfers(library: CLibrary): Transfers {
  const recv = library.bind("recv", ["int", "void *", "size_t", "int"], "intptr_t");
  const send = library.bind("send", ["int", "void *", "size_t", "int"], "intptr_t");
  const recvfrom = bindSix(library, "recvfrom", "void *");
  const sendto = bindSix(library, "sendto", "uint");
  const shutdown = library.bind("shutdown", ["int", "int"]);
  return {
    receive: (fd, into) => recv(fd, into, into.length, MSG_DONTWAIT),
    peek: (fd, into) => recv(fd, into, into.length, MSG_DONTWAIT | MSG_PEEK),
    send: (fd, from) => send(fd, from, from.length, MSG_DONTWAIT | MSG_NOSIGNAL),
    receiveFrom: (fd, into, address, length) =>
      recvfrom(fd, into, into.length, MSG_DONTWAIT, address, reset(length, address)),
    sendTo: (fd, from, address, length) => sendto(fd, from, from.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, length),
    shutdown: (fd, how) => shutdown(fd, how),
  };
}

function bindSix(library: CLibrary, name: string, lengthType: string): Call {
  return library.bind(name, ["int", "void *", "size_t", "int", "void *", lengthType], "intptr_t");
}

function bindOptions(library: CLibrary): Pick<SocketCalls, "setOption" | "getOption" | "takeError"> {
  const setsockopt = library.bind("setsockopt", ["int", "int", "int", "void *", "uint"]);
  const getsockopt = library.bind("getsockopt", ["int", "int", "int", "void *", "void *"]);
  const value = new Int32Array(1);
  const length = new Uint32Array(1);
  const getOption = (fd: number, { level, name }: SocketOption): number => {
    length[0] = 4;
    const result = getsockopt(fd, level, name, value, length);
    return result < 0 ? result : (value[0] as number);
  };
  return {
    setOption(fd, { level, name }, wanted) {
      value[0] = wanted;
      return setsockopt(fd, level, name, value, 4);
    },
    getOption,
    takeError(fd) {
      const result = getOption(fd, SocketOptions.ERROR);
      return result > 0 ? -result : result;
    },
  };
}

/** The kernel is told how much room there is. */
function reset(length: Uint32Array, address: Uint8Array): Uint32Array {
  length[0] = address.length;
  return length;
}

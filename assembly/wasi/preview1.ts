/**
 * WASI preview 1, as a program built for target `wasi` imports it: functions, numbers and layouts, by the names of the specification
 * (github.com/WebAssembly/WASI, legacy/preview1/docs.md). Such a program imports nothing else, and no other file imports.
 *
 * ╒══════════════ subscription (48 bytes) ══════════════╕   ╒═══════════════ event (32 bytes) ════════════════╕
 * │  0 userdata   u64   comes back in the event         │   │  0 userdata   u64                               │
 * │  8 tag        u8    EVENTTYPE_…                     │   │  8 error      u16   errno of this subscription  │
 * │ 16 clock      u32   CLOCKID_…; or the descriptor    │   │ 10 type       u8    EVENTTYPE_…                 │
 * │ 24 timeout    u64   nanoseconds, relative           │   │ 16 nbytes     u64   that can be read            │
 * │ 32 precision  u64   0                               │   │ 24 flags      u16   1: the peer has hung up     │
 * │ 40 flags      u16   0                               │   ╘═════════════════════════════════════════════════╛
 * ╘═════════════════════════════════════════════════════╛
 * ╒═════ iovec, ciovec (8 bytes) ═════╕   ╒═════════════ fdstat (24 bytes) ═════════════╕
 * │ 0 pointer   ptr                   │   │ 0 filetype    u8    FILETYPE_…              │
 * │ 4 length    u32                   │   │ 2 flags       u16   FDFLAGS_…               │
 * ╘═══════════════════════════════════╛   │ 8 rights      u64   16 inheriting rights    │
 *                                         ╘═════════════════════════════════════════════╛
 */

@external("wasi_snapshot_preview1", "args_sizes_get")
export declare function args_sizes_get(count: usize, bytes: usize): u32;
@external("wasi_snapshot_preview1", "args_get")
export declare function args_get(pointers: usize, bytes: usize): u32;
@external("wasi_snapshot_preview1", "environ_sizes_get")
export declare function environ_sizes_get(count: usize, bytes: usize): u32;
@external("wasi_snapshot_preview1", "environ_get")
export declare function environ_get(pointers: usize, bytes: usize): u32;
@external("wasi_snapshot_preview1", "clock_time_get")
export declare function clock_time_get(clock: u32, precision: u64, time: usize): u32;
@external("wasi_snapshot_preview1", "random_get")
export declare function random_get(pointer: usize, length: u32): u32;
@external("wasi_snapshot_preview1", "fd_read")
export declare function fd_read(fd: u32, iovecs: usize, count: u32, bytes: usize): u32;
@external("wasi_snapshot_preview1", "fd_write")
export declare function fd_write(fd: u32, iovecs: usize, count: u32, bytes: usize): u32;
@external("wasi_snapshot_preview1", "fd_close")
export declare function fd_close(fd: u32): u32;
@external("wasi_snapshot_preview1", "fd_fdstat_get")
export declare function fd_fdstat_get(fd: u32, fdstat: usize): u32;
@external("wasi_snapshot_preview1", "fd_fdstat_set_flags")
export declare function fd_fdstat_set_flags(fd: u32, flags: u32): u32;
@external("wasi_snapshot_preview1", "poll_oneoff")
export declare function poll_oneoff(subscriptions: usize, events: usize, count: u32, happened: usize): u32;
@external("wasi_snapshot_preview1", "proc_exit")
export declare function proc_exit(code: u32): void;
@external("wasi_snapshot_preview1", "sock_accept")
export declare function sock_accept(fd: u32, flags: u32, accepted: usize): u32;
@external("wasi_snapshot_preview1", "sock_recv")
export declare function sock_recv(fd: u32, iovecs: usize, count: u32, flags: u32, bytes: usize, roflags: usize): u32;
@external("wasi_snapshot_preview1", "sock_send")
export declare function sock_send(fd: u32, iovecs: usize, count: u32, flags: u32, bytes: usize): u32;
@external("wasi_snapshot_preview1", "sock_shutdown")
export declare function sock_shutdown(fd: u32, how: u32): u32;

export const ERRNO_SUCCESS: u32 = 0;
export const ERRNO_AGAIN: u32 = 6;
export const ERRNO_BADF: u32 = 8;
export const ERRNO_BUSY: u32 = 10;
export const ERRNO_INTR: u32 = 27;
export const ERRNO_MFILE: u32 = 33;
export const ERRNO_NOTSUP: u32 = 58;
export const ERRNO_PIPE: u32 = 64;

export const CLOCKID_REALTIME: u32 = 0;
export const CLOCKID_MONOTONIC: u32 = 1;

export const EVENTTYPE_CLOCK: u8 = 0;
export const EVENTTYPE_FD_READ: u8 = 1;
export const EVENTTYPE_FD_WRITE: u8 = 2;

export const FILETYPE_SOCKET_STREAM: u8 = 6;
export const FDFLAGS_NONBLOCK: u16 = 4;
export const SDFLAGS_WR: u32 = 2;

@unmanaged
export class Subscription {
  userdata: u64;
  tag: u8;
  /** What follows is a union, which is aligned to 8. */
  private padding: u32;
  /** The clock of a clock's subscription, the descriptor of the others. */
  subject: u32;
  timeout: u64;
  precision: u64;
  flags: u16;
}

/** 48: what a subscription takes, its padding included. */
export const SUBSCRIPTION_BYTES: u32 = 48;

@unmanaged
export class Event {
  userdata: u64;
  error: u16;
  type: u8;
  nbytes: u64;
  flags: u16;
}

/** 32: what an event takes, its padding included. */
export const EVENT_BYTES: u32 = 32;

@unmanaged
export class Iovec {
  pointer: usize;
  length: u32;
}

@unmanaged
export class Fdstat {
  filetype: u8;
  flags: u16;
  rights: u64;
  inheriting: u64;
}

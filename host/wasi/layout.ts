/**
 * The memory of a WASI program: names and layouts of preview 1, and access that no address can crash.
 *
 * ```
 * subscription, 48 bytes                    event, 32 bytes
 * ┌────────┬─────────────────────────┐      ┌────────┬──────────────────────────┐
 * │  0 u64 │ userdata                │      │  0 u64 │ userdata                 │
 * │  8 u8  │ tag: an EVENTTYPE       │      │  8 u16 │ errno                    │
 * ├────────┼─────────────────────────┤      │ 10 u8  │ type: an EVENTTYPE       │
 * │        │ of a clock              │      ├────────┼──────────────────────────┤
 * │ 16 u32 │ id: a CLOCKID           │      │        │ of a descriptor          │
 * │ 24 u64 │ timeout, ns             │      │ 16 u64 │ bytes that can be read   │
 * │ 32 u64 │ precision, ns           │      │ 24 u16 │ flags: hangup            │
 * │ 40 u16 │ flags: absolute         │      └────────┴──────────────────────────┘
 * ├────────┼─────────────────────────┤
 * │        │ of a descriptor         │
 * │ 16 u32 │ descriptor              │
 * └────────┴─────────────────────────┘
 * ```
 *
 * Whatever lies outside the memory is ERRNO_FAULT. Addresses need not be aligned.
 */
import { ERRNO_FAULT, WasiError } from "./errno.ts";

export const CLOCKID_REALTIME = 0;
export const CLOCKID_MONOTONIC = 1;
export const CLOCKID_PROCESS_CPUTIME_ID = 2;
export const CLOCKID_THREAD_CPUTIME_ID = 3;

export const EVENTTYPE_CLOCK = 0;
export const EVENTTYPE_FD_READ = 1;
export const EVENTTYPE_FD_WRITE = 2;

export const EVENTRWFLAGS_FD_READWRITE_HANGUP = 1;
export const SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME = 1;

export const FILETYPE_UNKNOWN = 0;
export const FILETYPE_BLOCK_DEVICE = 1;
export const FILETYPE_CHARACTER_DEVICE = 2;
export const FILETYPE_DIRECTORY = 3;
export const FILETYPE_REGULAR_FILE = 4;
export const FILETYPE_SOCKET_STREAM = 6;

export const FDFLAGS_NONBLOCK = 4;

export const RIGHTS_FD_READ = 1 << 1;
export const RIGHTS_FD_SEEK = 1 << 2;
export const RIGHTS_FD_FDSTAT_SET_FLAGS = 1 << 3;
export const RIGHTS_FD_TELL = 1 << 5;
export const RIGHTS_FD_WRITE = 1 << 6;
export const RIGHTS_FD_FILESTAT_GET = 1 << 21;
export const RIGHTS_POLL_FD_READWRITE = 1 << 27;
export const RIGHTS_SOCK_SHUTDOWN = 1 << 28;
export const RIGHTS_SOCK_ACCEPT = 1 << 29;

export const RIFLAGS_RECV_PEEK = 1;
export const RIFLAGS_RECV_WAITALL = 2;
export const ROFLAGS_RECV_DATA_TRUNCATED = 1;
export const SDFLAGS_RD = 1;
export const SDFLAGS_WR = 2;

export const PREOPENTYPE_DIR = 0;
/** What a listener is: the spec names no type for it, and a program that looks for directories passes over one that it does not know. */
export const PREOPENTYPE_SOCKET = 1;

export const SUBSCRIPTION_SIZE = 48;
export const EVENT_SIZE = 32;
const FILESTAT_SIZE = 64;

/** A subscription, read out of the program's memory. */
export interface Subscription {
  readonly userdata: bigint;
  readonly tag: number;
  /** A clock's id, or a descriptor. */
  readonly id: number;
  /** Of a clock only. */
  readonly timeoutNs: bigint;
  readonly flags: number;
}

export interface Event {
  readonly userdata: bigint;
  readonly errno: number;
  readonly type: number;
  readonly nbytes: number;
  readonly flags: number;
}

/** What `fd_fdstat_get` says. */
export interface FdStat {
  filetype: number;
  flags: number;
  rights: number;
}

/** What `fd_filestat_get` says. */
export interface FileStat {
  device: bigint;
  inode: bigint;
  filetype: number;
  links: bigint;
  size: bigint;
  accessedNs: bigint;
  modifiedNs: bigint;
  changedNs: bigint;
}

/** Checked access to a memory that may grow, and may be shared: the views are renewed when an address lies behind them. */
export class ProgramMemory {
  #memory: WebAssembly.Memory | null;
  #bytes = new Uint8Array(0);
  #view = new DataView(new ArrayBuffer(0));

  /** Without a memory, before the program has one, every address lies outside. */
  constructor(memory: WebAssembly.Memory | null = null) {
    this.#memory = memory;
  }

  bind(memory: WebAssembly.Memory): void {
    this.#memory = memory;
    this.#renew();
  }

  /** Throws ERRNO_FAULT unless so many bytes stand at this address. */
  check(pointer: number, length: number): void {
    if (pointer + length <= this.#bytes.length) return;
    this.#renew();
    if (pointer + length > this.#bytes.length) throw new WasiError(ERRNO_FAULT);
  }

  #renew(): void {
    if (!this.#memory) return;
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#view = new DataView(this.#memory.buffer);
  }

  /** So many bytes at this address. Valid until the program next runs. */
  bytes(pointer: number, length: number): Uint8Array {
    this.check(pointer, length);
    return this.#bytes.subarray(pointer, pointer + length);
  }

  readU32(pointer: number): number {
    this.check(pointer, 4);
    return this.#view.getUint32(pointer, true);
  }

  writeU16(pointer: number, value: number): void {
    this.check(pointer, 2);
    this.#view.setUint16(pointer, value, true);
  }

  writeU32(pointer: number, value: number): void {
    this.check(pointer, 4);
    this.#view.setUint32(pointer, value, true);
  }

  readU64(pointer: number): bigint {
    this.check(pointer, 8);
    return this.#view.getBigUint64(pointer, true);
  }

  writeU64(pointer: number, value: bigint): void {
    this.check(pointer, 8);
    this.#view.setBigUint64(pointer, value, true);
  }

  readSubscription(pointer: number): Subscription {
    this.check(pointer, SUBSCRIPTION_SIZE);
    const view = this.#view;
    const tag = view.getUint8(pointer + 8);
    const isClock = tag === EVENTTYPE_CLOCK;
    return {
      userdata: view.getBigUint64(pointer, true),
      tag,
      id: view.getUint32(pointer + 16, true),
      timeoutNs: isClock ? view.getBigUint64(pointer + 24, true) : 0n,
      flags: isClock ? view.getUint16(pointer + 40, true) : 0,
    };
  }

  writeSubscription(pointer: number, { userdata, tag, id, timeoutNs, flags }: Subscription): void {
    this.bytes(pointer, SUBSCRIPTION_SIZE).fill(0);
    this.#view.setBigUint64(pointer, userdata, true);
    this.#view.setUint8(pointer + 8, tag);
    this.#view.setUint32(pointer + 16, id, true);
    if (tag !== EVENTTYPE_CLOCK) return;
    this.#view.setBigUint64(pointer + 24, timeoutNs, true);
    this.#view.setUint16(pointer + 40, flags, true);
  }

  readEvent(pointer: number): Event {
    this.check(pointer, EVENT_SIZE);
    const view = this.#view;
    return {
      userdata: view.getBigUint64(pointer, true),
      errno: view.getUint16(pointer + 8, true),
      type: view.getUint8(pointer + 10),
      nbytes: Number(view.getBigUint64(pointer + 16, true)),
      flags: view.getUint16(pointer + 24, true),
    };
  }

  /** What the layout leaves out is zero. */
  writeEvent(pointer: number, { userdata, errno, type, nbytes, flags }: Event): void {
    this.check(pointer, EVENT_SIZE);
    const view = this.#view;
    view.setBigUint64(pointer, userdata, true);
    view.setUint32(pointer + 8, errno | (type << 16), true);
    view.setUint32(pointer + 12, 0, true);
    view.setUint32(pointer + 16, nbytes >>> 0, true);
    view.setUint32(pointer + 20, Math.floor(nbytes / 2 ** 32), true);
    view.setUint32(pointer + 24, flags, true);
    view.setUint32(pointer + 28, 0, true);
  }

  writeFdStat(pointer: number, { filetype, flags, rights }: FdStat): void {
    this.bytes(pointer, 24).fill(0);
    this.#view.setUint8(pointer, filetype);
    this.#view.setUint16(pointer + 2, flags, true);
    this.#view.setBigUint64(pointer + 8, BigInt(rights), true);
  }

  writeFileStat(pointer: number, stat: FileStat): void {
    this.bytes(pointer, FILESTAT_SIZE).fill(0);
    this.#view.setUint8(pointer + 16, stat.filetype);
    const words = [
      stat.device,
      stat.inode,
      null,
      stat.links,
      stat.size,
      stat.accessedNs,
      stat.modifiedNs,
      stat.changedNs,
    ];
    words.forEach((word, i) => {
      if (word !== null) this.#view.setBigUint64(pointer + i * 8, word, true);
    });
  }

  /** The buffers of a list of `iovec`. */
  buffers(pointer: number, count: number): Uint8Array[] {
    this.check(pointer, count * 8);
    const found: Uint8Array[] = [];
    for (let at = pointer; at < pointer + count * 8; at += 8) {
      found.push(this.bytes(this.readU32(at), this.readU32(at + 4)));
    }
    return found;
  }

  /** Lends the first bytes of the memory to a call whose answer is read there; afterwards they are as they were. */
  borrow<Result>(call: (pointer: number) => Result): Result {
    const borrowed = this.bytes(0, FILESTAT_SIZE);
    const kept = borrowed.slice();
    try {
      return call(0);
    } finally {
      borrowed.set(kept);
    }
  }
}

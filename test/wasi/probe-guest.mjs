// @ts-check
/**
 * The guest of all conformance cases: a module with nothing but its memory and thin functions over preview 1, and the view of it that
 * the cases are written against. An answer is told in one line, such as `read#2 5 bytes hangup, clock#1` or `EINVAL`.
 *
 * Layouts (preview 1, all little endian):
 *
 *     subscription, 48 bytes              event, 32 bytes
 *      0  userdata   u64                   0  userdata  u64
 *      8  tag        u8                    8  error     u16
 *     16  clock id   u32 | descriptor u32 10  type      u8
 *     24  timeout    u64                  16  nbytes    u64
 *     32  precision  u64                  24  flags     u16 (1: hangup)
 *     40  flags      u16 (1: absolute)
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** The functions that the guest passes on, with their parameters; each returns an errno. */
const FUNCTIONS = {
  poll_oneoff: "i32 i32 i32 i32",
  clock_time_get: "i32 i64 i32",
  clock_res_get: "i32 i32",
  sched_yield: "",
  path_open: "i32 i32 i32 i32 i32 i64 i64 i32 i32",
  fd_read: "i32 i32 i32 i32",
  fd_write: "i32 i32 i32 i32",
  fd_seek: "i32 i64 i32 i32",
  fd_close: "i32",
  sock_accept: "i32 i32 i32",
  sock_recv: "i32 i32 i32 i32 i32 i32",
  sock_send: "i32 i32 i32 i32 i32",
  sock_shutdown: "i32 i32",
};

const EVENT_TYPES = ["clock", "read", "write"];

/** Names of the errnos that can be expected; others are told by number. */
const ERRNO_NAMES = new Map(
  Object.entries({
    EACCES: 2,
    EAGAIN: 6,
    EBADF: 8,
    ECONNRESET: 15,
    EFAULT: 21,
    EINVAL: 28,
    EIO: 29,
    EISDIR: 31,
    ENOMEM: 48,
    ENOSYS: 52,
    ENOTCONN: 53,
    ENOTSOCK: 57,
    ENOTSUP: 58,
    EOVERFLOW: 61,
    EPERM: 63,
    EPIPE: 64,
    ENOTCAPABLE: 76,
  }).map(([name, errno]) => [errno, name]),
);

/** @param {number} errno */
export function errnoName(errno) {
  return errno === 0 ? "ok" : (ERRNO_NAMES.get(errno) ?? `errno ${errno}`);
}

export const REALTIME = 0;
export const MONOTONIC = 1;
export const MILLISECOND = 1_000_000n;
export const FOREVER = 2n ** 64n - 1n;

/** Where the guest's memory has what. */
export const AT = { count: 0x100, scratch: 0x200, list: 0x1000, events: 0x9000, data: 0x10000, end: 0x20000 };
export const SUBSCRIPTION_BYTES = 48;
export const EVENT_BYTES = 32;

/**
 * @typedef {object} Subscription
 * @property {number} tag 0: clock, 1: read, 2: write
 * @property {bigint} userdata
 * @property {number} subject the clock's id or the descriptor
 * @property {bigint} [timeout] in nanoseconds
 * @property {bigint} [precision] in nanoseconds
 * @property {number} [flags] 1: the timeout is a time of its clock
 */

/**
 * @param {bigint | number} userdata
 * @param {bigint} timeout in nanoseconds
 * @param {{ id?: number, flags?: number, precision?: bigint }} [options] the monotonic clock and a relative timeout by default
 * @returns {Subscription}
 */
export function clock(userdata, timeout, { id = MONOTONIC, flags = 0, precision = 0n } = {}) {
  return { tag: 0, userdata: BigInt(userdata), subject: id, timeout, precision, flags };
}

/** @param {bigint | number} userdata @param {number} descriptor @returns {Subscription} */
export function read(userdata, descriptor) {
  return { tag: 1, userdata: BigInt(userdata), subject: descriptor };
}

/** @param {bigint | number} userdata @param {number} descriptor @returns {Subscription} */
export function write(userdata, descriptor) {
  return { tag: 2, userdata: BigInt(userdata), subject: descriptor };
}

/** The module, built by binaryen once and kept under .cache/. */
export async function probeModule() {
  const text = moduleText();
  const folder = new URL("../../.cache/wasi/", import.meta.url);
  const file = new URL(`probe-${createHash("sha256").update(text).digest("hex").slice(0, 16)}.wasm`, folder);
  if (!existsSync(file)) {
    const { default: binaryen } = await import("assemblyscript/binaryen");
    const module = binaryen.parseText(text);
    mkdirSync(folder, { recursive: true });
    const part = new URL(`${process.pid}.part`, folder);
    writeFileSync(part, module.emitBinary());
    renameSync(part, file); // two processes may build it at the same time
    module.dispose();
  }
  return WebAssembly.compile(readFileSync(file));
}

function moduleText() {
  const entries = Object.entries(FUNCTIONS);
  const imports = entries.map(
    ([name, types]) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} (param ${types}) (result i32)))`,
  );
  const functions = entries.map(([name, types]) => {
    const values = types.split(" ").filter(Boolean);
    const values_ = values.map((_, index) => `(local.get ${index})`).join(" ");
    return `(func (export "${name}") (param ${types}) (result i32) (call $${name} ${values_}))`;
  });
  return `(module ${imports.join("\n")}\n(memory (export "memory") 2)\n${functions.join("\n")})`;
}

/** A function that a case needs before its question has failed. */
export class Refusal extends Error {}

/** The guest as the cases see it. */
export class Guest {
  /** @param {WebAssembly.Instance} instance */
  constructor(instance) {
    const { memory, ...functions } = instance.exports;
    this.memory = /** @type {WebAssembly.Memory} */ (memory);
    this.call = /** @type {Record<keyof typeof FUNCTIONS, (...values: (number | bigint)[]) => number>} */ (functions);
  }

  get bytes() {
    return new Uint8Array(this.memory.buffer);
  }

  get view() {
    return new DataView(this.memory.buffer);
  }

  /**
   * Writes the list, calls poll_oneoff and tells its answer, with `early` after a clock that was not due.
   *
   * @param {Subscription[]} list
   * @param {{ at?: number, events?: number, nbytes?: boolean }} [options] nbytes: tell them for reads
   */
  poll(list, { at = AT.list, events = AT.events, nbytes = false } = {}) {
    this.writeList(list, at);
    const started = process.hrtime.bigint();
    const errno = this.call.poll_oneoff(at, events, list.length, AT.count);
    const elapsed = process.hrtime.bigint() - started;
    if (errno !== 0) return errnoName(errno);
    const isEarly = (/** @type {bigint} */ userdata) => this.#isEarly(list, userdata, elapsed);
    return this.tell({ events, nbytes, isEarly });
  }

  /**
   * @param {Subscription[]} list
   * @param {bigint} userdata of a clock's event
   * @param {bigint} elapsed in nanoseconds
   */
  #isEarly(list, userdata, elapsed) {
    const found = list.find((candidate) => candidate.tag === 0 && candidate.userdata === userdata);
    const { subject = MONOTONIC, timeout = 0n, flags = 0 } = found ?? {};
    if (subject > MONOTONIC) return false;
    if (flags & 1) return this.time(subject) < timeout;
    return elapsed < (subject === REALTIME ? timeout - timeout / 1000n : timeout); // the wall clock may be slewed
  }

  /** @param {Subscription[]} list @param {number} [at] */
  writeList(list, at = AT.list) {
    const { view } = this;
    list.forEach((subscription, index) => {
      const start = at + index * SUBSCRIPTION_BYTES;
      view.setBigUint64(start, subscription.userdata, true);
      view.setUint8(start + 8, subscription.tag);
      view.setUint32(start + 16, subscription.subject, true);
      if (subscription.tag !== 0) return;
      view.setBigUint64(start + 24, subscription.timeout ?? 0n, true);
      view.setBigUint64(start + 32, subscription.precision ?? 0n, true);
      view.setUint16(start + 40, subscription.flags ?? 0, true);
    });
  }

  /**
   * The events that are in memory, in one line.
   *
   * @param {{ events?: number, nbytes?: boolean, isEarly?: (userdata: bigint) => boolean }} [options]
   */
  tell({ events = AT.events, nbytes = false, isEarly = () => false } = {}) {
    const { view } = this;
    const count = view.getUint32(AT.count, true);
    if (count === 0) return "no events";
    if (count > 1000) return `${count} events`;
    const lines = Array.from({ length: count }, (_, index) => {
      const start = events + index * EVENT_BYTES;
      const userdata = view.getBigUint64(start, true);
      const error = view.getUint16(start + 8, true);
      const type = view.getUint8(start + 10);
      const parts = [`${EVENT_TYPES[type] ?? `type ${type}`}#${userdata}`];
      if (error !== 0) parts.push(errnoName(error));
      if (nbytes && type === 1) parts.push(`${view.getBigUint64(start + 16, true)} bytes`);
      if (type !== 0 && view.getUint16(start + 24, true) & 1) parts.push("hangup");
      if (type === 0 && error === 0 && isEarly(userdata)) parts.push("early");
      return parts.join(" ");
    });
    return lines.join(", ");
  }

  /** @param {number} id of the clock @returns {bigint} in nanoseconds */
  time(id) {
    const errno = this.call.clock_time_get(id, 1n, AT.scratch);
    if (errno !== 0) throw new Refusal(`clock_time_get(${id}): ${errnoName(errno)}`);
    return this.view.getBigUint64(AT.scratch, true);
  }

  /**
   * Makes a file in the pre-opened directory; its position is at the start.
   *
   * @param {number} directory
   * @param {string} text
   * @param {{ position?: number, rights?: bigint }} [options]
   * @returns {number} its descriptor
   */
  openFile(directory, text, { position = 0, rights = FILE_RIGHTS } = {}) {
    const { bytes, view } = this;
    const name = new TextEncoder().encode("file.txt");
    const open = (/** @type {number} */ flags, /** @type {bigint} */ asked) => {
      bytes.set(name, AT.data);
      const errno = this.call.path_open(directory, 0, AT.data, name.length, flags, asked, asked, 0, AT.scratch);
      if (errno !== 0) throw new Refusal(`path_open: ${errnoName(errno)}`);
      return view.getUint32(AT.scratch, true);
    };
    const descriptor = open(1 | 8, FILE_RIGHTS); // create, truncate
    if (text) this.send("fd_write", descriptor, text);
    if (rights !== FILE_RIGHTS) {
      this.call.fd_close(descriptor);
      return open(0, rights);
    }
    const errno = this.call.fd_seek(descriptor, BigInt(position), 0, AT.scratch);
    if (errno !== 0) throw new Refusal(`fd_seek: ${errnoName(errno)}`);
    return descriptor;
  }

  /**
   * @param {"fd_write" | "sock_send"} name
   * @param {number} descriptor
   * @param {string} text
   * @returns {number} an errno
   */
  send(name, descriptor, text) {
    const data = new TextEncoder().encode(text);
    this.bytes.set(data, AT.data);
    this.#vector(data.length);
    if (name === "fd_write") return this.call.fd_write(descriptor, AT.scratch, 1, AT.scratch + 8);
    return this.call.sock_send(descriptor, AT.scratch, 1, 0, AT.scratch + 8);
  }

  /**
   * @param {"fd_read" | "sock_recv"} name
   * @param {number} descriptor
   * @param {number} [size] in bytes
   * @returns {string} what came, or the name of an errno
   */
  receive(name, descriptor, size = 1024) {
    this.#vector(size);
    const errno =
      name === "fd_read"
        ? this.call.fd_read(descriptor, AT.scratch, 1, AT.scratch + 8)
        : this.call.sock_recv(descriptor, AT.scratch, 1, 0, AT.scratch + 8, AT.scratch + 12);
    if (errno !== 0) return errnoName(errno);
    const length = this.view.getUint32(AT.scratch + 8, true);
    return new TextDecoder().decode(this.bytes.slice(AT.data, AT.data + length));
  }

  /** @param {number} length */
  #vector(length) {
    this.view.setUint32(AT.scratch, AT.data, true);
    this.view.setUint32(AT.scratch + 4, length, true);
  }

  /** @param {number} listener @param {number} [flags] 4: non-blocking @returns {number} the connection's descriptor */
  accept(listener, flags = 0) {
    const errno = this.call.sock_accept(listener, flags, AT.scratch);
    if (errno !== 0) throw new Refusal(`sock_accept: ${errnoName(errno)}`);
    return this.view.getUint32(AT.scratch, true);
  }
}

/** fd_read, fd_seek, fd_tell, fd_write, fd_filestat_get, poll_fd_readwrite. */
const FILE_RIGHTS = (1n << 1n) | (1n << 2n) | (1n << 5n) | (1n << 6n) | (1n << 21n) | (1n << 27n);
export const RIGHTS_TO_READ = FILE_RIGHTS & ~(1n << 6n);

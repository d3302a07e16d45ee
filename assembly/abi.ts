/**
 * The border to the host, seen from the guest: everything imported, and every layout that both sides read.
 * `host/abi.ts` is its mirror. No other file of the guest imports from the host.
 *
 * Guest → host: `submit` hands over one operation; the host reads all it needs before it returns. It returns the result when there is one
 * at once, else `PENDING`: then a completion with the same slot and generation brings the result, once.
 *
 * ╒══════════ operation (28 bytes) ══════════╕
 * │  0 opcode      u32   see `Opcode`        │
 * │  4 slot        u32   named by completion │
 * │  8 generation  u32   of the slot         │
 * │ 12 handle      u32   stream, call…       │
 * │ 16 pointer     ptr   bytes               │
 * │ 20 length      u32   of them             │
 * │ 24 argument    u32   port, room…         │
 * ╘══════════════════════════════════════════╛
 *
 * The bytes of `SEND` and `RECEIVE` are a datagram and, before it, whom it goes to or comes from. A host that `SEND` names may be a name.
 *
 * ╒═════════ datagram (264 bytes and more) ══╕
 * │  0 port        u32   of the other side   │
 * │  4 length      u32   of its host         │
 * │  8 host        256 bytes, UTF-8          │
 * │264 bytes                                 │
 * ╘══════════════════════════════════════════╛
 *
 * Host → guest: `turn` delivers a batch of completions, written by the host into the guest's completion buffer.
 *
 * ╒══════════ completion (16 bytes) ═════════╕
 * │  0 slot        u32                       │
 * │  4 generation  u32                       │
 * │  8 result      i32   ≥ 0, or -errno      │
 * │ 12 detail      u32   port of a listener  │
 * ╘══════════════════════════════════════════╛
 */

/** Number of this ABI; the host refuses a module of another one. */
export const ABI_VERSION: u32 = 7;

/** Monotonic clock of the driver, in nanoseconds since a moment of its own. */
@external("as-fibers", "now")
export declare function now(): f64;

/** Hands an operation to the driver. The result, or `PENDING`. */
@external("as-fibers", "submit")
export declare function submit(operation: usize): i32;

/** Asks the host to note the stack trace of this moment, for the fiber whose frames are on the stack. */
@external("as-fibers", "trace")
export declare function noteStackTrace(): void;

/**
 * Which of `count` ready fibers runs next, 0 being the one that has been ready longest; negative: none, the turn shall end. `first` is the
 * first of them, and the others follow by `next`. When it is 0, no fiber is chosen but a possibility that is left to chance: 0 to
 * `count` - 1. Called only when the host has asked to choose.
 */
@external("as-fibers", "choose")
export declare function choose(count: u32, first: usize): i32;

/** A random number of the driver. AssemblyScript's own import, by which it seeds `Math.random` too. */
@external("env", "seed")
export declare function seed(): f64;

/** Results are ≥ 0, or a negative errno of `errno.ts`. */
export enum Opcode {
  /** Writes all `length` bytes at `pointer` to the stream `handle`; 1 and 2 are the standard ones. Result: how many. */
  WRITE = 1,
  /** The fiber of JavaScript's call `handle` has ended; `argument` is its failure, 0 when it has returned. Result: 0. */
  SETTLE = 2,
  /** Forgets the pending operation of this slot and generation; no completion will come. Result: 0. */
  CANCEL = 3,
  /**
   * Reads at least one and at most `length` bytes from the stream `handle` to `pointer`. Result: how many; 0 at the end. With a length of
   * 0 it reads nothing, and ends when a read would not wait. Result: how many bytes are there; 0 at the end.
   */
  READ = 4,
  /** Closes the stream or listener `handle`; what waits for it completes with -EBADF. Result: 0. */
  CLOSE = 5,
  /** No more writes to the stream `handle`: the peer reads the end. Result: 0. */
  SHUTDOWN = 6,
  /** Listens on the port `argument` of the host named in the bytes. Result: a handle; detail: the port. */
  LISTEN = 7,
  /** Waits for a connection to the listener `handle`. Result: the handle of a stream. */
  ACCEPT = 8,
  /** Connects to the port `argument` of the host named in the bytes. Result: the handle of a stream. */
  CONNECT = 9,
  /** Writes an address of the socket `handle` to the bytes: that of its `End` in `argument`. Result: how many. At once. */
  ADDRESS = 10,
  /** Writes the addresses of the host named in the bytes, a line each, in their place, at most `argument` bytes. Result: how many. */
  LOOKUP = 11,
  /**
   * Calls the suspending import `handle` with the arguments that JavaScript was given just before. `pointer` is the `HostCall`, `argument`
   * the lower half of the fiber's id. Result: 0, and the call has the result; or -EIO, and it has code and message.
   */
  CALL = 12,
  /** Listens on the Unix socket whose path is the bytes. Result: a handle. */
  LISTEN_UNIX = 13,
  /** Connects to the Unix socket whose path is the bytes. Result: the handle of a stream. */
  CONNECT_UNIX = 14,
  /** Binds a UDP socket to the port `argument` of the host named in the bytes. Result: a handle; detail: the port. */
  BIND = 15,
  /**
   * Receives a datagram by the UDP socket `handle` into the bytes; see above. What has no room is lost. Result: how many bytes the datagram
   * had.
   */
  RECEIVE = 16,
  /** Sends the datagram in the bytes by the UDP socket `handle`; see above. Result: how many bytes. */
  SEND = 17,
  /** Whether small writes to the TCP stream `handle` go out at once: 1 in `argument`; 0: not. Result: 0. At once. */
  NO_DELAY = 18,
  /**
   * Whether the TCP stream `handle` asks a silent peer whether it is still there: after so many seconds of silence as `argument` says; 0: not at
   * all. Result: 0. At once.
   */
  KEEP_ALIVE = 19,
  /**
   * Asks JavaScript for the next value of its stream `handle`. `pointer` and `argument` as of CALL. Result: 0, and the call has the value; 1
   * at the end; or -EIO, and the call has code and message.
   */
  PULL = 20,
  /** Tells JavaScript that its stream `handle` is not needed any more, and waits until it has let go. Result: 0, or as of CALL. */
  LEAVE = 21,
  /** Waits until JavaScript wants the next value of the stream of its call `handle`. Result: 0; -EBADF: that call has no stream. */
  DEMAND = 22,
}

/** The ends of a socket. */
export enum End {
  REMOTE,
  LOCAL,
}

/** Bytes before those of a datagram. */
export const DATAGRAM_HEADER: u32 = 264;
/** Bytes of them for the host. */
export const DATAGRAM_HOST: u32 = 256;

/** What `submit` returns when the result comes later. */
export const PENDING: i32 = i32.MIN_VALUE;

@unmanaged
export class Operation {
  opcode: u32;
  slot: u32;
  generation: u32;
  handle: u32;
  pointer: usize;
  length: u32;
  argument: u32;
}

@unmanaged
export class Completion {
  slot: u32;
  generation: u32;
  result: i32;
  detail: u32;
}

/** How many completions fit in one batch. */
export const COMPLETIONS_CAPACITY: u32 = 1024;

/** The slot of standard output; other slots belong to operations. */
export const OUTPUT_SLOT: u32 = 0;

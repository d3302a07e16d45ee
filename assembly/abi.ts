/**
 * The border to the host, seen from the guest: everything imported, and every layout that both sides read.
 * `host/abi.ts` is its mirror. No other file of the guest imports from the host.
 *
 * Guest → host: `submit` hands over one operation; the host reads all it needs before it returns.
 *
 * ╒══════════ operation (24 bytes) ══════════╕
 * │  0 opcode      u32   see `Opcode`        │
 * │  4 slot        u32   named by completion │
 * │  8 generation  u32   of the slot         │
 * │ 12 handle      u32   file, socket, call… │
 * │ 16 pointer     ptr   bytes               │
 * │ 20 length      u32   of them             │
 * ╘══════════════════════════════════════════╛
 *
 * Host → guest: `turn` delivers a batch of completions, written by the host into the guest's completion buffer.
 *
 * ╒══════════ completion (16 bytes) ═════════╕
 * │  0 slot        u32                       │
 * │  4 generation  u32                       │
 * │  8 result      i32   ≥ 0, or -errno      │
 * │ 12 (free)      u32                       │
 * ╘══════════════════════════════════════════╛
 */

/** Number of this ABI; the host refuses a module of another one. */
export const ABI_VERSION: u32 = 1;

/** Monotonic clock of the driver, in nanoseconds since a moment of its own. */
@external("as-fibers", "now")
export declare function now(): f64;

/** Hands an operation to the driver. */
@external("as-fibers", "submit")
export declare function submit(operation: usize): void;

/** Asks the host to note the stack trace of this moment, for the fiber whose frames are on the stack. */
@external("as-fibers", "trace")
export declare function noteStackTrace(): void;

/** Tells the host that a switch happens; called only while tracing is on. */
@external("as-fibers", "switched")
export declare function noteSwitch(fiber: i64, state: u32): void;

export enum Opcode {
  /** Writes `length` bytes at `pointer` to the stream `handle` (1 or 2). Completes with the bytes written. */
  WRITE = 1,
  /** The fiber of JavaScript's call `handle` has ended. No completion. */
  SETTLE = 2,
}

@unmanaged
export class Operation {
  opcode: u32;
  slot: u32;
  generation: u32;
  handle: u32;
  pointer: usize;
  length: u32;
}

@unmanaged
export class Completion {
  slot: u32;
  generation: u32;
  result: i32;
  free: u32;
}

/** How many completions fit in one batch. */
export const COMPLETIONS_CAPACITY: u32 = 1024;

/** The slot of standard output; other slots belong to operations. */
export const OUTPUT_SLOT: u32 = 0;

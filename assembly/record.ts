/**
 * The record of one fiber: fields and constants, no behaviour.
 *
 * A fiber is one managed object of class `Fiber` (seen as `Task<R>` when it has a result). The classes declare no fields;
 * the library reads and writes the object through this unmanaged view, so that the hot path holds no managed local, moves
 * no `__stack_pointer` and runs no write barrier. The collector sees it through `Fiber.__visit`.
 *
 * Its first part is what wait queues see of it; a case of a `Select` has the same. See wait-queue.ts.
 *
 * ╒═══════════════════════ fiber record (32-bit) ═══════════════════════╕
 * │  0 payload        u64   argument until it has ended, then its result │
 * │  8 value          u64   what a wait brings or offers; see `Flag`     │
 * │ 16 next           ptr   link of the run queue or of one wait queue   │
 * │ 20 previous       ptr   link of one wait queue                       │
 * │ 24 flags          u16                                                │
 * │ 26 leave          u16   table index: how its wait is left early      │
 * ├──────────────────────────────────────────────────────────────────────┤
 * │ 28 entry          u16   table index of the typed trampoline          │
 * │ 30 body           u16   table index of the user's function           │
 * │ 32 region         ptr   raw memory: saved frames, then saved slice   │
 * │ 36 frames         u32   bytes of Wasm frames saved (0: none)         │
 * │ 40 slice          u32   bytes of shadow stack saved behind them      │
 * │ 44 state     i8 · reason i8                                          │
 * │ 46 site      u16  where it was started: see site.ts                  │
 * │ 48 object         ptr   what a parked fiber waits on                 │
 * │ 52 joiners        ptr   wait queue of fibers that join this one      │
 * │ 56 id             i64   1, 2, 3 … in the order of their creation     │
 * │ 64 owner          ref   whom its end is told (0: nobody); see below  │
 * │ 68 timer          u32   position in the timer heap + 1 (0: none)     │
 * │ 72 nextFiber      ref   list of all fibers: what keeps a fiber alive │
 * │ 76 previousFiber  ptr                                                │
 * │ 80 name           ref   string                                       │
 * │ 84 failure        ref   why it failed or was cancelled               │
 * │ 88 attachments    ref   what only some fibers have (0: nothing)      │
 * ╘══════════════════════════════════════════════════════════════════════╛
 *
 * The owner is the scope that the fiber was started in, or JavaScript's call: its number, shifted left by one, with the lowest bit set. Of a
 * fiber that has both, it is the scope; its attachments have the call.
 *
 * Not a byte more: with the allocator's 20 bytes it fills a block of 112, and the next size is 128. Table indices have 16 bits: the
 * transform refuses a program with more function references than that.
 */
@unmanaged
export class Record {
  payload: u64;
  value: u64;
  next: usize;
  previous: usize;
  flags: u16;
  leave: u16;
  entry: u16;
  body: u16;
  region: usize;
  frames: u32;
  slice: u32;
  state: i8;
  reason: i8;
  site: u16;
  object: usize;
  joiners: usize;
  id: i64;
  owner: usize;
  timer: u32;
  nextFiber: usize;
  previousFiber: usize;
  name: usize;
  failure: usize;
  attachments: usize;
}

/** The view of the fiber at this address. */
// @ts-ignore: decorator
@inline
export function record(fiber: usize): Record {
  return changetype<Record>(fiber);
}

/** The scope that the fiber was started in; 0 for none. */
// @ts-ignore: decorator
@inline
export function scopeOf(f: Record): usize {
  return f.owner & 1 ? 0 : f.owner;
}

/**
 * The table index of a function, given as `changetype<usize>(fn)`. Not `fn.index`: that would put the function's object on the shadow
 * stack, and give a frame to every function that says it.
 */
// @ts-ignore: decorator
@inline
export function indexOf(fn: usize): u16 {
  return <u16>load<u32>(fn);
}

/** What a fiber is doing. The order matters: a fiber has ended when its state is `DONE` or above. */
export enum State {
  /** In the run queue; the scheduler will resume it. */
  READY,
  /** The one fiber whose frames are on the Wasm stack. */
  RUNNING,
  /** Waits for a wake; `reason` and `object` tell for what. */
  PARKED,
  /** Returned; its result is kept. */
  DONE,
  /** Failed or trapped; its failure is kept. */
  FAILED,
  /** Was cancelled, and its cleanups have run. */
  CANCELLED,
}

/** What a parked fiber waits for. Shown in reports, so the order is part of the ABI. */
export enum Reason {
  NONE,
  /** `sleep`: its timer. */
  SLEEP,
  /** `join`: the end of the fiber in `object`. */
  JOIN,
  /** `print` beyond the limit of unsent output. */
  OUTPUT,
  /** `send`: a receiver, or room in the buffer, of the channel in `object`. */
  SEND,
  /** `receive`: a value in the channel in `object`. */
  RECEIVE,
  /** An operation of the host; its slot is in `object`. */
  LISTEN,
  ACCEPT,
  CONNECT,
  READ,
  WRITE,
  LOOKUP,
  /** `Select.wait`: one of its cases. */
  SELECT,
  /** The object in `object`, by the class that `wait`, `lock` … was called on. */
  LOCK,
  READ_LOCK,
  WRITE_LOCK,
  ACQUIRE,
  CONDITION,
  WAIT_GROUP,
  BARRIER,
  EVENT,
  ONCE,
  FUTURE,
  BROADCAST,
  WATCH,
  TIMER,
  TICKER,
  /** `Scope.wait`: the end of all its fibers. */
  SCOPE,
  /** Not begun yet: the scope in `object` lets only so many run at once. */
  START,
  /** An import that JavaScript serves with a promise: an operation of the host. */
  IMPORT,
  /** A stream of the program's values: JavaScript wants the next one. An operation of the host. */
  DEMAND,
}

export namespace Flag {
  /** `payload` holds a managed reference. */
  export const PAYLOAD_MANAGED: u16 = 1;
  /** Cancelled, but it was woken with something: the cancellation strikes at its next wait. */
  export const CANCEL_PENDING: u16 = 2;
  /** A task that a call has started: its failure is for whoever joins it. Of those that are adopted only. */
  export const TASK: u16 = 4;
  /** Woken with something that it now owns (value, lock, permit, completion): cancellation must wait. */
  export const GIVEN: u16 = 8;
  /** Its frames are gone and its cleanups run. */
  export const CLEANING: u16 = 16;
  /** Its failure was not looked at yet. */
  export const UNOBSERVED: u16 = 32;
  /** `value` holds a managed reference: a value on its way through a channel, or the buffer of an operation. */
  export const VALUE_MANAGED: u16 = 64;
  /** Its wait was left because the deadline came first. */
  export const TIMED_OUT: u16 = 128;
  /** Cancellation must wait, whatever the fiber waits for. */
  export const SHIELDED: u16 = 256;
  /** Not a fiber but a case of a `Select`. */
  export const CASE: u16 = 512;
  /** From this bit on: of a fiber, how it will have ended, `State.DONE` being 0; of a case, its `Reason`. */
  export const BITS: u16 = 10;
}

/** How the fiber will have ended, when its cleanups have run: `DONE`, `FAILED` or `CANCELLED`. */
// @ts-ignore: decorator
@inline
export function outcomeOf(f: Record): i8 {
  return <i8>State.DONE + <i8>((f.flags >>> Flag.BITS) & 3);
}

// @ts-ignore: decorator
@inline
export function setOutcome(f: Record, outcome: i8): void {
  f.flags = (f.flags & ~(3 << Flag.BITS)) | ((<u16>(outcome - <i8>State.DONE)) << Flag.BITS);
}

/**
 * The switch between the scheduler and a fiber: the only file that knows Asyncify.
 *
 * Asyncify unwinds by copying the live locals of every frame into an area, innermost frame first, and rewinds by copying
 * them back. Here every fiber unwinds into one shared area; the bytes used are then copied to the fiber's own region, exactly
 * sized. Rewinding reads straight from the region.
 *
 *      unwind area                          region of a fiber
 *     ┌──────────┬───────────────┐         ┌─────────────┬────────────┐
 *     │ ◄ limit ►│ ◄ red zone ►  │  copy   │ Wasm frames │   slice    │
 *     │ frames   │               │ ──────► │ (frames)    │ of shadow  │
 *     └──────────┴───────────────┘         │             │ stack      │
 *                                          └─────────────┴────────────┘
 * Invariants:
 * - The area is dead except between `start_unwind` and the end of `resume`.
 * - Asyncify checks bounds only after it has written. So the red zone is larger than all that fits on the engine's stack, and
 *   `resume` compares the bytes used with the limit itself.
 * - Roles: `suspend` is the only function that calls start_unwind and stop_rewind; `trace` and the scheduler's loop, by `resume`, are
 *   the only ones that call start_rewind; trampolines alone call stop_unwind. None of them is instrumented, none contains user code, and none may be inlined
 *   into a function of another role.
 * - the loop and the trampolines hold no managed local: their prologue would move the shadow stack that they switch.
 * - Saved frames and slices hold no absolute address of the area, the region or the shadow stack.
 */
import { noteStackTrace } from "./abi";
import { Flag, Record, record, State } from "./record";
import { link } from "./write-barrier";

@external("asyncify", "start_unwind")
declare function startUnwind(save: usize): void;
@external("asyncify", "stop_unwind")
declare function stopUnwind(): void;
@external("asyncify", "start_rewind")
declare function startRewind(save: usize): void;
@external("asyncify", "stop_rewind")
declare function stopRewind(): void;

/** Asyncify's save record: position, end. The end is never the real one; see the red zone above. */
const SAVE: usize = memory.data(8, 4);

/** The `entry` of a fiber whose body `enter` calls itself. */
export const NO_TRAMPOLINE: u16 = 0;

const CANARY: u32 = 0xfe11ca9a;

/** Asyncify's own state. The transform replaces this import by a read of Asyncify's global, so that it need not be kept twice. */
@external("as-fibers", "asyncify_state")
declare function state(): i32;

const NORMAL = 0;
const UNWINDING = 1;
const REWINDING = 2;

/** Rewinds only to have the stack trace noted, then unwinds again. */
let isTracing: bool = false;

/** The running fiber: the one whose frames are on the Wasm stack. 0 in the scheduler and outside of fibers. */
let running: usize = 0;

let area: usize = 0;
let areaSize: u32 = 0;
let limit: u32 = 0;

/** Bytes of frames that the last unwinding wrote; they stay in the area until the next one. */
let used: u32 = 0;

/**
 * Reserves the unwind area. Called by the host before the first turn, and never during one.
 * @param limitBytes the most that one fiber may save
 * @param redZoneBytes at least 0.75 × the engine's stack
 */
export function reserveArea(limitBytes: u32, redZoneBytes: u32): void {
  if (area) heap.free(area);
  limit = (limitBytes + 3) & ~3;
  areaSize = limit + ((redZoneBytes + 3) & ~3);
  area = heap.alloc(areaSize + 4);
  store<u32>(area + areaSize, CANARY);
  store<u32>(SAVE, u32.MAX_VALUE, 4);
}

/** The most bytes of frames that one fiber may save. */
export function stackLimit(): u32 {
  return limit;
}

/** The running fiber; 0 when there is none. */
// @ts-ignore: decorator
@inline
export function current(): usize {
  return running;
}

/** The running fiber, for what only a fiber can do. Outside of one it is a bug of the caller: traps with E_NOT_IN_FIBER. */
// @ts-ignore: decorator
@inline
export function requireFiber(): usize {
  if (!running) outsideFiber();
  return running;
}

function outsideFiber(): void {
  throw new Error(
    "E_NOT_IN_FIBER: this works only in a fiber, and none is running: call it in a function that go, spawn or run has started, or in an exported function; not in a top-level statement",
  );
}

/** Bytes of frames that the last unwinding wrote. */
// @ts-ignore: decorator
@inline
export function usedBytes(): u32 {
  return used;
}

/** Where those bytes are. */
// @ts-ignore: decorator
@inline
export function usedFrames(): usize {
  return area;
}

/** True when nothing has written behind the red zone. */
export function isAreaIntact(): bool {
  return load<u32>(area + areaSize) == CANARY;
}

/**
 * Leaves the running fiber: the first call unwinds it to its trampoline, the second, made by rewinding, returns to the caller.
 * What happens to the fiber is written in its record before. The one copy of the switch; never inlined.
 */
export function suspend(): void {
  if (state() == REWINDING) {
    stopRewind();
    if (!isTracing) return;
    noteStackTrace();
  } else if (!running) {
    outsideFiber();
  }
  store<usize>(SAVE, area);
  startUnwind(SAVE);
}

/** Ends an unwinding, in the trampoline that the fiber was entered by. True when there was one: the body has suspended. */
// @ts-ignore: decorator
@inline
export function endUnwind(): bool {
  if (state() != UNWINDING) return false;
  stopUnwind();
  return true;
}

/**
 * Runs a fiber until it returns or suspends. True when it suspended: then its frames and slice are saved in its region, unless
 * it is leaving for good (state above PARKED) or saved more than the limit. Stays the running fiber until the next one, or `rest`.
 * Inlined into the scheduler's loop, which thereby gets its role.
 */
// @ts-ignore: decorator
@inline
export function resume(fiber: usize): bool {
  const f = record(fiber);
  const base = __stack_pointer;
  const frames = f.frames;
  if (frames) {
    const saved = f.region + frames;
    const slice = f.slice;
    if (slice) {
      const top = base - slice;
      for (let i: usize = 0; i < slice; i += 4) store<u32>(top + i, load<u32>(saved + i));
      __stack_pointer = top;
      f.slice = 0;
    }
    store<usize>(SAVE, saved);
    startRewind(SAVE);
  }
  running = fiber;
  f.state = <i8>State.RUNNING;
  if (!enter(fiber)) return false;
  used = load<u32>(SAVE) - <u32>area;
  if (f.state <= State.PARKED && used <= limit) save(fiber, used, base);
  __stack_pointer = base;
  return true;
}

/** Calls the fiber's body, or rewinds into it. True when it has unwound. */
// @ts-ignore: decorator
@inline
function enter(fiber: usize): bool {
  const f = record(fiber);
  if (f.entry != NO_TRAMPOLINE) return call_indirect<bool>(f.entry, fiber);
  // The commonest body takes one i32 or reference and returns nothing: it needs no trampoline, and a switch is a seventh faster.
  call_indirect<void>(f.body, <usize>f.payload);
  if (endUnwind()) return true;
  f.payload = 0;
  f.flags &= ~Flag.PAYLOAD_MANAGED;
  return false;
}

/** No fiber runs: the turn is over. */
// @ts-ignore: decorator
@inline
export function rest(): void {
  running = 0;
}

/** Copies the frames in the area, and the slice of the shadow stack below `base`, to the region of the fiber. */
// @ts-ignore: decorator
@inline
function save(fiber: usize, frames: u32, base: usize): void {
  const f = record(fiber);
  const top = __stack_pointer;
  const slice = <u32>(base - top);
  const need = frames + slice;
  // Trimmed when three quarters are unused: a fiber that once parked deep does not keep that memory.
  const capacity = capacityOf(f.region);
  if (need > capacity || (capacity >= 256 && need < capacity >>> 2)) replaceRegion(f, need);
  let to = f.region;
  copyWords(to, area, frames);
  to += frames;
  f.frames = frames;
  f.slice = slice;
  for (let from = top; from < base; from += 4, to += 4) {
    const reference = load<usize>(from);
    store<usize>(to, reference);
    // The region belongs to the fiber, so these are references from it: an incremental collector must hear of them.
    link(fiber, reference, true);
  }
}

// @ts-ignore: decorator
@inline
function copyWords(to: usize, from: usize, bytes: u32): void {
  if (bytes > 512) {
    memory.copy(to, from, bytes);
    return;
  }
  // In words on purpose: wider loads would straddle the stores that Asyncify has just made, and wait for them. Four at a time, since
  // the engine checks for interrupts in every iteration of a loop.
  const end = from + bytes;
  for (; from + 16 <= end; from += 16, to += 16) {
    store<u32>(to, load<u32>(from));
    store<u32>(to, load<u32>(from, 4), 4);
    store<u32>(to, load<u32>(from, 8), 8);
    store<u32>(to, load<u32>(from, 12), 12);
  }
  for (; from < end; from += 4, to += 4) store<u32>(to, load<u32>(from));
}

/** Bytes that fit in a region: the allocator's own word before it, without the two flags. 0 for no region. */
// @ts-ignore: decorator
@inline
function capacityOf(region: usize): u32 {
  return region ? (<u32>load<usize>(region - sizeof<usize>())) & ~3 : 0;
}

/** Gives the fiber a region of at least `need` bytes. The contents of the old one are dead. Allocates first: it may trap. */
function replaceRegion(f: Record, need: u32): void {
  const region = heap.alloc(need);
  if (f.region) heap.free(f.region);
  f.region = region;
}

/** Frees what the fiber has saved: its frames will not run again. */
export function dropFrames(f: Record): void {
  f.frames = 0;
  f.slice = 0;
  if (f.region) {
    heap.free(f.region);
    f.region = 0;
  }
}

/**
 * Reads a stack that is saved: rewinds it to the `suspend` at its end, where the host notes the stack trace, and unwinds it again.
 * No code of the fiber runs, so neither its locals nor its shadow stack need to be valid any more.
 * @param fiber a record of which only `entry` and `body` are read
 */
export function trace(fiber: usize, frames: usize, bytes: u32): void {
  store<usize>(SAVE, frames + bytes);
  isTracing = true;
  startRewind(SAVE);
  enter(fiber);
  isTracing = false;
}

/**
 * After a trap, before anything else: a fiber may have been rewinding, on a JavaScript stack that was deeper than when it parked. Does not
 * call `suspend` to end that, since whatever calls `suspend` is instrumented, and would begin to rewind itself.
 */
export function abandonRewind(): void {
  isTracing = false;
  if (state() == REWINDING) stopUnwind();
}

/** Puts the switch back into its normal state after a trap, and tells which fiber ran. Only the host knows when: it caught the trap. */
export function recover(): usize {
  assert(state() == NORMAL, "as-fibers: a trap while unwinding cannot be recovered from");
  const fiber = running;
  running = 0;
  return fiber;
}

/**
 * What happens in a program, as a row of events: for traces that people look at, and for a hash by which two runs are compared.
 *
 * Nothing of the hot path calls this but the watched loop of the scheduler: who was started or woken by a step is what stands in the run
 * queue behind the fiber that stood last in it before. So a program that is not watched pays nothing. Beside it, who draws while the host
 * decides does, and the collector.
 *
 * The hash holds no address, no time and nothing of the collector: it is the same for the same program and schedule on every machine.
 *
 * ╒══════════ trace (32 bytes) ══════════╕   ╒═════════ event (16 bytes) ═════════╕
 * │  0 hash      u64                     │   │  0 kind    u8    see `Event`       │
 * │  8 switches  u64  while watched      │   │  1 reason  u8    of a wait; state  │
 * │ 16 count     u32  events so far      │   │  2 site    u16   see site.ts       │
 * │ 20 capacity  u32  of the ring; 2^n   │   │  4 fiber   u32   its id            │
 * │ 24 ring      ptr  0: none are kept   │   │  8 by      u32   id; 0: outside    │
 * │ 28 newest    u32  id of a fiber      │   │ 12 object  ptr   of a wait; name   │
 * ╘══════════════════════════════════════╛   ╘════════════════════════════════════╛
 *
 * Of the events `CLOCK` and `COLLECT`, the last 8 bytes are an f64: nanoseconds, when it began; and of `COLLECT`, `fiber` is how many it took.
 * Of `DRAW`, `by` is what was drawn, and `object` of how many.
 */
import { Flag, Reason, record, State } from "./record";
import { firstReady, lastReady } from "./run-queue";

/** In static memory, not in globals: what compares states of a program leaves it out as a whole. */
const trace: usize = memory.data(32, 8);

@unmanaged
class Trace {
  hash: u64;
  switches: u64;
  count: u32;
  capacity: u32;
  ring: usize;
  newest: u32;
}

/** What happened. Part of the ABI. */
export enum Event {
  /** The clock was read. Between two readings time is not known. */
  CLOCK = 1,
  /** The fiber was started. */
  START,
  /** Its wait has ended; `reason` says which. */
  WAKE,
  /** It runs. */
  RUN,
  /** It has let others run, and is ready. */
  YIELD,
  /** It waits. */
  PARK,
  /** Its frames are gone, and its cleanups run. */
  CLEAN,
  /** It has ended; `reason` is its state. */
  END,
  /** It has drawn one of several possibilities. */
  DRAW,
  /** The collector has worked; `reason` is 1 for a whole collection. */
  COLLECT,
}

const EVENT_BYTES: u32 = 16;
const PRIME: u64 = 0x9e3779b97f4a7c15;

/** The fiber that stood last in the run queue when it was last looked at. */
let seen: usize = 0;

/** Begins anew. @param capacity how many events are kept, a power of two; 0: none */
export function beginTrace(capacity: u32): usize {
  const t = changetype<Trace>(trace);
  if (t.ring) heap.free(t.ring);
  memory.fill(trace, 0, offsetof<Trace>());
  t.ring = capacity ? heap.alloc(capacity * EVENT_BYTES) : 0;
  t.capacity = capacity;
  t.hash = PRIME;
  seen = 0;
  return trace;
}

/** Switches of the watched loop. */
export function watchedSwitches(): u64 {
  return changetype<Trace>(trace).switches;
}

// @ts-ignore: decorator
@inline
function write(kind: Event, reason: i32, site: u32, fiber: u32, by: u32, object: usize): void {
  const t = changetype<Trace>(trace);
  // Multiplying spreads upwards only: so the upper half comes down first.
  const hash = t.hash ^ (((<u64>by) << 40) | ((<u64>fiber) << 16) | ((<u64>reason) << 8) | (<u64>kind));
  t.hash = (hash ^ (hash >> 29)) * PRIME;
  const at = next(t);
  if (!at) return;
  store<u32>(at, (<u32>kind) | ((<u32>reason) << 8) | (site << 16));
  store<u32>(at, fiber, 4);
  store<u32>(at, by, 8);
  store<usize>(at, object, 12);
}

/** Where the next event goes; 0: it is not kept. */
// @ts-ignore: decorator
@inline
function next(t: Trace): usize {
  const index = t.count++;
  return t.ring ? t.ring + (index & (t.capacity - 1)) * EVENT_BYTES : 0;
}

// @ts-ignore: decorator
@inline
function idOf(fiber: usize): u32 {
  return <u32>record(fiber).id;
}

/** The clock was read. */
export function noteClock(nanoseconds: f64): void {
  const t = changetype<Trace>(trace);
  if (!t.ring) return;
  const at = next(t);
  store<u64>(at, Event.CLOCK);
  store<f64>(at, nanoseconds, 8);
}

/** Whether events are kept, and not only counted. */
export function keepsEvents(): bool {
  return changetype<Trace>(trace).ring != 0;
}

/** The collector has worked from one time to the other, both in nanoseconds. Events must be kept. */
export function noteCollection(begin: f64, end: f64, isFull: bool): void {
  const at = next(changetype<Trace>(trace));
  store<u32>(at, (<u32>Event.COLLECT) | ((<u32>isFull) << 8));
  store<u32>(at, <u32>min<f64>(end - begin, u32.MAX_VALUE), 4);
  store<f64>(at, begin, 8);
}

/** Fibers may have become ready, by what the fiber of this id did, or by nobody's. How many. */
export function noteReadied(by: u32): u32 {
  const t = changetype<Trace>(trace);
  let count: u32 = 0;
  let fiber = seen ? record(seen).next : firstReady();
  for (; fiber; fiber = record(fiber).next) {
    count++;
    const f = record(fiber);
    const id = <u32>f.id;
    if (id > t.newest) {
      t.newest = id;
      write(Event.START, 0, f.site, id, by, f.name);
    } else if (id != by) write(Event.WAKE, f.reason, 0, id, by, 0);
  }
  seen = lastReady();
  return count;
}

/** The fiber was taken out of the run queue, and will run. */
export function noteRun(fiber: usize): void {
  changetype<Trace>(trace).switches++;
  seen = lastReady();
  write(Event.RUN, 0, 0, idOf(fiber), 0, 0);
}

/** It has run. */
export function noteLeft(fiber: usize): void {
  const f = record(fiber);
  const state = f.state;
  if (state == State.PARKED) write(Event.PARK, f.reason, siteOf(f.reason, f.object), <u32>f.id, 0, f.object);
  else if (state >= State.DONE) write(Event.END, state, 0, <u32>f.id, 0, 0);
  else write(f.flags & Flag.CLEANING ? Event.CLEAN : Event.YIELD, 0, 0, <u32>f.id, 0, 0);
}

/** The fiber has drawn; 0: no fiber has. */
export function noteDraw(fiber: usize, drawn: u32, count: u32): void {
  write(Event.DRAW, 0, 0, fiber ? idOf(fiber) : 0, drawn, count);
}

const SITE_TAG: u32 = 0x51730000;

/** Where the object was made; see site.ts. */
// @ts-ignore: decorator
@inline
function siteOf(reason: i32, object: usize): u32 {
  // Of an operation, it is a slot.
  if (!object || reason <= Reason.OUTPUT || reason == Reason.IMPORT) return 0;
  if (reason >= Reason.LISTEN && reason <= Reason.LOOKUP) return 0;
  const site = load<u32>(object + load<u32>(object - 4) - 4);
  return (site & 0xffff0000) == SITE_TAG ? site & 0xffff : 0;
}

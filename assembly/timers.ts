/**
 * The timers of all sleeping fibers: a heap with four children per node, in raw memory that the collector never scans.
 *
 * Start, cancel and expiry are O(log n), worst case. Equal deadlines expire in the order in which they were started. The
 * heap's keys stand in the heap itself, so sifting reads one cache line per level; a fiber knows its position (`timer`).
 *
 * ╒══════════ slot (16 bytes) ══════════╕
 * │  0 deadline  f64   nanoseconds      │
 * │  8 fiber     ptr                    │
 * │ 12 sequence  u32   order of start   │
 * ╘═════════════════════════════════════╛
 */
import { enlarge } from "./memory";
import { record } from "./record";

/** Programs say milliseconds, deadlines are in nanoseconds. */
export const NANOSECONDS_PER_MILLISECOND: f64 = 1e6;

const SLOT: u32 = 16;
const INITIAL_CAPACITY: u32 = 64;

let slots: usize = 0;
let count: u32 = 0;
let capacity: u32 = 0;
let sequence: u32 = 0;

// @ts-ignore: decorator
@inline
function at(index: u32): usize {
  return slots + index * SLOT;
}

// @ts-ignore: decorator
@inline
function isBefore(deadline: f64, order: u32, slot: usize): bool {
  const other = load<f64>(slot);
  return deadline < other || (deadline == other && <i32>(order - load<u32>(slot, 12)) < 0);
}

// @ts-ignore: decorator
@inline
function put(index: u32, deadline: f64, fiber: usize, order: u32): void {
  const slot = at(index);
  store<f64>(slot, deadline);
  store<usize>(slot, fiber, 8);
  store<u32>(slot, order, 12);
  record(fiber).timer = index + 1;
}

// @ts-ignore: decorator
@inline
function move(from: usize, to: u32): void {
  put(to, load<f64>(from), load<usize>(from, 8), load<u32>(from, 12));
}

function siftUp(index: u32, deadline: f64, fiber: usize, order: u32): void {
  while (index > 0) {
    const parent = (index - 1) >>> 2;
    const slot = at(parent);
    if (!isBefore(deadline, order, slot)) break;
    move(slot, index);
    index = parent;
  }
  put(index, deadline, fiber, order);
}

function siftDown(index: u32, deadline: f64, fiber: usize, order: u32): void {
  while (true) {
    const first = (index << 2) + 1;
    if (first >= count) break;
    let least = first;
    let slot = at(first);
    const end = min(first + 4, count);
    for (let child = first + 1; child < end; child++) {
      const other = at(child);
      if (isBefore(load<f64>(other), load<u32>(other, 12), slot)) {
        least = child;
        slot = other;
      }
    }
    if (isBefore(deadline, order, slot)) break;
    move(slot, index);
    index = least;
  }
  put(index, deadline, fiber, order);
}

/** Makes room for one more timer: after that, starting it cannot trap. */
export function reserveTimer(): void {
  if (count == capacity) grow();
}

/** Starts the timer of a fiber that has none. `deadline` in nanoseconds of the driver's clock; infinite: never. */
export function startTimer(fiber: usize, deadline: f64): void {
  assert(record(fiber).timer == 0, "as-fibers: a fiber has one timer at most");
  reserveTimer();
  count++;
  siftUp(count - 1, deadline, fiber, sequence++);
}

/** Stops the timer of a fiber, if it has one. Nothing is left behind. */
export function stopTimer(fiber: usize): void {
  const position = record(fiber).timer;
  if (!position) return;
  record(fiber).timer = 0;
  const index = position - 1;
  const last = at(--count);
  if (index == count) return;
  const deadline = load<f64>(last);
  const moved = load<usize>(last, 8);
  const order = load<u32>(last, 12);
  if (index > 0 && isBefore(deadline, order, at((index - 1) >>> 2))) siftUp(index, deadline, moved, order);
  else siftDown(index, deadline, moved, order);
}

/** Takes the fiber whose deadline is not after `time`, the earliest first; 0 when there is none. */
export function takeExpired(time: f64): usize {
  if (!count || load<f64>(slots) > time) return 0;
  const fiber = load<usize>(slots, 8);
  stopTimer(fiber);
  return fiber;
}

/** The earliest deadline, in nanoseconds; infinite when no timer runs. */
export function nextDeadline(): f64 {
  return count ? load<f64>(slots) : Infinity;
}

/** The deadline of a fiber that has a timer. */
export function timerDeadline(fiber: usize): f64 {
  return load<f64>(at(record(fiber).timer - 1));
}

/** How many timers run. */
export function timerCount(): u32 {
  return count;
}

/** Allocates first: it may trap, and then the heap is as it was. */
function grow(): void {
  const wanted = max(capacity << 1, INITIAL_CAPACITY);
  slots = enlarge(slots, count * SLOT, wanted * SLOT);
  capacity = wanted;
}

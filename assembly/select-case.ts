/**
 * One case of a `Select`: what stands in the wait queue of a channel, lock … for the fiber that waits in the select.
 *
 * Of all cases that stand in queues, the first to be taken out wins: `claim` then takes the others out, so that a losing case leaves
 * nothing behind, and exactly one case runs. The select stays its fiber's until that has run the case, and is told so by `GIVEN`: until
 * then no cancellation takes the fiber away, and no other fiber can use the select. A case begins with the same fields as a fiber's
 * record; see record.ts.
 *
 * ╒═══════════════════════ case (48 bytes, 32-bit) ═════════════════════════╕
 * │  0 object    ref   the channel, lock …                                   │
 * │  4 queue     ptr   word of the queue in which it waits; 0: in none       │
 * │  8 value     u64   what it offers or asks for                            │
 * │ 16 next · 20 previous   ptr   links of that queue                        │
 * │ 24 flags     u16   CASE; VALUE_MANAGED when `value` is a reference; and  │
 * │                    its reason: see `Flag.BITS`                           │
 * ├──────────────────────────────────────────────────────────────────────────┤
 * │ 26 isReady   u16   (case) => bool: it could run now                      │
 * │ 28 run       u16   (case) => bool: runs it; true: it suspends, to fail   │
 * │ 30 end       u16   (case) => bool: the same, after it was woken          │
 * │ 32 arm       u16   (case, time: f64) => f64: when it is ready by itself  │
 * │ 34 leave     u16   (case) => void: it has left its queue and has not won │
 * │ 36 select    ptr   the select that it belongs to                         │
 * │ 40 deadline  f64   what `arm` has told for this wait                     │
 * ╘══════════════════════════════════════════════════════════════════════════╛
 *
 * The functions are table indices, 0 for none. A case without any is never ready.
 */
import { callLeave } from "./callback";
import { Flag, Reason, record } from "./record";
import { startTimer, stopTimer } from "./timers";
import { removeWaiter } from "./wait-queue";

@unmanaged
export class Case {
  object: usize;
  queue: usize;
  value: u64;
  next: usize;
  previous: usize;
  flags: u16;
  isReady: u16;
  run: u16;
  end: u16;
  arm: u16;
  leave: u16;
  select: usize;
  deadline: f64;
}

/** The fields of `Select` that the cases need: its first ones. */
@unmanaged
export class SelectRecord {
  /** The cases, one after the other, in a managed buffer. */
  cases: usize;
  count: u32;
  /** The fiber that waits in it, or has still to run the case that has won; 0 for none. */
  waiter: usize;
  /** The index of the case that has won. */
  chosen: i32;
}

/** Fills in what a new case is about. @returns the case */
export function setCase(
  at: usize,
  reason: Reason,
  object: usize,
  queue: usize,
  isReady: u16,
  run: u16,
  end: u16,
): usize {
  const c = caseAt(at);
  c.flags |= (<u16>reason) << Flag.BITS;
  c.object = object;
  c.queue = queue;
  c.isReady = isReady;
  c.run = run;
  c.end = end;
  return at;
}

/** The case at this address. */
// @ts-ignore: decorator
@inline
export function caseAt(address: usize): Case {
  return changetype<Case>(address);
}

/**
 * The fiber of a waiter that was taken out of its queue, which can now be woken: no queue and no timer knows it any more.
 */
// @ts-ignore: decorator
@inline
export function claim(waiter: usize): usize {
  return record(waiter).flags & Flag.CASE ? claimCase(waiter) : waiter;
}

/** Which one it is of its select. */
// @ts-ignore: decorator
@inline
export function indexOfCase(select: SelectRecord, at: usize): i32 {
  return <i32>((at - select.cases) / offsetof<Case>());
}

function claimCase(winner: usize): usize {
  const select = changetype<SelectRecord>(caseAt(winner).select);
  const fiber = select.waiter;
  select.chosen = indexOfCase(select, winner);
  leaveCases(caseAt(winner).select, winner);
  stopTimer(fiber);
  record(fiber).flags |= Flag.GIVEN;
  return fiber;
}

/** Takes all cases but `except` out of their queues. */
export function leaveCases(select: usize, except: usize): void {
  const s = changetype<SelectRecord>(select);
  const end = s.cases + s.count * offsetof<Case>();
  let mustTell = false;
  for (let at = s.cases; at < end; at += offsetof<Case>()) {
    if (at == except || !caseAt(at).queue) continue;
    removeWaiter(caseAt(at).queue, at);
    if (caseAt(at).leave) mustTell = true;
  }
  if (mustTell) tellLeft(s, except);
}

/** Those behind a case may have waited only for it. They are served when no case of the select waits any more: none can win now. */
function tellLeft(s: SelectRecord, except: usize): void {
  const end = s.cases + s.count * offsetof<Case>();
  for (let at = s.cases; at < end; at += offsetof<Case>()) {
    const leave = caseAt(at).leave;
    if (at != except && leave) callLeave(leave, at);
  }
}

/** Chooses the case that is the first to be ready by itself, and tells when; NaN: none ever is. */
export function chooseEarliest(s: SelectRecord): f64 {
  let earliest = NaN;
  const end = s.cases + s.count * offsetof<Case>();
  for (let at = s.cases; at < end; at += offsetof<Case>()) {
    const deadline = caseAt(at).deadline;
    if (!caseAt(at).arm || deadline >= earliest) continue;
    earliest = deadline;
    s.chosen = indexOfCase(s, at);
  }
  return earliest;
}

/** A case of a select that waits will be ready by itself at another time than it has told. */
export function rearmCase(at: usize, deadline: f64): void {
  caseAt(at).deadline = deadline;
  const s = changetype<SelectRecord>(caseAt(at).select);
  const earliest = chooseEarliest(s);
  // It has a place in the heap, and gives it up first: no room is needed.
  stopTimer(s.waiter);
  startTimer(s.waiter, earliest);
}

/**
 * Who owns which lock: what a fiber still owns when it has ended is released, and marked as abandoned.
 *
 * A fiber's holdings are a list in its attachments, last taken first. The list keeps them alive: a lock that is held and that nobody else
 * knows is still to be released. Whoever may be granted a lock has attachments already, so that granting allocates nothing.
 */
import { Attachments, attachmentsOf } from "./attachments";
import { callLeave } from "./callback";
import { record } from "./record";
import { link } from "./write-barrier";

/** One lock that is owned by one fiber, or by nobody. */
export class Holding {
  /** The fiber; 0 for nobody. */
  protected owner: usize = 0;
  protected next: usize = 0;
  private previous: usize = 0;
  /** Table index, (holding: usize) => void: releases it for an owner that has ended. */
  protected abandon: u16 = 0;

  // Called by the collector in place of the fields' own visits.
  protected __visit(cookie: u32): void {
    __visit(this.next, cookie);
  }
}

/** A holding, without its type: fields only. */
@unmanaged
export class HoldingRecord {
  owner: usize;
  next: usize;
  previous: usize;
  abandon: u16;
}

// @ts-ignore: decorator
@inline
function holdingRecord(holding: usize): HoldingRecord {
  return changetype<HoldingRecord>(holding);
}

/** Before a wait in which the fiber may be granted a lock, or takes one: after that, `own` cannot trap. */
// @ts-ignore: decorator
@inline
export function reserveOwnership(fiber: usize): void {
  if (!record(fiber).attachments) attachmentsOf(fiber);
}

/** The owner of a holding; 0 for nobody. */
// @ts-ignore: decorator
@inline
export function ownerOf(holding: usize): usize {
  return holdingRecord(holding).owner;
}

/** Gives a holding that nobody owns to the fiber. */
// @ts-ignore: decorator
@inline
export function own(holding: usize, fiber: usize): void {
  const attachments = record(fiber).attachments;
  // Not in optimized builds: an uncontended lock takes a twentieth longer with it.
  if (!ASC_OPTIMIZE_LEVEL)
    assert(attachments != 0, "as-fibers: a fiber that is granted a lock has reserved a place for it");
  holdingRecord(holding).owner = fiber;
  if (load<usize>(attachments, offsetof<Attachments>("holdings"))) linkFirst(attachments, holding);
  store<usize>(attachments, holding, offsetof<Attachments>("holdings"));
  link(attachments, holding, false);
}

function linkFirst(attachments: usize, holding: usize): void {
  const first = load<usize>(attachments, offsetof<Attachments>("holdings"));
  holdingRecord(holding).next = first;
  holdingRecord(first).previous = holding;
  link(holding, first, false);
}

/** Takes a holding from its owner. Most fibers own one lock at a time. */
// @ts-ignore: decorator
@inline
export function disown(holding: usize): void {
  const h = holdingRecord(holding);
  if (h.next | h.previous) unlink(holding);
  else store<usize>(record(h.owner).attachments, 0, offsetof<Attachments>("holdings"));
  h.owner = 0;
}

function unlink(holding: usize): void {
  const h = holdingRecord(holding);
  const next = h.next;
  const previous = h.previous;
  if (previous) {
    holdingRecord(previous).next = next;
    link(previous, next, false);
  } else {
    const attachments = record(h.owner).attachments;
    store<usize>(attachments, next, offsetof<Attachments>("holdings"));
    link(attachments, next, false);
  }
  if (next) holdingRecord(next).previous = previous;
  h.next = 0;
  h.previous = 0;
}

/** The fiber has ended: releases what it still owns. */
export function abandonAll(fiber: usize): void {
  const attachments = record(fiber).attachments;
  if (!attachments) return;
  while (true) {
    const holding = load<usize>(attachments, offsetof<Attachments>("holdings"));
    if (!holding) return;
    callLeave(holdingRecord(holding).abandon, holding);
  }
}

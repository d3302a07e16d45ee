/**
 * What only some fibers have, beside their record: a fiber that has none of it does not pay for it.
 *
 * The fields are written by the files that they belong to; all are references or addresses, 0 when there is nothing.
 */
import { record } from "./record";
import { link } from "./write-barrier";

export class Attachments {
  /** The calls that are owed, last first: a `Cleanup`. */
  cleanups: usize = 0;
  /** A string: the code left by a call whose name ends in `OrError`. */
  lastError: usize = 0;
  /** The locks that the fiber owns, last taken first: a `Holding`. */
  holdings: usize = 0;
  /** Holdings that it does not use, for its next read locks: a `Holding`. */
  spareHoldings: usize = 0;
  /** What its `FiberLocal`s hold, shared with the fibers that inherit it: a `Local`. */
  locals: usize = 0;
  /** The scope of what it and others start for it: see adoption.ts. */
  adopting: usize = 0;
  /** JavaScript's call + 1, of a fiber that is in a scope too; of others, their record has it. */
  call: u32 = 0;

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    __visit(this.cleanups, cookie);
    __visit(this.lastError, cookie);
    __visit(this.holdings, cookie);
    __visit(this.spareHoldings, cookie);
    __visit(this.locals, cookie);
    __visit(this.adopting, cookie);
  }
}

/** What this fiber has; makes it when it has nothing yet. May trap: then nothing has changed. */
export function attachmentsOf(fiber: usize): Attachments {
  const attachments = record(fiber).attachments;
  return attachments ? changetype<Attachments>(attachments) : attach(fiber);
}

function attach(fiber: usize): Attachments {
  const attachments = new Attachments();
  record(fiber).attachments = changetype<usize>(attachments);
  link(fiber, changetype<usize>(attachments), false);
  return attachments;
}

/** The fields of a fiber that may have nothing: 0 then. For code that must hold no managed value. */
// @ts-ignore: decorator
@inline
export function cleanupsOf(fiber: usize): usize {
  const attachments = record(fiber).attachments;
  return attachments ? load<usize>(attachments, offsetof<Attachments>("cleanups")) : 0;
}

/** JavaScript's call that the fiber runs + 1; 0 for none. */
// @ts-ignore: decorator
@inline
export function callOf(fiber: usize): u32 {
  const owner = record(fiber).owner;
  const attachments = record(fiber).attachments;
  if (owner & 1) return <u32>(owner >>> 1) + 1;
  return attachments ? load<u32>(attachments, offsetof<Attachments>("call")) : 0;
}

/** Empty when there is none. */
export function lastErrorOf(fiber: usize): string {
  const attachments = record(fiber).attachments;
  const code = attachments ? changetype<Attachments>(attachments).lastError : 0;
  return code ? changetype<string>(code) : "";
}

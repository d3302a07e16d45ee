/**
 * Adoption: what the fibers of a call start belongs to the call, when that goes on after its function has returned. See call-stream.ts.
 *
 * A fiber owns a scope that adopts, or is in one, or is in a scope of a fiber of which that holds.
 */
import { Attachments } from "./attachments";
import { current } from "./context";
import { record, scopeOf } from "./record";
import { reserveFiber, scopeRecord } from "./scope-core";

let isUsed: bool = false;

/** Whether a scope has ever adopted. While none has, starting a fiber costs nothing more. */
// @ts-ignore: decorator
@inline
export function areFibersAdopted(): bool {
  return isUsed;
}

/** From now on, fibers look for who adopts them. */
export function beginAdoption(): void {
  isUsed = true;
}

/** The scope that adopts what the running fiber starts, with room for one more; 0: none does, or it has been cancelled. */
export function findAdopting(): usize {
  let fiber = current();
  while (fiber) {
    const own = adoptingOf(fiber);
    const scope = own ? own : scopeOf(record(fiber));
    if (!scope) return 0;
    const s = scopeRecord(scope);
    if (s.isAdopting) {
      if (s.isCancelled || s.isClosed) return 0;
      reserveFiber(scope);
      return scope;
    }
    fiber = s.owner;
  }
  return 0;
}

/** The scope that the fiber owns, and that adopts; 0: none. */
export function adoptingOf(fiber: usize): usize {
  const attachments = record(fiber).attachments;
  return attachments ? load<usize>(attachments, offsetof<Attachments>("adopting")) : 0;
}

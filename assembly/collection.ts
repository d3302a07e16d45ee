/**
 * Pauses of the collector, for traces: what the transform calls before and after the functions by which AssemblyScript's runtimes collect; see
 * host/transform/collections.ts. Called in the middle of an allocation: so nothing here allocates.
 */
import { now } from "./abi";
import { keepsEvents, noteCollection } from "./trace";

/** When it begins, in nanoseconds; not a number: nobody wants to know. */
export function beginCollection(): f64 {
  return keepsEvents() ? now() : NaN;
}

/** @param isFull a whole collection; else one of its steps */
export function endCollection(begin: f64, isFull: bool): void {
  if (!isNaN(begin)) noteCollection(begin, now(), isFull);
}

/**
 * Calls from JavaScript: every export of the program's entry file runs as a fiber, which JavaScript knows by a number.
 *
 * The transform writes, for `export function f(a: i32): string`, functions that use the ones below: `__fibers_start_f` lowers the
 * arguments into one object and starts the fiber, `__fibers_take_f` lifts the result. A call's fiber stays in the list of all fibers
 * until the host has released it, so the table needs no reference that the collector would have to visit.
 *
 * Calls are slots of a table in raw memory: an address while in use, the next free slot + 1 shifted left by one, with the lowest
 * bit set, while free.
 */
import { attachmentsOf } from "./attachments";
import { Failure } from "./failure";
import { Fiber, go } from "./fiber";
import { removeFromFiberList } from "./fiber-list";
import { enlarge } from "./memory";
import { record, State } from "./record";
import { spawn, Task } from "./task";

let table: usize = 0;
let capacity: u32 = 0;
let free: u32 = 0;

function register(fiber: usize): u32 {
  if (!free) grow();
  const call = free - 1;
  free = load<u32>(table + (call << 2)) >>> 1;
  store<usize>(table + (call << 2), fiber);
  if (record(fiber).owner) attachmentsOf(fiber).call = call + 1;
  else record(fiber).owner = ((<usize>call) << 1) | 1;
  return call;
}

function grow(): void {
  const wanted = max<u32>(capacity << 1, 16);
  table = enlarge(table, capacity << 2, wanted << 2);
  for (let call = wanted; call > capacity; call--) {
    store<u32>(table + ((call - 1) << 2), (free << 1) | 1);
    free = call;
  }
  capacity = wanted;
}

/** Starts the fiber of a call that has a result. */
export function startCall<A, R>(body: (arg: A) => R, arg: A, name: string): u32 {
  return register(changetype<usize>(spawn<A, R>(body, arg, name)));
}

/** Starts the fiber of a call without a result. */
export function startVoidCall<A>(body: (arg: A) => void, arg: A, name: string): u32 {
  return register(changetype<usize>(go<A>(body, arg, name)));
}

/** The result of a call whose fiber is done. Forgets the call: the host reads what it was given before anything of the guest runs. */
export function takeResult<R>(call: u32): R {
  const result = changetype<Task<R>>(callFiber(call)).value;
  releaseCall(call);
  return result;
}

/** The fiber of a call. */
export function callFiber(call: u32): usize {
  assert(
    call < capacity && !(load<u32>(table + (call << 2)) & 1),
    "as-fibers: the host names a call that does not exist",
  );
  return load<usize>(table + (call << 2));
}

/** The failure of a call whose fiber failed or was cancelled; 0 when it is done. */
export function callFailure(call: u32): usize {
  const fiber = callFiber(call);
  return record(fiber).state == State.DONE ? 0 : record(fiber).failure;
}

/** Forgets an ended call whose result is not taken. */
export function releaseCall(call: u32): void {
  const fiber = callFiber(call);
  assert(record(fiber).state >= State.DONE, "as-fibers: a call can be released only when its fiber has ended");
  if (record(fiber).owner & 1) record(fiber).owner = 0;
  else attachmentsOf(fiber).call = 0;
  removeFromFiberList(fiber);
  store<u32>(table + (call << 2), (free << 1) | 1);
  free = call + 1;
}

/** Cancels the fiber of a call. */
export function cancelCall(call: u32, reason: string): void {
  changetype<Fiber>(callFiber(call)).cancel(reason);
}

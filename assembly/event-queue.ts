/**
 * The event queue: operations go out to the host, completions come in, and wake the fiber that waits for them.
 *
 * - A pending operation has a slot. Its generation counts the operations that had the slot, so a late completion hits nothing.
 * - The buffer of a pending operation is kept alive for the collector by the record of the fiber that waits for it.
 * - A wait that is left early (cancelled, timed out) cancels its operation: the host forgets it before `submit` returns, and does not
 *   touch the buffer any more.
 * - An operation may end at once; a fiber whose operations all do would never wait. So verbs look whether the turn is over before each
 *   one, and yield: see `isTurnOver`.
 *
 * ╒══════════ slot (8 bytes) ══════════╕
 * │  0 fiber       ptr   or next free  │
 * │  4 generation  u32                 │
 * ╘════════════════════════════════════╛
 */
import { Completion, now, Opcode, Operation, OUTPUT_SLOT, PENDING, submit } from "./abi";
import { current, requireFiber } from "./context";
import { ERRNO_BADF, ERRNO_TIMEDOUT, errnoCode, errnoText } from "./errno";
import { beginFail, leaveError } from "./failure";
import { enlarge } from "./memory";
import { Flag, indexOf, Reason, record } from "./record";
import { beginPark, wake } from "./scheduler";
import { reserveTimer, startTimer, stopTimer } from "./timers";
import { link } from "./write-barrier";

const SLOT_BYTES: u32 = 8;
const INITIAL_CAPACITY: u32 = 16;

let slots: usize = 0;
let capacity: u32 = 0;
/** First free slot; 0 for none: that slot is the output's. */
let free: u32 = OUTPUT_SLOT;

/** The operation that is being made: read by the host inside `submit`, and dead after it. */
const operation: usize = memory.data(28, 4);

/** Fills in an operation; `beginOperation` or `submitNow` hands it out. */
export function prepare(opcode: Opcode, handle: u32, pointer: usize, length: u32, argument: u32): void {
  const o = changetype<Operation>(operation);
  o.opcode = opcode;
  o.handle = handle;
  o.pointer = pointer;
  o.length = length;
  o.argument = argument;
}

/** Hands out the prepared operation, which ends at once. Its result. */
export function submitNow(): i32 {
  const o = changetype<Operation>(operation);
  o.slot = 0;
  o.generation = 0;
  return submit(operation);
}

/**
 * Hands out the prepared operation. True: suspend now; false: it has ended. Either way, `endOperation` then gives the result.
 * @param buffer the object that its result will be written to; 0 when the host has read all that it needs
 * @param deadline when to give up, in nanoseconds of the driver's clock; infinite: never
 */
export function beginOperation(reason: Reason, buffer: usize, deadline: f64): bool {
  const fiber = requireFiber();
  // All that can trap comes first: an operation that the host has begun must be waited for.
  if (!free) grow();
  if (deadline != Infinity) reserveTimer();
  const slot = free;
  const entry = slots + slot * SLOT_BYTES;
  const o = changetype<Operation>(operation);
  o.slot = slot;
  o.generation = load<u32>(entry, 4);
  const result = submit(operation);
  const f = record(fiber);
  if (result != PENDING) {
    f.value = <u64>(<u32>result);
    return false;
  }
  free = <u32>load<usize>(entry);
  store<usize>(entry, fiber);
  if (buffer) {
    f.value = <u64>buffer;
    f.flags |= Flag.VALUE_MANAGED;
    link(fiber, buffer, false);
  }
  if (deadline != Infinity) startTimer(fiber, deadline);
  return beginPark(reason, slot, indexOf(changetype<usize>(leaveOperation)));
}

/** The result of the running fiber's operation: ≥ 0, or a negative errno. */
export function endOperation(): i32 {
  const f = record(current());
  const isTimedOut = f.flags & Flag.TIMED_OUT;
  f.flags &= ~(Flag.GIVEN | Flag.TIMED_OUT);
  return isTimedOut ? -ERRNO_TIMEDOUT : <i32>(<u32>f.value);
}

/** The same for calls that end in `OrError`: leaves the code, and gives -1 for all errors. */
export function endOperationOrError(): i32 {
  const result = endOperation();
  leaveError(result < 0 ? errnoCode(-result) : "");
  return max(result, -1);
}

/** For operations on what is closed already: the host need not be asked. Returns false: it has ended. */
export function endAsClosed(): bool {
  return endAtOnce(-ERRNO_BADF);
}

/** The same with any result. */
export function endAtOnce(result: i32): bool {
  record(requireFiber()).value = <u64>(<u32>result);
  return false;
}

/** When so many milliseconds have passed, in nanoseconds of the driver's clock. */
export function deadlineIn(milliseconds: f64): f64 {
  return milliseconds == Infinity ? Infinity : now() + milliseconds * 1e6;
}

/** Fails the running fiber: `verb` is what could not be done, and the result says why. The caller suspends. */
export function refuse(verb: string, result: i32): bool {
  return beginFail("cannot " + verb + ": " + errnoText(-result), errnoCode(-result), null);
}

/** The detail of the running fiber's operation, which must have succeeded. */
export function operationDetail(): u32 {
  return <u32>(record(current()).value >>> 32);
}

function leaveOperation(fiber: usize): void {
  const f = record(fiber);
  const slot = f.object;
  const o = changetype<Operation>(operation);
  o.opcode = Opcode.CANCEL;
  o.slot = <u32>slot;
  o.generation = load<u32>(slots + slot * SLOT_BYTES, 4);
  o.length = 0;
  submit(operation);
  release(<u32>slot, fiber);
}

/** A completion has come: the fiber goes on. One that comes late hits nothing. */
export function completeOperation(completion: Completion): void {
  const slot = completion.slot;
  if (slot >= capacity) return;
  const entry = slots + slot * SLOT_BYTES;
  if (load<u32>(entry, 4) != completion.generation) return;
  const fiber = load<usize>(entry);
  release(slot, fiber);
  const f = record(fiber);
  f.value = ((<u64>completion.detail) << 32) | (<u64>(<u32>completion.result));
  f.flags |= Flag.GIVEN;
  wake(fiber);
}

function release(slot: u32, fiber: usize): void {
  const entry = slots + slot * SLOT_BYTES;
  store<usize>(entry, free);
  store<u32>(entry, load<u32>(entry, 4) + 1, 4);
  free = slot;
  record(fiber).flags &= ~Flag.VALUE_MANAGED;
  stopTimer(fiber);
}

/** Allocates first: it may trap, and then nothing has changed. */
function grow(): void {
  const wanted = max<u32>(capacity << 1, INITIAL_CAPACITY);
  slots = enlarge(slots, capacity * SLOT_BYTES, wanted * SLOT_BYTES);
  memory.fill(slots + capacity * SLOT_BYTES, 0, (wanted - capacity) * SLOT_BYTES);
  for (let slot = wanted - 1; slot >= max<u32>(capacity, 1); slot--) {
    store<usize>(slots + slot * SLOT_BYTES, free);
    free = slot;
  }
  capacity = wanted;
}

/** Operations by hand: each in a fiber that hands it out as the library's own verbs do, and keeps what becomes of it. */
import { Fiber, go, yieldNow } from "as-fibers/assembly";
import { suspend } from "as-fibers/assembly/context";
import { beginOperation, endOperation, prepare } from "as-fibers/assembly/event-queue";
import { Reason } from "as-fibers/assembly/record";

class Attempt {
  fiber: Fiber | null = null;
  result: string = "pending";
  constructor(
    public opcode: i32,
    public handle: u32,
    public argument: u32,
    public bytes: Uint8Array,
  ) {}
}

const attempts: Attempt[] = [];

/** How many there are; the next one gets this number. */
export function submitted(): i32 {
  return attempts.length;
}

/** Hands out an operation. */
export function begin(opcode: i32, handle: u32, argument: u32, bytes: Uint8Array): void {
  const attempt = new Attempt(opcode, handle, argument, bytes);
  attempts.push(attempt);
  attempt.fiber = go<Attempt>(operate, attempt, "(operation)");
  yieldNow();
}

function operate(attempt: Attempt): void {
  const bytes = attempt.bytes;
  prepare(attempt.opcode, attempt.handle, bytes.dataStart, bytes.length, attempt.argument);
  if (beginOperation(Reason.READ, changetype<usize>(bytes), Infinity)) suspend();
  attempt.result = endOperation().toString();
}

/** Its result, when it has ended. */
export function resultOf(number: i32): string {
  return attempts[number].result;
}

export function cancel(number: i32): void {
  attempts[number].fiber!.cancel();
}

export function overwrite(number: i32): void {
  attempts[number].bytes.fill(0x21);
}

/** Waits until it has ended. Its result. */
export function take(number: i32): i32 {
  attempts[number].fiber!.tryJoin();
  return I32.parseInt(attempts[number].result);
}

export function bytesOf(number: i32): Uint8Array {
  return attempts[number].bytes;
}

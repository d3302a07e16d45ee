/** `Reader`: what bytes can be read from; and how any stream of the host is read. */
import { Opcode } from "./abi";
import { beginOperation, prepare } from "./event-queue";
import { beginFail } from "./failure";
import { Reason } from "./record";

/** What bytes can be read from. */
export interface Reader {
  /** Waits for bytes, and reads at least one of them and at most as many as fit. @returns how many; 0 at the end */
  read(into: Uint8Array): i32;
  /** The same, but when it fails it returns -1 and leaves the code in `Fiber.current().lastError`. */
  readOrError(into: Uint8Array): i32;
}

/** The first half of reading from the stream `handle`. */
export function beginRead(handle: u32, into: Uint8Array, deadline: f64): bool {
  if (!into.length) return refuseEmpty();
  prepare(Opcode.READ, handle, into.dataStart, <u32>into.length, 0);
  return beginOperation(Reason.READ, changetype<usize>(into), deadline);
}

/** Fails the running fiber, which wanted to read into an array without room. The caller suspends. */
export function refuseEmpty(): bool {
  return beginFail("cannot read into an empty array: give it room for at least one byte", "E_EMPTY_BUFFER", null);
}

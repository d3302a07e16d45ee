/** `lookup`: the addresses of a host. */
import { Opcode } from "./abi";
import { suspend } from "./context";
import { beginOperation, deadlineIn, endOperation, endOperationOrError, prepare, refuse } from "./event-queue";
import { beginFail } from "./failure";
import { Reason } from "./record";

/** Bytes for the answer: more addresses than that are left out. */
const ROOM: u32 = 4096;

/**
 * The addresses of a host, in the order in which they should be tried. Waits, for at most so many milliseconds.
 * @throws ENOTFOUND, EAI_AGAIN, ETIMEDOUT; EINVAL for a name that is none
 */
export function lookup(host: string, timeout: f64 = Infinity): string[] {
  const room = new ArrayBuffer(<i32>ROOM);
  if (beginLookup(host, room, timeout)) suspend();
  const result = endOperation();
  if (result < 0 && refuseLookup(host, result)) suspend();
  return linesOf(room, result);
}

/** The same; null when it fails, with the code in `Fiber.current().lastError`. */
export function lookupOrError(host: string, timeout: f64 = Infinity): string[] | null {
  const room = new ArrayBuffer(<i32>ROOM);
  if (beginLookup(host, room, timeout)) suspend();
  const result = endOperationOrError();
  return result < 0 ? null : linesOf(room, result);
}

function beginLookup(host: string, room: ArrayBuffer, timeout: f64): bool {
  const length = String.UTF8.byteLength(host);
  if (!length || <u32>length > ROOM) return refuseName();
  String.UTF8.encodeUnsafe(changetype<usize>(host), host.length, changetype<usize>(room));
  prepare(Opcode.LOOKUP, 0, changetype<usize>(room), <u32>length, ROOM);
  return beginOperation(Reason.LOOKUP, changetype<usize>(room), deadlineIn(timeout));
}

function linesOf(room: ArrayBuffer, length: i32): string[] {
  return String.UTF8.decodeUnsafe(changetype<usize>(room), length).split("\n");
}

function refuseName(): bool {
  return beginFail("cannot look up a name that is empty or longer than 4096 bytes", "EINVAL", null);
}

function refuseLookup(host: string, result: i32): bool {
  return refuse("look up " + host, result);
}

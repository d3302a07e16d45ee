/**
 * `HostCall`: one call of an import that JavaScript may serve with a promise. The fiber that calls waits; others run.
 *
 * The transform puts, in the place of `@suspends declare function f(a: string): R`, a function that makes a `HostCall`, gives JavaScript
 * the arguments, begins, suspends and ends it; and an export by which JavaScript gives the result.
 *
 * - The host calls the JavaScript function inside `submit`. What comes of it is given between turns, with the completion that wakes the
 *   fiber.
 * - The call is the buffer of its operation: the record of the fiber that waits keeps it alive, and nothing is given to one that was
 *   cancelled.
 */
import { Opcode } from "./abi";
import { current, requireFiber } from "./context";
import { errnoCode } from "./errno";
import { beginOperation, endOperation, prepare, refuse } from "./event-queue";
import { beginFail, leaveError } from "./failure";
import { Reason, record } from "./record";
import { link } from "./write-barrier";

export class HostCall {
  /** The result, when there is one. */
  private payload: u64 = 0;
  /** Why there is none. */
  code: string = "";
  message: string = "";
  /** Whether the result is a managed reference. */
  isManaged: bool = false;

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    __visit(changetype<usize>(this.code), cookie);
    __visit(changetype<usize>(this.message), cookie);
    if (this.isManaged) __visit(<usize>this.payload, cookie);
  }
}

/** A call that is being made. Only a fiber can wait for it. @throws E_NOT_IN_FIBER outside of a fiber */
export function makeHostCall(): HostCall {
  requireFiber();
  return new HostCall();
}

/**
 * Has JavaScript make the call, with the arguments that it was given just before. True: suspend now.
 * @param index of the import, in the module's table of them
 */
export function beginHostCall(index: u32, call: HostCall): bool {
  // The fiber's number: by it the host finds the JavaScript error again, when the fiber fails because of it.
  prepare(Opcode.CALL, index, changetype<usize>(call), 0, <u32>record(current()).id);
  return beginOperation(Reason.IMPORT, changetype<usize>(call), Infinity);
}

/** After the wait: fails the fiber when the call was refused. True: suspend now. @throws the code of the JavaScript error, or E_IMPORT_REJECTED */
export function endHostCall(call: HostCall): bool {
  const result = endOperation();
  if (result >= 0) return false;
  // Without a code it was the driver, which does not serve imports.
  if (!call.code.length) return refuse("call the import", result);
  return beginFail(call.message, call.code, null);
}

/** The same for imports whose names end in `OrError`: leaves the code, and the result is null, 0 or false. */
export function endHostCallOrError(call: HostCall): void {
  const result = endOperation();
  if (result >= 0) leaveError("");
  else leaveError(call.code.length ? call.code : errnoCode(-result));
}

/** What JavaScript has given. */
export function resultOf<R>(call: HostCall): R {
  return load<R>(changetype<usize>(call));
}

/** The host gives a result. */
export function giveResult<R>(call: usize, value: R): void {
  store<R>(call, value);
  if (!isManaged<R>()) return;
  changetype<HostCall>(call).isManaged = true;
  link(call, changetype<usize>(value), false);
}

/** The host says why there is none. */
export function refuseHostCall(call: usize, code: string, message: string): void {
  changetype<HostCall>(call).code = code;
  changetype<HostCall>(call).message = message;
}

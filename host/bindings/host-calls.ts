/**
 * `HostCalls`: the calls of suspending imports that JavaScript has not answered. To the guest each is an operation, like a read.
 *
 * - The JavaScript function is called inside the turn, when the fiber calls it; what comes of it is delivered with a later turn, in
 *   the order in which it came, even when it is not a promise.
 * - A call whose fiber was cancelled is forgotten; its signal is aborted when the turn is over. What it answers later goes nowhere.
 */
import { type GuestExports, type GuestMemory, newString, type Operation } from "../abi.ts";
import type { Outcome } from "../driver.ts";
import { Errno } from "../errno.ts";
import { FibersError } from "../errors.ts";
import type { ImportDescription } from "../section.ts";
import { isTrap } from "../trap.ts";
import { type Values, wrongResult } from "../values.ts";

/** Of so many rejections the JavaScript errors are kept, so that the failures that they have caused can name them; the oldest go. */
const MAX_ERRORS = 16_384;

export type HostFunction = (...values: never[]) => unknown;

// oxlint-disable-next-line typescript/unbound-method
const { then } = Promise.prototype;

/** So many calls that have ended are kept for the next ones. */
const MAX_SPARE = 256;

/** A call, and what became of it. It is its own operation, and is used again once it was delivered: its functions are made only once. */
class HostCall implements Operation, Outcome {
  opcode = 0;
  slot = 0;
  generation = 0;
  handle = 0;
  argument = 0;
  pointer = 0;
  length = 0;
  /** Whether an answer would be taken: it was not answered before, nor given up. */
  isOpen = false;
  isRefused = false;
  answer: unknown = undefined;
  /** Made when the function asks for its signal. */
  controller: AbortController | undefined = undefined;
  readonly fulfil: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly #take: (call: HostCall) => number;

  constructor(end: (call: HostCall, answer: unknown, isRefused: boolean) => void, take: (call: HostCall) => number) {
    this.fulfil = (value) => end(this, value, false);
    this.reject = (error) => end(this, error, true);
    this.#take = take;
  }

  take(): number {
    return this.#take(this);
  }
}

/** The call that is being made: functions ask for its signal before they return. */
let beginning: HostCall | undefined;

/**
 * The signal of the call of a suspending import that is running: aborted when the fiber that waits for it is cancelled. To be asked for
 * before the first `await` of the function.
 * @throws E_NOT_IN_IMPORT anywhere else
 */
export function currentSignal(): AbortSignal {
  if (!beginning) {
    const message =
      "currentSignal() is for a function that a program imports with @suspends, before its first await: take it at the beginning, and pass it on";
    throw new FibersError("E_NOT_IN_IMPORT", message);
  }
  beginning.controller ??= new AbortController();
  return beginning.controller.signal;
}

export interface HostCallsParts {
  imports: ImportDescription[];
  values: Values;
  /** An operation has ended. */
  complete(operation: Operation, outcome: Outcome): void;
  /** The error that a trap of the guest stands for, after everything was put back as it was before the guest was entered; throws when the instance is dead. */
  recover(error: unknown): FibersError;
}

export class HostCalls {
  readonly #parts: HostCallsParts;
  #guest!: GuestExports;
  #functions: HostFunction[] = [];
  #arguments: unknown[] = [];
  #size = 0;
  readonly #spare: HostCall[] = [];
  /** By the fiber's id. */
  readonly #errors = new Map<number, { message: string; error: unknown }>();

  constructor(parts: HostCallsParts) {
    this.#parts = parts;
  }

  /** How many are not answered. */
  get size(): number {
    return this.#size;
  }

  /** The guest that makes them, and the functions that answer, in the order of the imports. */
  attach(guest: GuestExports, functions: HostFunction[]): void {
    this.#guest = guest;
    this.#functions = functions;
  }

  /** The arguments of the call that the guest is about to make. */
  note(values: unknown[]): void {
    this.#arguments = values;
  }

  /** Makes the call whose arguments were noted. @param pointer of its operation. @returns what is pending now */
  begin(memory: GuestMemory, pointer: number): Operation {
    const call = this.#spare.pop() ?? new HostCall(this.#end, this.#take);
    memory.readOperation(pointer, call);
    call.isOpen = true;
    this.#size++;
    const values = this.#arguments;
    this.#arguments = [];
    const outer = beginning;
    beginning = call;
    try {
      const { imports, values: border } = this.#parts;
      const lifted = border.liftArguments(imports[call.handle] as ImportDescription, values) as never[];
      const answer = (this.#functions[call.handle] as HostFunction)(...lifted);
      if ((typeof answer === "object" && answer !== null) || typeof answer === "function") {
        // The engine's own `then`, which answers once, and never a promise's own.
        then.call(Promise.resolve(answer), call.fulfil, call.reject);
      } else call.fulfil(answer);
    } catch (error) {
      call.reject(error);
    } finally {
      beginning = outer;
    }
    return call;
  }

  /** The function has answered. */
  readonly #end = (call: HostCall, answer: unknown, isRefused: boolean): void => {
    if (!call.isOpen) return;
    call.isOpen = false;
    this.#size--;
    call.answer = answer;
    call.isRefused = isRefused;
    this.#parts.complete(call, call);
  };

  /** Nobody waits any more for a call that `begin` has made. One that is answered already has nothing to give up. */
  cancel(operation: Operation): void {
    const call = operation as HostCall;
    if (!call.isOpen) return;
    call.isOpen = false;
    this.#size--;
    const { controller, handle } = call;
    // Listeners are the user's code, and the guest is on the stack.
    if (controller) queueMicrotask(() => controller.abort(cancelledReason(this.#parts.imports[handle])));
  }

  /** Delivers the answer of a call, and keeps the call for another one. @returns the result of the operation */
  readonly #take = (call: HostCall): number => {
    const { answer } = call;
    call.answer = undefined;
    const result = call.isRefused ? this.#refuse(call, answer) : this.#give(call, answer);
    call.controller = undefined;
    if (this.#spare.length < MAX_SPARE) this.#spare.push(call);
    return result;
  };

  #give(operation: Operation, value: unknown): number {
    const description = this.#parts.imports[operation.handle] as ImportDescription;
    if (description.result === "void") return 0;
    try {
      this.#parts.values.give(description, operation.handle, operation.pointer, value);
      return 0;
    } catch (error) {
      return this.#refuse(operation, this.#whyNot(description, error));
    }
  }

  /** Why an answer cannot be given: it is of another type, it cannot be read, or the guest has no room for it. */
  #whyNot(description: ImportDescription, error: unknown): FibersError {
    if (error instanceof FibersError) return error;
    if (isTrap(error)) return this.#parts.recover(error);
    return wrongResult(description, `its result cannot be read: ${describeThrown(error)}`, error);
  }

  /** Tells the guest code and message, and keeps the error for whoever sees the failure. */
  #refuse(operation: Operation, error: unknown): number {
    const { module, name } = this.#parts.imports[operation.handle] as ImportDescription;
    const message =
      error instanceof FibersError ? error.message : `the import ${module}.${name} rejected: ${describeThrown(error)}`;
    try {
      this.#write(operation.pointer, codeOf(error), message);
    } catch (trap) {
      // No room for a sentence. To recover gives back a reserve.
      const { code } = this.#parts.recover(trap);
      this.#write(operation.pointer, code, "no memory is left for the answer of an import");
    }
    this.#keep(operation.argument, { message, error });
    return -Errno.EIO;
  }

  #write(call: number, code: string, message: string): void {
    const codeString = newString(this.#guest, code);
    this.#guest.__fibers_refuse?.(call, codeString, newString(this.#guest, message));
    this.#guest.__fibers_release_strings();
  }

  #keep(fiber: number, kept: { message: string; error: unknown }): void {
    this.#errors.delete(fiber);
    this.#errors.set(fiber, kept);
    if (this.#errors.size <= MAX_ERRORS) return;
    const [oldest] = this.#errors.keys();
    this.#errors.delete(oldest as number);
  }

  /** The JavaScript error by which this fiber failed with this message; undefined when there is none. */
  errorOf(fiberId: number, message: string): unknown {
    const kept = this.#errors.get(fiberId >>> 0);
    return kept?.message === message ? kept.error : undefined;
  }
}

function cancelledReason(description: ImportDescription | undefined): FibersError {
  const name = description ? `${description.module}.${description.name}` : "an import";
  return new FibersError("E_CANCELLED", `the fiber that has called ${name} does not wait for it any more`);
}

/** A code as programs compare them: that of the error, when it has one. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : "E_IMPORT_REJECTED";
}

/** Name and message of an error, a text for anything else. */
function describeThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}

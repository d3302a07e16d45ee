/**
 * `HostCalls`: what the guest has asked of JavaScript and got no answer to: calls of suspending imports, and values of streams. To the guest
 * each is an operation, like a read.
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
import { describeError, isTrap } from "../trap.ts";
import { type Values, wrongResult } from "../values.ts";
import { Stream } from "./stream.ts";

/** Of so many rejections the JavaScript errors are kept, so that the failures that they have caused can name them; the oldest go. */
const MAX_ERRORS = 16_384;

export type HostFunction = (...values: never[]) => unknown;

// oxlint-disable-next-line typescript/unbound-method
const { then } = Promise.prototype;

/** So many calls that have ended are kept for the next ones. */
const MAX_SPARE = 256;

/** Who answers a call, and what becomes of the answer. */
export interface Answerer {
  /** What messages say of it, before "rejected". */
  readonly subject: string;
  /** The code of an error that has none. */
  readonly fallbackCode: string;
  /** The answer, or a promise of it. */
  ask(operation: Operation): unknown;
  /** Gives it to the guest. @returns the result of the operation */
  give(operation: Operation, answer: unknown): number;
  /** The error for an answer that throws this when it is read. */
  unreadable(thrown: unknown): FibersError;
  /** It has rejected, or what it has answered is not taken. */
  refused?(): void;
}

/** What the calls of one instance do with an answer. */
interface Answers {
  end(call: HostCall, answer: unknown, isRefused: boolean): void;
  take(call: HostCall): number;
}

/** A call, and what became of it. It is its own operation, and is used again once it was delivered: its functions are made only once. */
class HostCall implements Operation, Outcome {
  opcode = 0;
  slot = 0;
  generation = 0;
  handle = 0;
  argument = 0;
  pointer = 0;
  length = 0;
  answerer!: Answerer;
  /** Whether an answer would be taken: it was not answered before, nor given up. */
  isOpen = false;
  isRefused = false;
  answer: unknown = undefined;
  /** Made when the function asks for its signal. */
  controller: AbortController | undefined = undefined;
  readonly fulfil: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly #answers: Answers;

  constructor(answers: Answers) {
    this.fulfil = (value) => answers.end(this, value, false);
    this.reject = (error) => answers.end(this, error, true);
    this.#answers = answers;
  }

  take(): number {
    return this.#answers.take(this);
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

/** A suspending import. */
class ImportAnswerer implements Answerer {
  readonly subject: string;
  readonly fallbackCode = "E_IMPORT_REJECTED";
  readonly #description: ImportDescription;
  readonly #function: HostFunction;
  readonly #values: Values;
  readonly #takeArguments: () => unknown[];

  constructor(description: ImportDescription, called: HostFunction, values: Values, takeArguments: () => unknown[]) {
    this.#description = description;
    this.subject = `the import ${description.module}.${description.name}`;
    this.#function = called;
    this.#values = values;
    this.#takeArguments = takeArguments;
  }

  ask(): unknown {
    const lifted = this.#values.liftArguments(this.#description, this.#takeArguments());
    for (const value of lifted) if (value instanceof Stream) return this.#callWithStreams(lifted);
    return this.#function(...(lifted as never[]));
  }

  /** Calls a function that is given streams: when it rejects, it needs no more of them. */
  async #callWithStreams(lifted: unknown[]): Promise<unknown> {
    try {
      return await this.#function(...(lifted as never[]));
    } catch (error) {
      for (const value of lifted) if (value instanceof Stream) void value.return();
      throw error;
    }
  }

  give({ handle, pointer }: Operation, answer: unknown): number {
    if (this.#description.result !== "void") this.#values.give(this.#description, handle, pointer, answer);
    return 0;
  }

  unreadable(thrown: unknown): FibersError {
    return wrongResult(this.#description, `its result cannot be read: ${describeError(thrown)}`, thrown);
  }
}

export class HostCalls {
  readonly #parts: HostCallsParts;
  #guest!: GuestExports;
  #imports: ImportAnswerer[] = [];
  #arguments: unknown[] = [];
  #size = 0;
  readonly #answers: Answers;
  readonly #spare: HostCall[] = [];
  /** By the fiber's id. */
  readonly #errors = new Map<number, { message: string; error: unknown }>();

  constructor(parts: HostCallsParts) {
    this.#parts = parts;
    this.#answers = { end: this.#end, take: this.#take };
  }

  /** How many are not answered. */
  get size(): number {
    return this.#size;
  }

  /** The guest that makes them, and the functions that answer, in the order of the imports. */
  attach(guest: GuestExports, functions: HostFunction[]): void {
    this.#guest = guest;
    const takeArguments = () => {
      const values = this.#arguments;
      this.#arguments = [];
      return values;
    };
    const { imports, values } = this.#parts;
    this.#imports = functions.map(
      (called, i) => new ImportAnswerer(imports[i] as ImportDescription, called, values, takeArguments),
    );
  }

  /** The arguments of the call that the guest is about to make. */
  note(values: unknown[]): void {
    this.#arguments = values;
  }

  /** Makes the call of an import whose arguments were noted. @param pointer of its operation. @returns what is pending now */
  begin(memory: GuestMemory, pointer: number): Operation {
    const call = this.#open(memory, pointer);
    return this.#ask(call, this.#imports[call.handle] as Answerer);
  }

  /** Makes a call that this one answers. @returns what is pending now */
  ask(memory: GuestMemory, pointer: number, answerer: Answerer): Operation {
    return this.#ask(this.#open(memory, pointer), answerer);
  }

  #open(memory: GuestMemory, pointer: number): HostCall {
    const call = this.#spare.pop() ?? new HostCall(this.#answers);
    memory.readOperation(pointer, call);
    call.isOpen = true;
    this.#size++;
    return call;
  }

  #ask(call: HostCall, answerer: Answerer): Operation {
    call.answerer = answerer;
    const outer = beginning;
    beginning = call;
    try {
      const answer = answerer.ask(call);
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

  /** Nobody waits any more for a call that was made here. One that is answered already has nothing to give up. */
  cancel(operation: Operation): void {
    const call = operation as HostCall;
    if (!call.isOpen) return;
    call.isOpen = false;
    this.#size--;
    const { controller, answerer } = call;
    // Listeners are the user's code, and the guest is on the stack.
    if (controller) queueMicrotask(() => controller.abort(cancelledReason(answerer)));
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

  #give(call: HostCall, answer: unknown): number {
    try {
      return call.answerer.give(call, answer);
    } catch (error) {
      return this.#refuse(call, this.#whyNot(call.answerer, error));
    }
  }

  /** Why an answer cannot be given: it is of another type, it cannot be read, or the guest has no room for it. */
  #whyNot(answerer: Answerer, error: unknown): FibersError {
    if (error instanceof FibersError) return error;
    return isTrap(error) ? this.#parts.recover(error) : answerer.unreadable(error);
  }

  /** Tells the guest code and message, and keeps the error for whoever sees the failure. */
  #refuse({ answerer, pointer, argument }: HostCall, error: unknown): number {
    const message =
      error instanceof FibersError ? error.message : `${answerer.subject} rejected: ${describeError(error)}`;
    answerer.refused?.();
    try {
      this.#write(pointer, codeOf(error, answerer), message);
    } catch (trap) {
      // No room for a sentence. To recover gives back a reserve.
      const { code } = this.#parts.recover(trap);
      this.#write(pointer, code, "no memory is left for the answer of an import");
    }
    this.#keep(argument, { message, error });
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

function cancelledReason({ subject }: Answerer): FibersError {
  return new FibersError("E_CANCELLED", `the fiber that has called ${subject} does not wait for it any more`);
}

/** A code as programs compare them: that of the error, when it has one. */
function codeOf(error: unknown, { fallbackCode }: Answerer): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : fallbackCode;
}

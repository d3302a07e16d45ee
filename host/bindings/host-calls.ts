/**
 * `HostCalls`: what the guest has asked of JavaScript and got no answer to: calls of suspending imports, and values of streams. To the guest
 * each is an operation, like a read.
 *
 * - The JavaScript function is called inside the turn, when the fiber calls it; what comes of it is delivered with a later turn, in
 *   the order in which it came, even when it is not a promise.
 * - A call whose fiber was cancelled is forgotten; its signal is aborted when the turn is over. What it answers later goes nowhere.
 */
import { type GuestExports, newString, type Operation, PENDING } from "../abi.ts";
import type { Outcome } from "../driver.ts";
import { Errno } from "../errno.ts";
import { FibersError } from "../errors.ts";
import type { ImportDescription } from "../section.ts";
import type { Values } from "../values.ts";
import { Stream } from "./stream.ts";

/** Of so many rejections the JavaScript errors are kept, so that the failures that they have caused can name them; the oldest go. */
const MAX_ERRORS = 16_384;

export type HostFunction = (...values: never[]) => unknown;

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
  /** It has rejected, or what it has answered is not taken. */
  refused?(): void;
}

/** What the calls of one instance do with an answer. */
interface Answers {
  /** @returns the result of the operation */
  give(call: HostCall, answer: unknown): number;
  refuse(call: HostCall, error: unknown): number;
  end(call: HostCall): void;
}

/** A call, and what became of it. */
class HostCall implements Outcome {
  readonly operation: Operation;
  readonly answerer: Answerer;
  /** Made when the function asks for its signal. */
  controller: AbortController | undefined;
  readonly #answers: Answers;
  #answer: unknown;
  #isRefused = false;

  constructor(operation: Operation, answerer: Answerer, answers: Answers) {
    this.operation = operation;
    this.answerer = answerer;
    this.#answers = answers;
  }

  fulfil(value: unknown): void {
    this.#answer = value;
    this.#answers.end(this);
  }

  reject(error: unknown): void {
    this.#answer = error;
    this.#isRefused = true;
    this.#answers.end(this);
  }

  await(answer: object): void {
    const promise = answer instanceof Promise ? (answer as Promise<unknown>) : Promise.resolve(answer);
    promise.then(
      (value: unknown) => this.fulfil(value),
      (error: unknown) => this.reject(error),
    );
  }

  take(): number {
    const { give, refuse } = this.#answers;
    return (this.#isRefused ? refuse : give)(this, this.#answer);
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
    const values = this.#takeArguments();
    const lifted = this.#values.liftArguments(this.#description, values);
    const streams = lifted.filter((value) => value instanceof Stream);
    const call = (): unknown => this.#function(...(lifted as never[]));
    return streams.length ? callWith(streams, call) : call();
  }

  give({ handle, pointer }: Operation, answer: unknown): number {
    if (this.#description.result !== "void") this.#values.give(this.#description, handle, pointer, answer);
    return 0;
  }
}

/** Calls a function that is given streams: when it rejects, it needs no more of them. */
async function callWith(streams: Stream[], call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    for (const stream of streams) void stream.return();
    throw error;
  }
}

export class HostCalls {
  readonly #parts: HostCallsParts;
  #guest!: GuestExports;
  #imports: ImportAnswerer[] = [];
  #arguments: unknown[] = [];
  /** Those that are not answered, by the slots of their operations. */
  readonly #pending: (HostCall | undefined)[] = [];
  #size = 0;
  readonly #answers: Answers;
  /** By the fiber's id. */
  readonly #errors = new Map<number, { message: string; error: unknown }>();

  constructor(parts: HostCallsParts) {
    this.#parts = parts;
    this.#answers = {
      give: (call, answer) => this.#give(call, answer),
      refuse: (call, error) => this.#refuse(call, error),
      end: (call) => {
        if (this.#forget(call)) this.#parts.complete(call.operation, call);
      },
    };
  }

  /** How many are not answered. */
  get size(): number {
    return this.#size;
  }

  /** The guest that makes them, and the functions that answer, in the order of the imports. */
  attach(guest: GuestExports, functions: HostFunction[]): void {
    this.#guest = guest;
    const takeArguments = () => this.#arguments.splice(0);
    const { imports, values } = this.#parts;
    this.#imports = functions.map(
      (called, i) => new ImportAnswerer(imports[i] as ImportDescription, called, values, takeArguments),
    );
  }

  /** The arguments of the call that the guest is about to make. */
  note(values: unknown[]): void {
    this.#arguments = values;
  }

  /** Makes the call of an import whose arguments were noted. */
  begin(operation: Operation): number {
    return this.ask(operation, this.#imports[operation.handle] as Answerer);
  }

  /** Makes a call that this one answers. */
  ask(operation: Operation, answerer: Answerer): number {
    const call = new HostCall(operation, answerer, this.#answers);
    this.#pending[operation.slot] = call;
    this.#size++;
    const outer = beginning;
    beginning = call;
    try {
      const answer = answerer.ask(operation);
      if ((typeof answer === "object" && answer !== null) || typeof answer === "function") call.await(answer);
      else call.fulfil(answer);
    } catch (error) {
      call.reject(error);
    } finally {
      beginning = outer;
    }
    return PENDING;
  }

  /** False: it was answered or cancelled before, and its slot may be another's. */
  #forget(call: HostCall): boolean {
    const { slot } = call.operation;
    if (this.#pending[slot] !== call) return false;
    this.#pending[slot] = undefined;
    this.#size--;
    return true;
  }

  /** Forgets a call. Also one that was answered, and not delivered. */
  cancel({ slot, generation }: Operation): void {
    const call = this.#pending[slot];
    if (call?.operation.generation === generation) this.#abandon(call);
  }

  #abandon(call: HostCall): void {
    this.#forget(call);
    const { controller, answerer } = call;
    // Listeners are the user's code, and the guest is on the stack.
    if (controller) queueMicrotask(() => controller.abort(cancelledReason(answerer)));
  }

  /** Forgets all of them. */
  close(): void {
    for (const call of this.#pending) if (call) this.#abandon(call);
  }

  #give(call: HostCall, answer: unknown): number {
    try {
      return call.answerer.give(call.operation, answer);
    } catch (error) {
      return this.#refuse(call, error instanceof FibersError ? error : this.#parts.recover(error));
    }
  }

  /** Tells the guest code and message, and keeps the error for whoever sees the failure. */
  #refuse({ operation, answerer }: HostCall, error: unknown): number {
    const message =
      error instanceof FibersError ? error.message : `${answerer.subject} rejected: ${describeThrown(error)}`;
    answerer.refused?.();
    try {
      this.#write(operation.pointer, codeOf(error, answerer), message);
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

function cancelledReason({ subject }: Answerer): FibersError {
  return new FibersError("E_CANCELLED", `the fiber that has called ${subject} does not wait for it any more`);
}

/** A code as programs compare them: that of the error, when it has one. */
function codeOf(error: unknown, { fallbackCode }: Answerer): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : fallbackCode;
}

/** Name and message of an error, a text for anything else. */
function describeThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}

/** The calls from JavaScript that have not ended, by the number that the guest gave them. */
import type { Sink } from "./bindings/stream.ts";
import { FibersError } from "./errors.ts";
import type { ExportDescription } from "./section.ts";

export interface PendingCall {
  description: ExportDescription;
  resolve(value: unknown): void;
  reject(error: Error): void;
  /** By which JavaScript can cancel it. */
  signal: AbortSignal | undefined;
  /** Where the values of the channel go that it returns. */
  sink: Sink | undefined;
  /** No more of that. */
  forgetSignal: (() => void) | undefined;
}

/** The last argument of a call, behind those that the function takes. */
export interface CallOptions {
  /** Aborting it cancels the fiber of the call, whose cleanups run; the promise then rejects with E_CANCELLED. */
  signal?: AbortSignal | undefined;
}

export class Calls {
  /** The guest gives small numbers first, and again. */
  #pending: (PendingCall | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(call: number, pending: PendingCall): void {
    this.#pending[call] = pending;
    this.#size++;
  }

  /** The call, which is pending no more. Undefined when it was rejected before. */
  take(call: number): PendingCall | undefined {
    const pending = this.#pending[call];
    if (!pending) return undefined;
    this.#pending[call] = undefined;
    this.#size--;
    pending.forgetSignal?.();
    return pending;
  }

  /** Whether this call is still the one of this number. */
  isPending(call: number, pending: PendingCall): boolean {
    return this.#pending[call] === pending;
  }

  /** Rejects them all, each with an error of its own. */
  rejectAll(makeError: () => Error): void {
    const calls = this.#pending;
    this.#pending = [];
    this.#size = 0;
    for (const pending of calls) {
      pending?.forgetSignal?.();
      pending?.reject(makeError());
    }
  }
}

/** Takes the options from the end of a call's arguments, and what is undefined there beyond those that it needs. */
export function splitOptions(
  { required }: ExportDescription,
  values: readonly unknown[],
): { values: unknown[]; signal: AbortSignal | undefined } {
  const last = values.at(-1);
  if (last !== undefined && (typeof last !== "object" || last === null))
    return { values: values as unknown[], signal: undefined };
  const isGiven = isCallOptions(last);
  const given = isGiven ? values.slice(0, -1) : [...values];
  while (given.length > required && given.at(-1) === undefined) given.pop();
  return { values: given, signal: isGiven ? last.signal : undefined };
}

/** No value of AssemblyScript is an AbortSignal, so nothing else looks like it. */
function isCallOptions(value: unknown): value is CallOptions {
  if (typeof value !== "object" || value === null || !("signal" in value)) return false;
  const { signal } = value;
  return (signal === undefined || signal instanceof AbortSignal) && Object.keys(value).length === 1;
}

/** Why a call was cancelled, in words. */
export function describeAbort({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : String(reason);
}

/** The error for a call that was cancelled before it began. */
export function cancelledError(signal: AbortSignal): FibersError {
  return new FibersError("E_CANCELLED", describeAbort(signal), { cause: signal.reason });
}

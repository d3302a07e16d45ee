/** The calls from JavaScript that have not ended, by the number that the guest gave them. */
import type { ExportDescription } from "./section.ts";
import type { PlainValue } from "./values.ts";

export interface PendingCall {
  description: ExportDescription;
  resolve(value: PlainValue | undefined): void;
  reject(error: Error): void;
}

export class Calls {
  #pending = new Map<number, PendingCall>();

  get size(): number {
    return this.#pending.size;
  }

  add(call: number, pending: PendingCall): void {
    this.#pending.set(call, pending);
  }

  /** The call, which is pending no more. Undefined when it was rejected before. */
  take(call: number): PendingCall | undefined {
    const pending = this.#pending.get(call);
    this.#pending.delete(call);
    return pending;
  }

  /** Rejects them all, each with an error of its own. */
  rejectAll(makeError: () => Error): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(makeError());
  }
}

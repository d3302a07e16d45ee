/** The one write of a stream that waits until the system has taken it; and why writes are refused. */
import { type Operation, PENDING } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Errno } from "../../errno.ts";

export class Outbox {
  readonly #sink: DriverSink;
  #writer: Operation | undefined;
  /** The writer's operation has ended and is not taken yet: until then it can be cancelled. */
  #isComplete = false;
  /** Why writes are refused: an errno; 0 while they are not. */
  #refusal = 0;

  constructor(sink: DriverSink) {
    this.#sink = sink;
  }

  /** The operation that waits for the system; undefined when none does. */
  get waiting(): Operation | undefined {
    return this.#isComplete ? undefined : this.#writer;
  }

  /** Why a new write cannot begin: a negative errno; 0 when it can. */
  get obstacle(): number {
    return this.#writer ? -Errno.EBUSY : 0 - this.#refusal;
  }

  /** Why nothing can be written any more: a negative errno; 0 when something can. */
  get end(): number {
    return 0 - this.#refusal;
  }

  /** This write waits. @returns PENDING */
  wait(operation: Operation): number {
    this.#writer = operation;
    return PENDING;
  }

  /** The write that waits has ended. */
  complete(result: number): void {
    const operation = this.waiting;
    if (!operation) return;
    this.#isComplete = true;
    const take = () => {
      this.#leave();
      return result;
    };
    this.#sink.complete(operation, { take });
  }

  /** Refuses all writes from now on, and ends the one that waits. The first reason counts. */
  refuse(errno: number): void {
    this.#refusal ||= errno;
    this.complete(-errno);
  }

  /** No more writes, by the program's own wish; the one that waits goes on. */
  shutdown(): void {
    this.#refusal ||= Errno.EPIPE;
  }

  /** Forgets this write, if it is the stream's; nobody knows then how much of it went out. */
  cancel(operation: Operation): void {
    if (operation !== this.#writer) return;
    this.shutdown();
    this.#leave();
  }

  #leave(): void {
    this.#writer = undefined;
    this.#isComplete = false;
  }
}

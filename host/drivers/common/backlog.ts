/**
 * What has come to a socket and the program has not taken yet, connections or datagrams, and the operations that wait for it. First come,
 * first served on both sides.
 */
import { type Operation, PENDING } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Errno } from "../../errno.ts";

/** Where a connection is taken to. */
const NO_BYTES = new Uint8Array();

export class Backlog<Item> {
  readonly #sink: DriverSink;
  readonly #give: (item: Item, into: Uint8Array) => number;
  #items: Item[] = [];
  /** Operations that have ended and are not taken yet: as many items are theirs. */
  #promised = new Set<Operation>();
  #waiting: Operation[] = [];

  /** @param give gives one to the program, which takes it; the result of the operation */
  constructor(sink: DriverSink, give: (item: Item, into: Uint8Array) => number) {
    this.#sink = sink;
    this.#give = give;
  }

  /** Whether there is one that nobody was promised. */
  get hasSpare(): boolean {
    return this.#items.length > this.#promised.size;
  }

  /** Whether an operation waits for one. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0;
  }

  /** The operation that has waited longest ends with this result. */
  fail(result: number): void {
    const operation = this.#waiting.shift();
    if (operation) this.#sink.complete(operation, result);
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#serve();
  }

  /** The oldest waiting operation gets what nobody else was promised. */
  #serve(): void {
    if (!this.hasSpare) return;
    const operation = this.#waiting.shift();
    if (!operation) return;
    this.#promised.add(operation);
    this.#sink.complete(operation, {
      take: (into) => {
        this.#promised.delete(operation);
        return this.#take(into);
      },
    });
  }

  #take(into: Uint8Array): number {
    const item = this.#items.shift();
    return item === undefined ? -Errno.EBADF : this.#give(item, into);
  }

  /** Begins to wait for one, unless there is one. */
  take(operation: Operation, into: Uint8Array = NO_BYTES): number {
    if (this.hasSpare) return this.#take(into);
    this.#waiting.push(operation);
    return PENDING;
  }

  cancel(operation: Operation): void {
    // What it was promised goes to the next in line.
    if (this.#promised.delete(operation)) this.#serve();
    else this.#waiting = this.#waiting.filter((waiting) => waiting !== operation);
  }

  /** Ends what waits with -EBADF. @returns what nobody has taken */
  close(): Item[] {
    for (const operation of this.#waiting.splice(0)) this.#sink.complete(operation, -Errno.EBADF);
    return this.#items.splice(0);
  }
}

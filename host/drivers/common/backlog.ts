/**
 * The connections of a listener that the program has not accepted yet, and the operations that wait for one. First come, first served
 * on both sides.
 */
import { type Operation, PENDING } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Errno } from "../../errno.ts";

export class Backlog<Connection> {
  readonly #sink: DriverSink;
  readonly #open: (connection: Connection) => number;
  #connections: Connection[] = [];
  /** Operations that have ended and are not taken yet: as many connections are theirs. */
  #promised = new Set<Operation>();
  #waiting: Operation[] = [];

  /** @param open gives a connection its handle, when the program takes it */
  constructor(sink: DriverSink, open: (connection: Connection) => number) {
    this.#sink = sink;
    this.#open = open;
  }

  /** Whether there is a connection that nobody was promised. */
  get hasSpare(): boolean {
    return this.#connections.length > this.#promised.size;
  }

  /** Whether an operation waits for a connection. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0;
  }

  /** The operation that has waited longest ends with this result. */
  fail(result: number): void {
    const operation = this.#waiting.shift();
    if (operation) this.#sink.complete(operation, result);
  }

  add(connection: Connection): void {
    this.#connections.push(connection);
    this.#serve();
  }

  /** The oldest waiting operation gets the connection that nobody else was promised. */
  #serve(): void {
    if (!this.hasSpare) return;
    const operation = this.#waiting.shift();
    if (!operation) return;
    this.#promised.add(operation);
    this.#sink.complete(operation, {
      take: () => {
        this.#promised.delete(operation);
        return this.#take();
      },
    });
  }

  #take(): number {
    const connection = this.#connections.shift();
    return connection === undefined ? -Errno.EBADF : this.#open(connection);
  }

  accept(operation: Operation): number {
    if (this.hasSpare) return this.#take();
    this.#waiting.push(operation);
    return PENDING;
  }

  cancel(operation: Operation): void {
    // What it was promised goes to the next in line.
    if (this.#promised.delete(operation)) this.#serve();
    else this.#waiting = this.#waiting.filter((waiting) => waiting !== operation);
  }

  /** Ends what waits with -EBADF. @returns the connections that nobody has taken */
  close(): Connection[] {
    for (const operation of this.#waiting.splice(0)) this.#sink.complete(operation, -Errno.EBADF);
    return this.#connections.splice(0);
  }
}

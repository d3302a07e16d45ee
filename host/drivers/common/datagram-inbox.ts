/** The datagrams that have come to a UDP socket and nobody has received yet, and the operations that wait for one. */
import { type Correspondent, type Operation, writeDatagram } from "../../abi.ts";
import type { DriverSink } from "../../driver.ts";
import { Backlog } from "./backlog.ts";

/** So much is kept; what comes beyond it is lost, as in a system's own buffer. */
const LIMIT = 1 << 20;
/** What a datagram counts beyond its bytes: empty ones are limited too. */
const OVERHEAD = 256;

interface Datagram {
  bytes: Uint8Array;
  sender: Correspondent;
}

export class DatagramInbox {
  readonly #backlog: Backlog<Datagram>;
  #kept = 0;

  constructor(sink: DriverSink) {
    this.#backlog = new Backlog(sink, ({ bytes, sender }, into) => {
      this.#kept -= bytes.length + OVERHEAD;
      return writeDatagram(into, bytes, sender);
    });
  }

  /** Whether there is a datagram that nobody was promised. */
  get hasSpare(): boolean {
    return this.#backlog.hasSpare;
  }

  /** Whether an operation waits for one. */
  get isAwaited(): boolean {
    return this.#backlog.isAwaited;
  }

  /** One has come. Its bytes belong to the inbox. */
  add(bytes: Uint8Array, sender: Correspondent): void {
    const cost = bytes.length + OVERHEAD;
    if (this.#kept + cost > LIMIT) return;
    this.#kept += cost;
    this.#backlog.add({ bytes, sender });
  }

  /** The operation that has waited longest ends with this result. */
  fail(result: number): void {
    this.#backlog.fail(result);
  }

  receive(operation: Operation, into: Uint8Array): number {
    return this.#backlog.take(operation, into);
  }

  cancel(operation: Operation): void {
    this.#backlog.cancel(operation);
  }

  /** Ends what waits with -EBADF. */
  close(): void {
    this.#backlog.close();
  }
}

/** What stands behind the descriptors of a program: the standard streams, listeners, connections, and what the base has opened. */
import { ERRNO_BADF, WasiError } from "./errno.ts";
import type { FdStat, FileStat } from "./layout.ts";
import type { Interest } from "./waiter.ts";

/** An open descriptor. What is wrong is thrown, as a WasiError or as Node throws it. */
export interface Descriptor {
  /** The process's own, by which the system can watch it; -1 for one that knows by itself whether it is ready: see `probe`. */
  readonly systemFd: number;
  /** FDFLAGS_NONBLOCK or 0. */
  flags: number;
  /** Looks whether it is ready, without waiting. */
  probe(interest: Interest): void;
  close(): void;
}

/** One that we serve ourselves. */
export interface Stream extends Descriptor {
  readonly kind: "stdio" | "listener" | "connection";
  /** Brings at least one byte, or 0 at the end. Throws ERRNO_AGAIN when it would have to wait. */
  read(into: Uint8Array): number;
  /** How many it has taken, at least one. Throws ERRNO_AGAIN when it would have to wait. */
  write(from: Uint8Array): number;
  fdStat(): FdStat;
  fileStat(): FileStat;
}

export interface Connection extends Stream {
  readonly kind: "connection";
  /** As `read`; with `isPeek`, the bytes stay. */
  receive(into: Uint8Array, isPeek: boolean): number;
  /** SDFLAGS_RD, SDFLAGS_WR or both. */
  shutdown(how: number): void;
}

export interface Listener extends Stream {
  readonly kind: "listener";
  readonly port: number;
  /** The oldest connection that waits. Throws ERRNO_AGAIN when there is none. */
  accept(): Connection;
}

/** How listeners come about, which is another matter for each way of waiting. */
export interface Sockets {
  listen(address: { host: string; port: number }): Promise<Listener>;
  close(): void;
}

/** A descriptor of the base, under its number there. It counts as ready: what a base opens are files. */
export class BaseDescriptor implements Descriptor {
  readonly systemFd = -1;
  flags = 0;
  readonly #bytesLeft: (fd: number) => number;

  /** @param bytesLeft how many bytes are behind the position in a file of the base */
  constructor(
    readonly baseFd: number,
    bytesLeft: (fd: number) => number,
  ) {
    this.#bytesLeft = bytesLeft;
  }

  probe(interest: Interest): void {
    interest.isReady = true;
    interest.nbytes = interest.isWrite ? 0 : this.#bytesLeft(this.baseFd);
  }

  close(): void {}
}

const FIRST_FREE = 3;

/** The program's table of descriptors. */
export class Descriptors {
  readonly #open = new Map<number, Descriptor>();

  get(fd: number): Descriptor | undefined {
    return this.#open.get(fd);
  }

  /** Throws ERRNO_BADF for one that is not open. */
  require(fd: number): Descriptor {
    const descriptor = this.#open.get(fd);
    if (!descriptor) throw new WasiError(ERRNO_BADF);
    return descriptor;
  }

  set(fd: number, descriptor: Descriptor): void {
    this.#open.set(fd, descriptor);
  }

  /** Under the lowest number that is free. @returns that */
  add(descriptor: Descriptor): number {
    let fd = FIRST_FREE;
    while (this.#open.has(fd)) fd++;
    this.#open.set(fd, descriptor);
    return fd;
  }

  delete(fd: number): void {
    this.#open.delete(fd);
  }

  closeAll(): void {
    for (const descriptor of this.#open.values()) descriptor.close();
    this.#open.clear();
  }
}

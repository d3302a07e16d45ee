/** The open sockets of a driver, by the numbers that the program knows them by. No number is used twice. */
import { Errno } from "../../errno.ts";

/** What can be open. */
export interface Closable {
  /** The program is done with it. */
  close(): void;
  /** At once, whatever is on its way. */
  destroy(): void;
}

/** 0, 1 and 2 are the standard streams. */
const FIRST = 3;

export class Handles<Stream extends Closable, Listener extends Closable, Datagrams extends Closable> {
  readonly #streams = new Map<number, Stream>();
  readonly #listeners = new Map<number, Listener>();
  readonly #datagrams = new Map<number, Datagrams>();
  #next = FIRST;

  addStream(stream: Stream): number {
    this.#streams.set(this.#next, stream);
    return this.#next++;
  }

  addListener(listener: Listener): number {
    this.#listeners.set(this.#next, listener);
    return this.#next++;
  }

  addDatagrams(socket: Datagrams): number {
    this.#datagrams.set(this.#next, socket);
    return this.#next++;
  }

  stream(handle: number): Stream | undefined {
    return this.#streams.get(handle);
  }

  listener(handle: number): Listener | undefined {
    return this.#listeners.get(handle);
  }

  datagrams(handle: number): Datagrams | undefined {
    return this.#datagrams.get(handle);
  }

  close(handle: number): number {
    const opened = this.#streams.get(handle) ?? this.#listeners.get(handle) ?? this.#datagrams.get(handle);
    if (!opened) return -Errno.EBADF;
    this.#streams.delete(handle);
    this.#listeners.delete(handle);
    this.#datagrams.delete(handle);
    opened.close();
    return 0;
  }

  destroyAll(): void {
    const all = [...this.#streams.values(), ...this.#listeners.values(), ...this.#datagrams.values()];
    for (const opened of all) opened.destroy();
    this.#streams.clear();
    this.#listeners.clear();
    this.#datagrams.clear();
  }
}

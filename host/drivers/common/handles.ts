/** The open streams and listeners of a driver, by the numbers that the program knows them by. No number is used twice. */
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

export class Handles<Stream extends Closable, Listener extends Closable> {
  readonly #streams = new Map<number, Stream>();
  readonly #listeners = new Map<number, Listener>();
  #next = FIRST;

  addStream(stream: Stream): number {
    this.#streams.set(this.#next, stream);
    return this.#next++;
  }

  addListener(listener: Listener): number {
    this.#listeners.set(this.#next, listener);
    return this.#next++;
  }

  stream(handle: number): Stream | undefined {
    return this.#streams.get(handle);
  }

  listener(handle: number): Listener | undefined {
    return this.#listeners.get(handle);
  }

  close(handle: number): number {
    const opened = this.#streams.get(handle) ?? this.#listeners.get(handle);
    if (!opened) return -Errno.EBADF;
    this.#streams.delete(handle);
    this.#listeners.delete(handle);
    opened.close();
    return 0;
  }

  destroyAll(): void {
    for (const opened of [...this.#streams.values(), ...this.#listeners.values()]) opened.destroy();
    this.#streams.clear();
    this.#listeners.clear();
  }
}

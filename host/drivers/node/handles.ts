/** The open streams and listeners of a driver, by the numbers that the program knows them by. No number is used twice. */
import { Errno } from "../../errno.ts";
import type { NodeListener } from "./listener.ts";
import { NodeStream } from "./stream.ts";

/** 0, 1 and 2 are the standard streams. */
const FIRST = 3;

export class Handles {
  readonly #open = new Map<number, NodeStream | NodeListener>();
  #next = FIRST;

  add(opened: NodeStream | NodeListener): number {
    this.#open.set(this.#next, opened);
    return this.#next++;
  }

  stream(handle: number): NodeStream | undefined {
    const found = this.#open.get(handle);
    return found instanceof NodeStream ? found : undefined;
  }

  listener(handle: number): NodeListener | undefined {
    const found = this.#open.get(handle);
    return found instanceof NodeStream ? undefined : found;
  }

  close(handle: number): number {
    const found = this.#open.get(handle);
    if (!found) return -Errno.EBADF;
    this.#open.delete(handle);
    found.close();
    return 0;
  }

  destroyAll(): void {
    for (const opened of this.#open.values()) opened.destroy();
    this.#open.clear();
  }
}

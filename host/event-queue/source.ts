/** What an event queue makes and watches: a descriptor of its own, which never waits. */
import { FibersError } from "../errors.ts";
import { EINTR, systemError } from "./c-library.ts";
import { wouldBlock } from "./descriptor-calls.ts";
import type { NetworkCalls } from "./sockets.ts";
import type { DescriptorCalls } from "./descriptor-calls.ts";
import type { Selector } from "./selector.ts";

/** What `read`, `write` and their like return when they would have to wait. */
export const WOULD_BLOCK = -1;

/** What a source needs of the queue that has made it. */
export interface SourceOwner {
  readonly selector: Selector;
  readonly calls: NetworkCalls & DescriptorCalls;
  /** It was closed. */
  forget(source: Source): void;
}

/** A descriptor that an event queue has made, and closes. What would have to wait returns `WOULD_BLOCK`. */
export abstract class Source {
  /** What it is, for messages. */
  abstract readonly kind: string;
  readonly #owner: SourceOwner;
  #fd: number;

  /** @internal */
  constructor(owner: SourceOwner, fd: number) {
    this.#owner = owner;
    this.#fd = fd;
  }

  /** Its descriptor. @throws E_CLOSED */
  get fd(): number {
    if (this.#fd < 0) throw new FibersError("E_CLOSED", `this ${this.kind} is closed`);
    return this.#fd;
  }

  /** Whether it was closed. */
  get isClosed(): boolean {
    return this.#fd < 0;
  }

  /** Deregisters and closes it. What was written goes out. */
  close(): void {
    if (this.#fd < 0) return;
    const { selector, calls } = this.#owner;
    if (!selector.isClosed && selector.has(this.#fd)) selector.deregister(this.#fd);
    calls.close(this.#fd);
    this.#fd = -1;
    this.#owner.forget(this);
  }

  protected get owner(): SourceOwner {
    return this.#owner;
  }

  /**
   * What a call has returned: a number from 0, or WOULD_BLOCK, and then an edge is told the next arrival.
   * @throws what the system says
   */
  protected outcome(what: string, result: number, direction: number): number {
    if (result >= 0) return result;
    if (!wouldBlock(result)) throw systemError(`${what} (${this.kind})`, result);
    this.#owner.selector.exhausted(this.fd, direction);
    return WOULD_BLOCK;
  }
}

/** Repeats a call that a signal has interrupted. */
export function uninterrupted(call: () => number): number {
  for (;;) {
    const result = call();
    if (result !== -EINTR) return result;
  }
}

/**
 * One direction of a simulated connection: bytes, and at last an end or a reset, that arrive in order after a latency.
 *
 * The window is what is under way and what has arrived unread, together: a reader that does not read stops the writer.
 */
import { Errno } from "../../errno.ts";

/** Who reads. */
export interface PipeEnd {
  /** Bytes that have arrived and are not read. */
  readonly unread: number;
  add(bytes: Uint8Array): void;
  /** 0: the end; else an errno. */
  end(errno: number): void;
}

/** Plans an action for later, in nanoseconds. */
export type After = (nanoseconds: number, action: () => void) => void;

export interface PipeOptions {
  latency: number;
  window: number;
}

export class Pipe {
  readonly #after: After;
  readonly #options: PipeOptions;
  #reader: PipeEnd | undefined;
  #underWay = 0;
  #isEnded = false;
  #isAbandoned = false;
  /** Called when there may be room again. */
  onRoom: () => void = () => {};
  /** Called when bytes arrive that nobody will read. */
  onAbandoned: () => void = () => {};

  constructor(after: After, options: PipeOptions) {
    this.#after = after;
    this.#options = options;
  }

  /** Says who reads. Called once, before anything arrives. */
  attach(reader: PipeEnd): void {
    this.#reader = reader;
  }

  /** Sends as many of the bytes as there is room for: a copy. @returns how many */
  send(bytes: Uint8Array): number {
    if (this.#isEnded) return 0;
    const room = this.#options.window - this.#underWay - (this.#isAbandoned ? 0 : (this.#reader?.unread ?? 0));
    const count = Math.max(0, Math.min(room, bytes.length));
    if (!count) return 0;
    const chunk = Uint8Array.from(bytes.subarray(0, count));
    this.#underWay += count;
    this.#after(this.#options.latency, () => this.#arrive(chunk));
    return count;
  }

  #arrive(chunk: Uint8Array): void {
    this.#underWay -= chunk.length;
    if (this.#isAbandoned) this.onAbandoned();
    else this.#reader?.add(chunk);
    this.onRoom();
  }

  /** Nothing more comes; the reader is told behind what is under way. 0: the end; else an errno. */
  end(errno = 0): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#after(this.#options.latency, () => {
      if (!this.#isAbandoned) this.#reader?.end(errno);
    });
  }

  /** The reader has read. */
  noteRead(): void {
    this.onRoom();
  }

  /** The reader is gone. */
  abandon(): void {
    this.#isAbandoned = true;
    this.onRoom();
  }
}

/** One end of a connection. */
export interface Endpoint {
  incoming: Pipe;
  outgoing: Pipe;
  /** Address and port of the other end. */
  peer: string;
}

/** The two ends of a new connection. */
export function connectPair(
  after: After,
  options: PipeOptions,
  addresses: { client: string; server: string },
): { client: Endpoint; server: Endpoint } {
  const there = new Pipe(after, options);
  const back = new Pipe(after, options);
  // Who sends to an end that is closed gets a reset back.
  there.onAbandoned = () => back.end(Errno.ECONNRESET);
  back.onAbandoned = () => there.end(Errno.ECONNRESET);
  return {
    client: { incoming: back, outgoing: there, peer: addresses.server },
    server: { incoming: there, outgoing: back, peer: addresses.client },
  };
}

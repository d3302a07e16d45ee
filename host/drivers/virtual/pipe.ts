/**
 * One direction of a simulated connection: bytes, and at last an end or a reset, that arrive in order after a latency.
 *
 * The window is what is under way and what has arrived unread, together: a reader that does not read stops the writer.
 */
import { Errno } from "../../errno.ts";
import type { Way } from "./link.ts";

/** Who reads. */
export interface PipeEnd {
  /** Bytes that have arrived and are not read. */
  readonly unread: number;
  add(bytes: Uint8Array): void;
  /** 0: the end; else an errno. */
  end(errno: number): void;
}

/** The clock of a simulated world, in nanoseconds. */
export interface Clock {
  now(): number;
  /** Plans an action for later. */
  after(nanoseconds: number, action: () => void): void;
}

export interface PipeOptions {
  window: number;
}

export class Pipe {
  readonly #clock: Clock;
  readonly #options: PipeOptions;
  readonly #way: Way;
  #reader: PipeEnd | undefined;
  #underWay = 0;
  /** What is sent at one time travels together. */
  #batch: Uint8Array[] = [];
  #batchTime = -1;
  #isEnded = false;
  #isReset = false;
  #isAbandoned = false;
  /** What is sent goes nowhere. */
  #isMuted = false;
  /** Called when there may be room again. */
  onRoom: () => void = () => {};
  /** Called when bytes arrive that nobody will read. */
  onAbandoned: () => void = () => {};
  /** Called when bytes could not arrive for too long. */
  onLost: () => void = () => {};

  constructor(clock: Clock, options: PipeOptions, way: Way) {
    this.#clock = clock;
    this.#options = options;
    this.#way = way;
  }

  /** Says who reads. Called once, before anything arrives. */
  attach(reader: PipeEnd): void {
    this.#reader = reader;
  }

  /** Sends as many of the bytes as there is room for: a copy. @returns how many */
  send(bytes: Uint8Array): number {
    if (this.#isEnded) return 0;
    const { window } = this.#options;
    const room = window - this.#underWay - (this.#isAbandoned ? 0 : (this.#reader?.unread ?? 0));
    // Not in small pieces: a reader that takes a byte at a time would be sent a byte at a time.
    if (room < bytes.length && room < window / 4) return 0;
    const count = Math.min(room, bytes.length);
    this.#underWay += count;
    this.#depart(Uint8Array.from(bytes.subarray(0, count)));
    return count;
  }

  #depart(chunk: Uint8Array): void {
    const now = this.#clock.now();
    if (now === this.#batchTime) {
      this.#batch.push(chunk);
      return;
    }
    const batch = [chunk];
    this.#batch = batch;
    this.#batchTime = now;
    const lose = () => this.onLost();
    this.#way.send(chunk.length, () => this.#arrive(Buffer.concat(batch)), lose);
  }

  #arrive(chunk: Uint8Array): void {
    this.#batchTime = -1;
    this.#underWay -= chunk.length;
    if (this.#isMuted) return;
    if (this.#isAbandoned) this.onAbandoned();
    else this.#reader?.add(chunk);
    this.onRoom();
  }

  /** Nothing more comes; the reader is told behind what is under way. 0: the end; else an errno: a reset, which may also follow an end. */
  end(errno = 0): void {
    if (errno ? this.#isReset : this.#isEnded) return;
    this.#isEnded = true;
    this.#isReset = errno !== 0;
    this.#batchTime = -1;
    const tell = () => {
      // That nobody is there is told by the system there, not by who was.
      if (!this.#isAbandoned && (errno || !this.#isMuted)) this.#reader?.end(errno);
    };
    this.#way.send(0, tell, () => {});
  }

  /** The connection is broken, and its reader is told at once. */
  break(errno: number): void {
    this.#isEnded = true;
    this.#isReset = true;
    if (!this.#isAbandoned) this.#reader?.end(errno);
  }

  /** The sender is gone without a word. */
  mute(): void {
    this.#isMuted = true;
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
  /** Of this end. */
  local: string;
}

/** A connection as a whole, with what lies between its ends. */
export interface Connection {
  client: Endpoint;
  server: Endpoint;
  /** From the client to the server, and back. */
  ways: { there: Way; back: Way };
}

/** The two ends of a new connection. */
export function connectPair(
  clock: Clock,
  options: PipeOptions,
  addresses: { client: string; server: string },
  ways: Connection["ways"],
): Connection {
  const there = new Pipe(clock, options, ways.there);
  const back = new Pipe(clock, options, ways.back);
  // Who sends to an end that is closed gets a reset back.
  there.onAbandoned = () => back.end(Errno.ECONNRESET);
  back.onAbandoned = () => there.end(Errno.ECONNRESET);
  there.onLost = () => back.break(Errno.ETIMEDOUT);
  back.onLost = () => there.break(Errno.ETIMEDOUT);
  return {
    ways,
    client: { incoming: back, outgoing: there, peer: addresses.server, local: addresses.client },
    server: { incoming: there, outgoing: back, peer: addresses.client, local: addresses.server },
  };
}

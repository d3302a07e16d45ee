/** `VirtualPeer`: an end of a simulated connection in the hands of a test. */
import { Errno } from "../../errno.ts";
import type { Clock, Endpoint } from "./pipe.ts";

/** An error with the code that Node would give. */
class NetworkError extends Error {
  override name = "NetworkError";
  readonly code: string;

  constructor(errno: number) {
    const code = Object.entries(Errno).find(([, number]) => number === errno)?.[0] ?? "EIO";
    super(`the simulated connection: ${code}`);
    this.code = code;
  }
}

interface Wait {
  isDone(): boolean;
  settle(): void;
}

/** What a test does with a connection. Nothing is read from the network before it is asked for: a peer that does not read is slow. */
export class VirtualPeer {
  readonly #endpoint: Endpoint;
  #chunks: Uint8Array[] = [];
  #unread = 0;
  /** 0: the end has come; an errno: a reset. */
  #end: number | undefined;
  /** Why nothing can be written: an errno; 0 while it can. A reset may follow an end. */
  #refusal = 0;
  #waits: Wait[] = [];
  #rest = new Uint8Array();
  #isEnding = false;
  #isClosed = false;

  readonly #clock: Clock | undefined;

  /** @internal @param clock for `pause` */
  constructor(endpoint: Endpoint, clock?: Clock) {
    this.#endpoint = endpoint;
    this.#clock = clock;
    const unread = () => this.#unread;
    endpoint.incoming.attach({
      get unread() {
        return unread();
      },
      add: (bytes) => {
        this.#chunks.push(bytes);
        this.#unread += bytes.length;
        this.#check();
      },
      end: (errno) => {
        this.#end ??= errno;
        this.#refusal ||= errno;
        this.#check();
      },
    });
    endpoint.outgoing.onRoom = () => this.#send();
  }

  /** Address and port of the program's end. */
  get remoteAddress(): string {
    return this.#endpoint.peer;
  }

  /** Bytes that have arrived and are not read. */
  get unread(): number {
    return this.#unread;
  }

  /** Sends all of it; resolves when the network has taken it. */
  async write(bytes: Uint8Array | string): Promise<void> {
    if (this.#isClosed || this.#isEnding) throw new NetworkError(Errno.EPIPE);
    const added = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
    this.#rest = Buffer.concat([this.#rest, added]);
    this.#send();
    await this.#until(() => !this.#rest.length || this.#isClosed || this.#refusal > 0);
    if (this.#refusal) throw new NetworkError(this.#refusal);
    if (this.#isClosed && this.#rest.length) throw new NetworkError(Errno.EPIPE);
  }

  /** Exactly so many bytes, or fewer at the end. Rejects with ECONNRESET when the connection was reset before. */
  async read(count: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let left = count;
    while (left > 0) {
      await this.#until(() => this.#unread > 0 || this.#end !== undefined);
      if (!this.#unread) break;
      const part = this.#take(left);
      parts.push(part);
      left -= part.length;
    }
    if (left > 0 && this.#end) throw new NetworkError(this.#end);
    return Buffer.concat(parts);
  }

  /** Does nothing for so many simulated milliseconds. */
  pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#clock) this.#clock.after(milliseconds * 1e6, resolve);
      else resolve();
    });
  }

  /** Half-close: the program reads the end, behind what has been written. */
  end(): void {
    this.#isEnding = true;
    if (!this.#rest.length) this.#endpoint.outgoing.end();
  }

  /** Breaks the connection off: the program reads and writes ECONNRESET. */
  reset(): void {
    this.#isClosed = true;
    this.#endpoint.incoming.abandon();
    this.#endpoint.outgoing.end(Errno.ECONNRESET);
    this.#check();
  }

  /** Closes the connection; what has arrived and is not read is lost. */
  close(): void {
    this.#isClosed = true;
    this.#endpoint.outgoing.end();
    this.#endpoint.incoming.abandon();
    this.#check();
  }

  #send(): void {
    if (!this.#rest.length) return;
    this.#rest = this.#rest.subarray(this.#endpoint.outgoing.send(this.#rest));
    if (!this.#rest.length && this.#isEnding) this.#endpoint.outgoing.end();
    this.#check();
  }

  #take(most: number): Buffer {
    const all = Buffer.concat(this.#chunks);
    const taken = all.subarray(0, most);
    const kept = all.subarray(taken.length);
    this.#chunks = kept.length ? [kept] : [];
    this.#unread = kept.length;
    this.#endpoint.incoming.noteRead();
    return taken;
  }

  #until(isDone: () => boolean): Promise<void> {
    if (isDone()) return Promise.resolve();
    return new Promise((resolve) => this.#waits.push({ isDone, settle: resolve }));
  }

  #check(): void {
    const done = this.#waits.filter((wait) => wait.isDone());
    this.#waits = this.#waits.filter((wait) => !done.includes(wait));
    for (const { settle } of done) settle();
  }
}

/** What has come and nobody has read yet; and the one operation that waits for it. */
import { type Operation, PENDING } from "../../abi.ts";
import type { DriverSink, Outcome } from "../../driver.ts";
import { Errno } from "../../errno.ts";

/**
 * Told whenever the number of unread bytes, or whether an operation waits for some, has changed: whoever brings the bytes holds them back
 * or lets them come.
 */
export type OnChange = (unread: number, isAwaited: boolean) => void;

export class Inbox implements Outcome {
  readonly #sink: DriverSink;
  readonly #onChange: OnChange;
  #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that have been read. */
  #offset = 0;
  #length = 0;
  /** What comes behind the chunks: an errno, or 0 for the end; undefined while more may come. */
  #end: number | undefined;
  #isDiscarded = false;
  #reader: Operation | undefined;
  /** The reader's operation has ended and is not taken yet. */
  #isComplete = false;

  constructor(sink: DriverSink, onChange: OnChange) {
    this.#sink = sink;
    this.#onChange = onChange;
  }

  /** Bytes have come. They belong to the inbox. */
  add(chunk: Uint8Array): void {
    if (this.#isDiscarded) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    this.#wake();
    this.#changed();
  }

  /** Nothing more will come: the errno says why, 0 for the end. The first one counts. */
  end(errno: number): void {
    this.#end ??= errno;
    this.#wake();
  }

  /** Nobody reads any more: what has come is dropped, and so is what still comes. Reads end with this errno. */
  discard(errno: number): void {
    this.#isDiscarded = true;
    this.#chunks = [];
    this.#length = 0;
    this.#end = errno;
    this.#wake();
    this.#changed();
  }

  #wake(): void {
    if (!this.#reader || this.#isComplete) return;
    this.#isComplete = true;
    this.#sink.complete(this.#reader, this);
  }

  #changed(): void {
    this.#onChange(this.#length, this.#reader !== undefined && !this.#isComplete);
  }

  /** Begins to read. */
  read(operation: Operation, into: Uint8Array): number {
    if (this.#reader) return -Errno.EBUSY;
    if (this.#length || this.#end !== undefined) return this.#copy(into);
    this.#reader = operation;
    this.#changed();
    return PENDING;
  }

  take(into: Uint8Array): number {
    this.#reader = undefined;
    this.#isComplete = false;
    return this.#copy(into);
  }

  /** Forgets the operation. What it would have taken stays. */
  cancel(operation: Operation): void {
    if (operation !== this.#reader) return;
    this.#reader = undefined;
    this.#isComplete = false;
    this.#changed();
  }

  #copy(into: Uint8Array): number {
    if (!this.#length) return 0 - (this.#end ?? 0);
    // Nobody takes anything: only that something is there was to be known.
    if (!into.length) return this.#length;
    let copied = 0;
    while (copied < into.length && this.#length) {
      const chunk = this.#chunks[0] as Uint8Array;
      const count = Math.min(chunk.length - this.#offset, into.length - copied);
      into.set(count === chunk.length ? chunk : chunk.subarray(this.#offset, this.#offset + count), copied);
      copied += count;
      this.#offset += count;
      this.#length -= count;
      if (this.#offset < chunk.length) break;
      this.#chunks.shift();
      this.#offset = 0;
    }
    this.#changed();
    return copied;
  }
}

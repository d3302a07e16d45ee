/**
 * Wakes a selector, from any thread: `notifier()` of a selector gives a handle that `postMessage` and `workerData` can carry, and
 * `attachNotifier` makes a notifier of it there.
 *
 * The words that all threads share:
 *
 * ```text
 *  0: 1 from a notification until the wait that it ends     1: threads inside notify      2: 1 when closed
 * ```
 *
 * Invariants: only who turns word 0 from 0 to 1 writes to the descriptor, so it is written once per wait at most. The waiter empties the
 * descriptor before it clears word 0: whoever found it 1 until then is answered by this wait. Nobody writes after closing, when the number may
 * belong to another file: a writer counts itself in word 1 before it looks at word 2, and closing waits for word 1.
 */
import { FibersError } from "../errors.ts";
import { loadCLibrary, succeed } from "./c-library.ts";
import { bindDescriptorCalls, type DescriptorCalls } from "./descriptor-calls.ts";

const PENDING = 0;
const NOTIFYING = 1;
const CLOSED = 2;
/** A thread that was terminated inside notify never leaves it: then the descriptor is left open rather than closed under it. */
const CLOSE_PATIENCE_MS = 100;

/** What another thread needs. A plain object: it can be posted. */
export interface NotifierHandle {
  /** Where it writes. */
  readonly fd: number;
  /** Shared by all threads; see the top of the file. */
  readonly words: Int32Array;
}

/** Ends a wait from any thread. Made by `attachNotifier`. */
export class Notifier {
  readonly #write: DescriptorCalls["write"];
  readonly #handle: NotifierHandle;
  /** An eventfd adds it, a pipe takes it as 8 bytes. */
  readonly #one = new Uint8Array(new BigUint64Array([1n]).buffer);

  /** @internal */
  constructor(handle: NotifierHandle, { write }: Pick<DescriptorCalls, "write">) {
    this.#handle = handle;
    this.#write = write;
  }

  /** Ends the wait that goes on, or the next one. Any number before it does so is one. @returns false when the selector is closed */
  notify(): boolean {
    const { fd, words } = this.#handle;
    Atomics.add(words, NOTIFYING, 1);
    const isOpen = Atomics.load(words, CLOSED) === 0;
    if (isOpen && Atomics.exchange(words, PENDING, 1) === 0) this.#write(fd, this.#one);
    Atomics.sub(words, NOTIFYING, 1);
    return isOpen;
  }
}

/** Makes a notifier of a handle, in any thread of the process that has the selector. @throws E_NO_KOFFI, E_INVALID_ARGUMENT */
export async function attachNotifier(handle: NotifierHandle): Promise<Notifier> {
  if (!Number.isInteger(handle?.fd) || !(handle.words?.buffer instanceof SharedArrayBuffer)) {
    throw new FibersError("E_INVALID_ARGUMENT", "attachNotifier takes what selector.notifier() has given");
  }
  return new Notifier(handle, bindDescriptorCalls(await loadCLibrary()));
}

/** The selector's side: the descriptor that it watches. An eventfd, or a pipe where there is none. */
export class Bell {
  /** Readable when somebody has notified. */
  readonly fd: number;
  readonly handle: NotifierHandle;
  readonly notifier: Notifier;
  readonly #calls: DescriptorCalls;
  readonly #words = new Int32Array(new SharedArrayBuffer(12));
  readonly #bytes = new Uint8Array(64);

  constructor(calls: DescriptorCalls) {
    this.#calls = calls;
    let writingEnd: number;
    if (calls.eventfd) {
      this.fd = succeed("eventfd", calls.eventfd());
      writingEnd = this.fd;
    } else {
      const ends = new Int32Array(2);
      succeed("pipe", calls.pipe(ends));
      [this.fd, writingEnd] = ends as unknown as [number, number];
    }
    this.handle = { fd: writingEnd, words: this.#words };
    this.notifier = new Notifier(this.handle, calls);
  }

  /** Takes the notifications that there are. */
  clear(): void {
    this.#calls.read(this.fd, this.#bytes);
    Atomics.store(this.#words, PENDING, 0);
  }

  close(): void {
    Atomics.store(this.#words, CLOSED, 1);
    const deadline = performance.now() + CLOSE_PATIENCE_MS;
    while (Atomics.load(this.#words, NOTIFYING) > 0) if (performance.now() > deadline) return;
    this.#calls.close(this.fd);
    if (this.handle.fd !== this.fd) this.#calls.close(this.handle.fd);
  }
}

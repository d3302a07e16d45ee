/** Standard output as a descriptor: a pipe that is full makes only the fibers wait, though the descriptor itself would block. */
import { Interest } from "../../event-queue/interest.ts";
import type { ReadyHandler, System } from "./system.ts";

/** A pipe that is ready for writing takes so many bytes without waiting (PIPE_BUF). */
const AT_ONCE = 4096;

export class StandardOutput implements ReadyHandler {
  readonly #system: System;
  readonly #fd: number;
  readonly #onWritten: (bytes: number) => void;
  #unwritten: Uint8Array[] = [];
  /** Files cannot be watched, and never wait for long. */
  #isFile = false;
  #isWatched = false;

  /** @param onWritten told how many bytes are no longer unsent, those included that nobody will read */
  constructor(system: System, fd: number, onWritten: (bytes: number) => void) {
    this.#system = system;
    this.#fd = fd;
    this.#onWritten = onWritten;
  }

  add(bytes: Uint8Array): void {
    this.#unwritten.push(bytes.slice());
  }

  onReady(): void {
    this.flush();
  }

  /** Writes what can be written without waiting; the rest when it can. */
  flush(): void {
    if (!this.#unwritten.length) return;
    this.#watch();
    const bytes = Buffer.concat(this.#unwritten);
    this.#unwritten = [];
    let at = 0;
    while (at < bytes.length && (this.#isFile || this.#system.isReady(this.#fd, Interest.WRITABLE))) {
      const end = this.#isFile ? bytes.length : at + AT_ONCE;
      const written = this.#system.calls.write(this.#fd, bytes.subarray(at, end));
      // Nobody reads any more: as if all were written.
      at = written < 0 ? bytes.length : at + written;
    }
    if (at) this.#onWritten(at);
    if (at === bytes.length) return;
    this.#unwritten = [bytes.subarray(at)];
    this.#system.selector.exhausted(this.#fd, Interest.WRITABLE);
  }

  #watch(): void {
    if (this.#isWatched || this.#isFile) return;
    this.#isWatched = true;
    this.#isFile = this.#system.watch(this.#fd, this) < 0;
  }

  /** Does not watch it any more. What is unwritten is written, though that may wait. */
  close(): void {
    for (const bytes of this.#unwritten.splice(0)) {
      for (let at = 0; at < bytes.length;) {
        const written = this.#system.calls.write(this.#fd, bytes.subarray(at));
        if (written < 0) break;
        at += written;
      }
    }
    if (this.#isWatched && !this.#isFile) this.#system.forget(this.#fd);
  }
}

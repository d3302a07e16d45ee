/** The two ends of a pipe, which never wait. */
import { Interest } from "./interest.ts";
import { Source, uninterrupted } from "./source.ts";

/** Where a pipe is read. It never waits. */
export class PipeReader extends Source {
  /** What it is, for messages. */
  readonly kind = "reading end of a pipe";

  /** Reads what is there. @returns the number of bytes; 0 at the end; WOULD_BLOCK when there are none yet */
  read(into: Uint8Array): number {
    const result = uninterrupted(() => this.owner.calls.read(this.fd, into));
    return this.outcome("reading", result, Interest.READABLE);
  }
}

/** Where a pipe is written. It never waits. */
export class PipeWriter extends Source {
  /** What it is, for messages. */
  readonly kind = "writing end of a pipe";

  /** Writes as much as fits. @returns the number of bytes, which may be fewer; WOULD_BLOCK when it is full @throws EPIPE when nobody reads any more */
  write(from: Uint8Array): number {
    const result = uninterrupted(() => this.owner.calls.write(this.fd, from));
    return this.outcome("writing", result, Interest.WRITABLE);
  }
}

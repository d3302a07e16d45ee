/** Accepts TCP connections, and never waits for one. */
import { constants } from "node:os";
import { EINTR } from "./c-library.ts";
import { Interest } from "./interest.ts";
import { ADDRESS_BYTES, type InternetAddress } from "./socket-address.ts";
import { localAddressOf } from "./sockets.ts";
import { Source, type SourceOwner, WOULD_BLOCK } from "./source.ts";
import type { TcpStream } from "./tcp-stream.ts";

const address = new Uint8Array(ADDRESS_BYTES);
const length = new Uint32Array(1);
const { ECONNABORTED } = constants.errno;

/** Accepts TCP connections. Made by `EventQueue.listen`. Readable when one is there. */
export class TcpListener extends Source {
  /** What it is, for messages. */
  readonly kind = "TCP listener";
  readonly #makeStream: (fd: number) => TcpStream;

  /** @internal */
  constructor(owner: SourceOwner, fd: number, makeStream: (fd: number) => TcpStream) {
    super(owner, fd);
    this.#makeStream = makeStream;
  }

  /**
   * Takes a connection; null when there is none. One that was given up before it was taken is passed over.
   * @throws what the system says: EMFILE when too many descriptors are open
   */
  accept(): TcpStream | null {
    for (;;) {
      const result = this.owner.calls.accept(this.fd, address, length);
      if (result === -EINTR || result === -ECONNABORTED) continue;
      const fd = this.outcome("accepting", result, Interest.READABLE);
      return fd === WOULD_BLOCK ? null : this.#makeStream(fd);
    }
  }

  /** Where it listens. @throws E_CLOSED */
  get localAddress(): InternetAddress {
    return localAddressOf(this.owner.calls, this.fd) as InternetAddress;
  }
}

/** A TCP connection that never waits. */
import { constants } from "node:os";
import { succeed, systemError } from "./c-library.ts";
import { Interest } from "./interest.ts";
import type { InternetAddress } from "./socket-address.ts";
import { ADDRESS_BYTES } from "./socket-address.ts";
import { SHUT_WR, SocketOptions } from "./socket-calls.ts";
import { localAddressOf, peerAddressOf } from "./sockets.ts";
import { Source, uninterrupted } from "./source.ts";

const { ENOTCONN } = constants.errno;

const address = new Uint8Array(ADDRESS_BYTES);
const length = new Uint32Array(1);

/** A TCP connection that never waits. Made by `EventQueue.connect` and `TcpListener.accept`. */
export class TcpStream extends Source {
  /** What it is, for messages. */
  readonly kind = "TCP stream";

  /**
   * Whether it stands: false while it is being made. A new one becomes writable when that has ended; since an event may come for nothing, ask.
   * @throws what the system says when it could not be made: ECONNREFUSED, EHOSTUNREACH, …
   */
  finishConnecting(): boolean {
    const { calls } = this.owner;
    const failure = calls.takeError(this.fd);
    if (failure < 0) throw systemError("connecting", failure);
    const result = calls.peerAddress(this.fd, address, length);
    if (result === -ENOTCONN) return false;
    succeed("getpeername", result);
    return true;
  }

  /**
   * Reads what is there, straight into the array: at most its length.
   * @returns the number of bytes; 0 at the end; WOULD_BLOCK when there are none yet
   * @throws what the system says, ECONNRESET for instance
   */
  read(into: Uint8Array): number {
    const result = uninterrupted(() => this.owner.calls.receive(this.fd, into));
    return this.outcome("reading", result, Interest.READABLE);
  }

  /**
   * Writes as much as the system takes.
   * @returns the number of bytes, which may be fewer; WOULD_BLOCK when it takes none now
   * @throws what the system says, EPIPE for instance
   */
  write(from: Uint8Array): number {
    const result = uninterrupted(() => this.owner.calls.send(this.fd, from));
    return this.outcome("writing", result, Interest.WRITABLE);
  }

  /** Ends this direction: the peer reads the end, after what was written. @throws ENOTCONN */
  shutdown(): void {
    succeed("shutdown", this.owner.calls.shutdown(this.fd, SHUT_WR));
  }

  /** Sends small pieces at once, instead of collecting them for a moment. */
  setNoDelay(isOn: boolean): void {
    succeed("setsockopt", this.owner.calls.setOption(this.fd, SocketOptions.NO_DELAY, Number(isOn)));
  }

  /** Looks from time to time whether the peer is still there. */
  setKeepAlive(isOn: boolean): void {
    succeed("setsockopt", this.owner.calls.setOption(this.fd, SocketOptions.KEEP_ALIVE, Number(isOn)));
  }

  /** Address of this end. @throws E_CLOSED */
  get localAddress(): InternetAddress {
    return localAddressOf(this.owner.calls, this.fd) as InternetAddress;
  }

  /** Address of the peer. @throws ENOTCONN while it does not stand */
  get remoteAddress(): InternetAddress {
    return peerAddressOf(this.owner.calls, this.fd) as InternetAddress;
  }
}

/** Listeners and connections over the C library: the system's own descriptors, which poll(2) watches. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { FibersError } from "../errors.ts";
import type { Connection, Listener, Sockets } from "./descriptors.ts";
import { ERRNO_NOTCONN, ERRNO_NOTSUP, WasiError } from "./errno.ts";
import { type FdStat, type FileStat, SDFLAGS_RD, SDFLAGS_WR } from "./layout.ts";
import { type Posix, requireSuccess } from "./posix.ts";
import { connectionStat, listenerStat, socketFileStat } from "./socket-stat.ts";
import type { Interest } from "./waiter.ts";

export class PosixSockets implements Sockets {
  readonly #posix: Posix;

  constructor(posix: Posix) {
    this.#posix = posix;
  }

  /** Node resolves the name and binds; the listening socket is then ours alone, since its event loop would accept by itself. */
  async listen({ host, port }: { host: string; port: number }): Promise<Listener> {
    const server = createServer();
    server.listen({ host, port, backlog: 4096 });
    try {
      await once(server, "listening");
    } catch (error) {
      const { code = "EIO", message } = error as NodeJS.ErrnoException;
      throw new FibersError(code, message, { cause: error });
    }
    const bound = (server.address() as AddressInfo).port;
    const { fd = -1 } = (server as unknown as { _handle: { fd?: number } })._handle;
    const own = this.#posix.duplicate(fd);
    const failure = own < 0 ? this.#posix.thrown() : null;
    server.close();
    if (failure) throw failure;
    return new PosixListener(this.#posix, own, bound);
  }

  /** The table of descriptors closes what is open. */
  close(): void {}
}

/** What a listener and a connection have in common. */
abstract class PosixSocket {
  flags = 0;

  constructor(
    protected readonly posix: Posix,
    readonly systemFd: number,
  ) {}

  /** The waiter watches `systemFd`. */
  probe(_interest: Interest): void {}

  close(): void {
    this.posix.close(this.systemFd);
  }

  fileStat(): FileStat {
    return socketFileStat;
  }
}

class PosixListener extends PosixSocket implements Listener {
  readonly kind = "listener";

  constructor(
    posix: Posix,
    systemFd: number,
    readonly port: number,
  ) {
    super(posix, systemFd);
  }

  accept(): Connection {
    return new PosixConnection(this.posix, requireSuccess(this.posix, this.posix.accept(this.systemFd)));
  }

  read(): number {
    throw new WasiError(ERRNO_NOTCONN);
  }

  write(): number {
    throw new WasiError(ERRNO_NOTCONN);
  }

  fdStat(): FdStat {
    return listenerStat(this.flags);
  }
}

class PosixConnection extends PosixSocket implements Connection {
  readonly kind = "connection";

  read(into: Uint8Array): number {
    return this.receive(into, false);
  }

  receive(into: Uint8Array, isPeek: boolean): number {
    return requireSuccess(this.posix, this.posix.receive(this.systemFd, into, isPeek));
  }

  write(from: Uint8Array): number {
    return requireSuccess(this.posix, this.posix.send(this.systemFd, from));
  }

  shutdown(how: number): void {
    const direction = { [SDFLAGS_RD]: 0, [SDFLAGS_WR]: 1, [SDFLAGS_RD | SDFLAGS_WR]: 2 }[how];
    if (direction === undefined) throw new WasiError(ERRNO_NOTSUP);
    requireSuccess(this.posix, this.posix.shutdown(this.systemFd, direction));
  }

  fdStat(): FdStat {
    return connectionStat(this.flags);
  }
}

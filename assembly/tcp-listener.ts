/** `TcpListener`: a port on which connections are accepted. */
import { Opcode } from "./abi";
import { suspend } from "./context";
import {
  beginOperation,
  endAsClosed,
  endOperation,
  endOperationOrError,
  operationDetail,
  prepare,
  refuse,
  submitNow,
} from "./event-queue";
import { Reason } from "./record";
import { isTurnOver } from "./scheduler";
import { TcpStream } from "./tcp-stream";

/** A listening socket. Any number of fibers may accept; each connection goes to the one that has waited longest. */
export class TcpListener {
  private isOpen: bool = true;

  private constructor(
    private handle: u32,
    /** The port that it listens on. */
    readonly port: i32,
  ) {}

  /**
   * Listens on a port of a host's name or address; port 0: one that is free, see `port`. Waits until it does.
   * @throws EADDRINUSE, EADDRNOTAVAIL, EACCES, EINVAL and what else the system says
   */
  static bind(host: string, port: i32): TcpListener {
    if (beginListen(host, port)) suspend();
    const result = endOperation();
    if (result < 0 && refuseListen(host, port, result)) suspend();
    return new TcpListener(<u32>result, <i32>operationDetail());
  }

  /** The same; null when it fails, with the code in `Fiber.current().lastError`. */
  static bindOrError(host: string, port: i32): TcpListener | null {
    if (beginListen(host, port)) suspend();
    const result = endOperationOrError();
    return result < 0 ? null : new TcpListener(<u32>result, <i32>operationDetail());
  }

  /** Waits for a connection. @throws E_CLOSED after `close`, also while it waits */
  accept(): TcpStream {
    if (isTurnOver()) suspend();
    if (beginAccept(this)) suspend();
    const result = endOperation();
    if (result < 0 && refuseAccept(this.port, result)) suspend();
    return TcpStream.of(result);
  }

  /** The same; null when it fails, with the code in `Fiber.current().lastError`. */
  acceptOrError(): TcpStream | null {
    if (isTurnOver()) suspend();
    if (beginAccept(this)) suspend();
    const result = endOperationOrError();
    return result < 0 ? null : TcpStream.of(result);
  }

  /** Stops listening. Connections that nobody has accepted are closed; accepted ones stay. Closing again does nothing. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    prepare(Opcode.CLOSE, this.handle, 0, 0, 0);
    submitNow();
  }
}

function beginListen(host: string, port: i32): bool {
  const name = String.UTF8.encode(host);
  prepare(Opcode.LISTEN, 0, changetype<usize>(name), <u32>name.byteLength, <u32>port);
  return beginOperation(Reason.LISTEN, 0, Infinity);
}

function beginAccept(listener: TcpListener): bool {
  const address = changetype<usize>(listener);
  if (!load<bool>(address, offsetof<TcpListener>("isOpen"))) return endAsClosed();
  prepare(Opcode.ACCEPT, load<u32>(address, offsetof<TcpListener>("handle")), 0, 0, 0);
  return beginOperation(Reason.ACCEPT, 0, Infinity);
}

function refuseListen(host: string, port: i32, result: i32): bool {
  return refuse(`listen on ${host}:${port}`, result);
}

function refuseAccept(port: i32, result: i32): bool {
  return refuse(`accept on port ${port}`, result);
}

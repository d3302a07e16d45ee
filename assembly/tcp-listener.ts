/** `TcpListener`: a port on which connections are accepted. */
import { End, Opcode } from "./abi";
import { suspend } from "./context";
import {
  beginOperation,
  deadlineIn,
  endOperation,
  endOperationOrError,
  operationDetail,
  prepare,
  refuse,
} from "./event-queue";
import { Reason } from "./record";
import { isTurnOver } from "./scheduler";
import { addressOf } from "./socket-address";
import { beginAccept, openHandleOf, SocketListener } from "./socket-listener";
import { TcpStream } from "./tcp-stream";

/** A listening socket. Any number of fibers may accept; each connection goes to the one that has waited longest. */
export class TcpListener extends SocketListener {
  private constructor(
    handle: u32,
    /** The port that it listens on. */
    readonly port: i32,
  ) {
    super(handle);
  }

  /**
   * Listens on a port of a host's name or address; port 0: one that is free, see `port`. Waits until it does, for at most so many
   * milliseconds.
   * @throws EADDRINUSE, EADDRNOTAVAIL, EACCES, EINVAL and what else the system says
   */
  static bind(host: string, port: i32, timeout: f64 = Infinity): TcpListener {
    if (beginListen(host, port, timeout)) suspend();
    const result = endOperation();
    if (result < 0 && refuseListen(host, port, result)) suspend();
    return new TcpListener(<u32>result, <i32>operationDetail());
  }

  /** The same; null when it fails, with the code in `Fiber.current().lastError`. */
  static bindOrError(host: string, port: i32, timeout: f64 = Infinity): TcpListener | null {
    if (beginListen(host, port, timeout)) suspend();
    const result = endOperationOrError();
    return result < 0 ? null : new TcpListener(<u32>result, <i32>operationDetail());
  }

  /** Waits for a connection. @throws E_CLOSED after `close`, also while it waits; ETIMEDOUT */
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

  /** Address and port that it listens on: `127.0.0.1:8080`, `[::]:8080`; empty after `close`. */
  get localAddress(): string {
    const handle = openHandleOf(this);
    return handle ? addressOf(handle, End.LOCAL) : "";
  }
}

function beginListen(host: string, port: i32, timeout: f64): bool {
  const name = String.UTF8.encode(host);
  prepare(Opcode.LISTEN, 0, changetype<usize>(name), <u32>name.byteLength, <u32>port);
  return beginOperation(Reason.LISTEN, 0, deadlineIn(timeout));
}

function refuseListen(host: string, port: i32, result: i32): bool {
  return refuse(`listen on ${host}:${port}`, result);
}

function refuseAccept(port: i32, result: i32): bool {
  return refuse(`accept on port ${port}`, result);
}

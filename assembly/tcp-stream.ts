/** `TcpStream`: a TCP connection. */
import { End, Opcode } from "./abi";
import { suspend } from "./context";
import { ERRNO_BADF, ERRNO_INVAL, errnoCode } from "./errno";
import {
  beginOperation,
  deadlineIn,
  endOperation,
  endOperationOrError,
  prepare,
  refuse,
  submitNow,
} from "./event-queue";
import { leaveError } from "./failure";
import { Reason } from "./record";
import { addressOf } from "./socket-address";
import { handleOf, isOpen, SocketStream } from "./socket-stream";

/** The longest silence that systems know, in seconds. */
const LONGEST_SILENCE: i32 = 32_767;

/** A TCP connection. One fiber may read and one may write at a time. */
export class TcpStream extends SocketStream {
  private constructor(handle: u32) {
    super(handle);
  }

  /** @internal */
  static of(handle: i32): TcpStream {
    return new TcpStream(<u32>handle);
  }

  /**
   * Connects to a host by name or address. Waits until the connection stands, for at most so many milliseconds.
   * @throws ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, ENOTFOUND, EINVAL and what else the system says
   */
  static connect(host: string, port: i32, timeout: f64 = Infinity): TcpStream {
    if (beginConnect(host, port, timeout)) suspend();
    const result = endOperation();
    if (result < 0 && refuseConnect(host, port, result)) suspend();
    return new TcpStream(<u32>result);
  }

  /** The same; null when it fails, with the code in `Fiber.current().lastError`. */
  static connectOrError(host: string, port: i32, timeout: f64 = Infinity): TcpStream | null {
    if (beginConnect(host, port, timeout)) suspend();
    const result = endOperationOrError();
    return result < 0 ? null : new TcpStream(<u32>result);
  }

  /**
   * Whether what is written goes out at once, which it does when a connection is new; else the system holds small writes back while it waits
   * for word from the peer, to send them together. @throws E_CLOSED after `close`; ENOTSUP on a driver that cannot
   */
  setNoDelay(isOn: bool): void {
    const result = setOption(this, Opcode.NO_DELAY, <i32>isOn);
    if (result < 0 && refuseOption(this, result)) suspend();
  }

  /** The same; false when it fails, with the code in `Fiber.current().lastError`. */
  setNoDelayOrError(isOn: bool): bool {
    return leaveResult(setOption(this, Opcode.NO_DELAY, <i32>isOn));
  }

  /**
   * Whether a peer that has been silent for so many seconds (1 to 32,767) is asked whether it is still there, which it is not when a connection is
   * new. One that does not answer several times counts as gone: reads fail with ETIMEDOUT.
   * @throws EINVAL for other seconds; E_CLOSED after `close`; ENOTSUP on a driver that cannot
   */
  setKeepAlive(isOn: bool, seconds: i32 = 60): void {
    const result = setKeepAliveOf(this, isOn, seconds);
    if (result < 0 && refuseOption(this, result)) suspend();
  }

  /** The same; false when it fails, with the code in `Fiber.current().lastError`. */
  setKeepAliveOrError(isOn: bool, seconds: i32 = 60): bool {
    return leaveResult(setKeepAliveOf(this, isOn, seconds));
  }

  /** Address and port of the peer: `127.0.0.1:8080`, `[::1]:8080`; empty after `close`. */
  get remoteAddress(): string {
    return isOpen(this) ? addressOf(handleOf(this), End.REMOTE) : "";
  }

  /** Address and port of this end; empty after `close`. */
  get localAddress(): string {
    return isOpen(this) ? addressOf(handleOf(this), End.LOCAL) : "";
  }

  /** @internal */
  describe(): string {
    const address = this.remoteAddress;
    return address.length ? address : "this stream";
  }
}

function beginConnect(host: string, port: i32, timeout: f64): bool {
  const name = String.UTF8.encode(host);
  prepare(Opcode.CONNECT, 0, changetype<usize>(name), <u32>name.byteLength, <u32>port);
  return beginOperation(Reason.CONNECT, 0, deadlineIn(timeout));
}

function setKeepAliveOf(stream: TcpStream, isOn: bool, seconds: i32): i32 {
  if (isOn && (seconds < 1 || seconds > LONGEST_SILENCE)) return -ERRNO_INVAL;
  return setOption(stream, Opcode.KEEP_ALIVE, isOn ? seconds : 0);
}

function setOption(stream: TcpStream, option: Opcode, value: i32): i32 {
  if (!isOpen(stream)) return -ERRNO_BADF;
  prepare(option, handleOf(stream), 0, 0, <u32>value);
  return submitNow();
}

function leaveResult(result: i32): bool {
  leaveError(result < 0 ? errnoCode(-result) : "");
  return result >= 0;
}

function refuseConnect(host: string, port: i32, result: i32): bool {
  return refuse(`connect to ${host}:${port}`, result);
}

function refuseOption(stream: TcpStream, result: i32): bool {
  return refuse("set an option of " + stream.describe(), result);
}

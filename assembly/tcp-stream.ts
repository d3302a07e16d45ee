/** `TcpStream`: a connection, to read from and write to. */
import { now, Opcode } from "./abi";
import { suspend } from "./context";
import { ERRNO_BADF, errnoCode } from "./errno";
import {
  beginOperation,
  endAsClosed,
  endOperation,
  endOperationOrError,
  prepare,
  refuse,
  submitNow,
} from "./event-queue";
import { leaveError } from "./failure";
import { beginRead, Reader } from "./reader";
import { Reason } from "./record";
import { isTurnOver } from "./scheduler";

/** A TCP connection. One fiber may read and one may write at a time. */
export class TcpStream implements Reader {
  /**
   * The most milliseconds that one read or write may wait; infinite by default. A read that times out loses nothing. After a write that
   * times out, or is cancelled, the stream is closed for writing: nobody knows how much went out.
   */
  timeout: f64 = Infinity;
  private isOpen: bool = true;

  private constructor(private handle: u32) {}

  /** @internal */
  static of(handle: i32): TcpStream {
    return new TcpStream(<u32>handle);
  }

  /**
   * Connects to a host by name or address. Waits until the connection stands.
   * @throws ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, ENOTFOUND, EINVAL and what else the system says
   */
  static connect(host: string, port: i32): TcpStream {
    if (beginConnect(host, port)) suspend();
    const result = endOperation();
    if (result < 0 && refuseConnect(host, port, result)) suspend();
    return new TcpStream(<u32>result);
  }

  /** The same; null when it fails, with the code in `Fiber.current().lastError`. */
  static connectOrError(host: string, port: i32): TcpStream | null {
    if (beginConnect(host, port)) suspend();
    const result = endOperationOrError();
    return result < 0 ? null : new TcpStream(<u32>result);
  }

  /**
   * Waits for bytes, and reads at least one of them and at most as many as fit. What came before an end or a reset is read first.
   * @returns how many; 0 when the peer has ended
   * @throws ECONNRESET, ETIMEDOUT; E_EMPTY_BUFFER when nothing fits; E_BUSY when another fiber reads it; E_CLOSED after `close`
   */
  read(into: Uint8Array): i32 {
    if (isTurnOver()) suspend();
    if (beginReadOf(this, into)) suspend();
    const result = endOperation();
    if (result < 0 && refuseRead(this, result)) suspend();
    return result;
  }

  /** The same; -1 when it fails, with the code in `Fiber.current().lastError`. */
  readOrError(into: Uint8Array): i32 {
    if (isTurnOver()) suspend();
    if (beginReadOf(this, into)) suspend();
    return endOperationOrError();
  }

  /**
   * Writes all bytes. Waits until the system has taken them: a peer that does not read makes the writer wait.
   * @throws ECONNRESET, EPIPE, ETIMEDOUT; E_BUSY when another fiber writes to it; E_CLOSED after `close`
   */
  write(from: Uint8Array): void {
    if (isTurnOver()) suspend();
    if (beginWrite(this, from.dataStart, <u32>from.length)) suspend();
    const result = endOperation();
    if (result < 0 && refuseWrite(this, result)) suspend();
  }

  /** The same; false when it fails, with the code in `Fiber.current().lastError`. */
  writeOrError(from: Uint8Array): bool {
    if (isTurnOver()) suspend();
    if (beginWrite(this, from.dataStart, <u32>from.length)) suspend();
    return endOperationOrError() >= 0;
  }

  /** Writes a text in UTF-8; otherwise as `write`. */
  writeText(text: string): void {
    if (isTurnOver()) suspend();
    if (beginWriteText(this, text)) suspend();
    const result = endOperation();
    if (result < 0 && refuseWrite(this, result)) suspend();
  }

  /** The same; false when it fails, with the code in `Fiber.current().lastError`. */
  writeTextOrError(text: string): bool {
    if (isTurnOver()) suspend();
    if (beginWriteText(this, text)) suspend();
    return endOperationOrError() >= 0;
  }

  /** No more writes: the peer reads the end. What the peer still sends can be read. Does not wait. @throws E_CLOSED after `close` */
  shutdown(): void {
    const result = shutdownStream(this);
    if (result < 0 && refuseWrite(this, result)) suspend();
  }

  /** The same; false when it fails, with the code in `Fiber.current().lastError`. */
  shutdownOrError(): bool {
    const result = shutdownStream(this);
    leaveError(result < 0 ? errnoCode(-result) : "");
    return result >= 0;
  }

  /** Closes the connection. What has been written still goes out. Fibers that wait for it fail with E_CLOSED. Closing again does nothing. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    prepare(Opcode.CLOSE, this.handle, 0, 0, 0);
    submitNow();
  }

  /** Address and port of the peer: `127.0.0.1:8080`, `[::1]:8080`; empty after `close`. */
  get remoteAddress(): string {
    return addressOf(this);
  }
}

// @ts-ignore: decorator
@inline
function handleOf(stream: TcpStream): u32 {
  return load<u32>(changetype<usize>(stream), offsetof<TcpStream>("handle"));
}

// @ts-ignore: decorator
@inline
function isOpen(stream: TcpStream): bool {
  return load<bool>(changetype<usize>(stream), offsetof<TcpStream>("isOpen"));
}

function deadlineOf(stream: TcpStream): f64 {
  return stream.timeout == Infinity ? Infinity : now() + stream.timeout * 1e6;
}

function beginConnect(host: string, port: i32): bool {
  const name = String.UTF8.encode(host);
  prepare(Opcode.CONNECT, 0, changetype<usize>(name), <u32>name.byteLength, <u32>port);
  return beginOperation(Reason.CONNECT, 0, Infinity);
}

function beginReadOf(stream: TcpStream, into: Uint8Array): bool {
  if (!isOpen(stream)) return endAsClosed();
  return beginRead(handleOf(stream), into, deadlineOf(stream));
}

function beginWrite(stream: TcpStream, pointer: usize, length: u32): bool {
  if (!isOpen(stream)) return endAsClosed();
  prepare(Opcode.WRITE, handleOf(stream), pointer, length, 0);
  return beginOperation(Reason.WRITE, 0, deadlineOf(stream));
}

function beginWriteText(stream: TcpStream, text: string): bool {
  const bytes = String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
  return beginWrite(stream, changetype<usize>(bytes), <u32>bytes.byteLength);
}

function shutdownStream(stream: TcpStream): i32 {
  if (!isOpen(stream)) return -ERRNO_BADF;
  prepare(Opcode.SHUTDOWN, handleOf(stream), 0, 0, 0);
  return submitNow();
}

function addressOf(stream: TcpStream): string {
  if (!isOpen(stream)) return "";
  const room = new ArrayBuffer(64);
  prepare(Opcode.ADDRESS, handleOf(stream), changetype<usize>(room), 64, 0);
  const length = submitNow();
  return length <= 0 ? "" : String.UTF8.decodeUnsafe(changetype<usize>(room), length);
}

function nameOf(stream: TcpStream): string {
  const address = addressOf(stream);
  return address.length ? address : "this stream";
}

function refuseConnect(host: string, port: i32, result: i32): bool {
  return refuse(`connect to ${host}:${port}`, result);
}

function refuseRead(stream: TcpStream, result: i32): bool {
  return refuse("read from " + nameOf(stream), result);
}

function refuseWrite(stream: TcpStream, result: i32): bool {
  return refuse("write to " + nameOf(stream), result);
}

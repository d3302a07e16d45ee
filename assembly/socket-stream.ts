/** `SocketStream`: a connection, to read from and write to: what `TcpStream` and `UnixStream` have in common. */
import { Opcode } from "./abi";
import { suspend } from "./context";
import { ERRNO_BADF, errnoCode } from "./errno";
import {
  beginOperation,
  deadlineIn,
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

/** A connection. One fiber may read and one may write at a time. */
export abstract class SocketStream implements Reader {
  /**
   * The most milliseconds that one read or write may wait; infinite by default. A read that times out loses nothing. After a write that
   * times out, or is cancelled, the stream is closed for writing: nobody knows how much went out.
   */
  timeout: f64 = Infinity;
  private isOpen: bool = true;

  protected constructor(private handle: u32) {}

  /** How messages name it. @internal */
  abstract describe(): string;

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
}

/** The handle that the driver knows it by. */
// @ts-ignore: decorator
@inline
export function handleOf(stream: SocketStream): u32 {
  return load<u32>(changetype<usize>(stream), offsetof<SocketStream>("handle"));
}

/** Whether nobody has closed it. */
// @ts-ignore: decorator
@inline
export function isOpen(stream: SocketStream): bool {
  return load<bool>(changetype<usize>(stream), offsetof<SocketStream>("isOpen"));
}

function beginReadOf(stream: SocketStream, into: Uint8Array): bool {
  if (!isOpen(stream)) return endAsClosed();
  return beginRead(handleOf(stream), into, deadlineIn(stream.timeout));
}

function beginWrite(stream: SocketStream, pointer: usize, length: u32): bool {
  if (!isOpen(stream)) return endAsClosed();
  prepare(Opcode.WRITE, handleOf(stream), pointer, length, 0);
  return beginOperation(Reason.WRITE, 0, deadlineIn(stream.timeout));
}

function beginWriteText(stream: SocketStream, text: string): bool {
  const bytes = String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
  return beginWrite(stream, changetype<usize>(bytes), <u32>bytes.byteLength);
}

function shutdownStream(stream: SocketStream): i32 {
  if (!isOpen(stream)) return -ERRNO_BADF;
  prepare(Opcode.SHUTDOWN, handleOf(stream), 0, 0, 0);
  return submitNow();
}

function refuseRead(stream: SocketStream, result: i32): bool {
  return refuse("read from " + stream.describe(), result);
}

function refuseWrite(stream: SocketStream, result: i32): bool {
  return refuse("write to " + stream.describe(), result);
}

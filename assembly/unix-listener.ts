/** `UnixListener`: a path on which programs of the same machine connect. */
import { Opcode } from "./abi";
import { suspend } from "./context";
import { beginOperation, deadlineIn, endOperation, endOperationOrError, prepare, refuse } from "./event-queue";
import { Reason } from "./record";
import { isTurnOver } from "./scheduler";
import { beginAccept, SocketListener } from "./socket-listener";
import { UnixStream } from "./unix-stream";

/** A listening Unix socket. Its path exists as long as it listens. */
export class UnixListener extends SocketListener {
  private constructor(
    handle: u32,
    /** The path that it listens on. */
    readonly path: string,
  ) {
    super(handle);
  }

  /**
   * Listens on a path, which must not exist: a program that was killed leaves its own behind. Waits until it does, for at most so many
   * milliseconds.
   * @throws EADDRINUSE when the path exists, ENOENT when its directory does not, EACCES, EINVAL for a path that is empty or longer than the system
   * knows (107 bytes on Linux), and what else the system says
   */
  static bind(path: string, timeout: f64 = Infinity): UnixListener {
    if (beginListenUnix(path, timeout)) suspend();
    const result = endOperation();
    if (result < 0 && refuse("listen on " + path, result)) suspend();
    return new UnixListener(<u32>result, path);
  }

  /** The same; null when it fails, with the code in `Fiber.current().lastError`. */
  static bindOrError(path: string, timeout: f64 = Infinity): UnixListener | null {
    if (beginListenUnix(path, timeout)) suspend();
    const result = endOperationOrError();
    return result < 0 ? null : new UnixListener(<u32>result, path);
  }

  /** Waits for a connection. @throws E_CLOSED after `close`, also while it waits; ETIMEDOUT */
  accept(): UnixStream {
    if (isTurnOver()) suspend();
    if (beginAccept(this)) suspend();
    const result = endOperation();
    if (result < 0 && refuse("accept on " + this.path, result)) suspend();
    return UnixStream.of(result, this.path);
  }

  /** The same; null when it fails, with the code in `Fiber.current().lastError`. */
  acceptOrError(): UnixStream | null {
    if (isTurnOver()) suspend();
    if (beginAccept(this)) suspend();
    const result = endOperationOrError();
    return result < 0 ? null : UnixStream.of(result, this.path);
  }
}

function beginListenUnix(path: string, timeout: f64): bool {
  const name = String.UTF8.encode(path);
  prepare(Opcode.LISTEN_UNIX, 0, changetype<usize>(name), <u32>name.byteLength, 0);
  return beginOperation(Reason.LISTEN, 0, deadlineIn(timeout));
}

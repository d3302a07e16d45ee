/** `UnixStream`: a connection to a program of the same machine, by a Unix socket. */
import { Opcode } from "./abi";
import { suspend } from "./context";
import { beginOperation, deadlineIn, endOperation, endOperationOrError, prepare, refuse } from "./event-queue";
import { Reason } from "./record";
import { SocketStream } from "./socket-stream";

/** A connection by a Unix socket. One fiber may read and one may write at a time. */
export class UnixStream extends SocketStream {
  private constructor(
    handle: u32,
    /** The path that it was made by; the same on both ends. */
    readonly path: string,
  ) {
    super(handle);
  }

  /** @internal */
  static of(handle: i32, path: string): UnixStream {
    return new UnixStream(<u32>handle, path);
  }

  /**
   * Connects to a Unix socket by its path. Waits until the connection stands, for at most so many milliseconds.
   * @throws ENOENT, ECONNREFUSED when nobody listens there any more, EACCES, ETIMEDOUT, EINVAL for a path that is empty or longer than the
   * system knows (107 bytes on Linux), and what else the system says
   */
  static connect(path: string, timeout: f64 = Infinity): UnixStream {
    if (beginConnectUnix(path, timeout)) suspend();
    const result = endOperation();
    if (result < 0 && refuse("connect to " + path, result)) suspend();
    return new UnixStream(<u32>result, path);
  }

  /** The same; null when it fails, with the code in `Fiber.current().lastError`. */
  static connectOrError(path: string, timeout: f64 = Infinity): UnixStream | null {
    if (beginConnectUnix(path, timeout)) suspend();
    const result = endOperationOrError();
    return result < 0 ? null : new UnixStream(<u32>result, path);
  }

  /** @internal */
  describe(): string {
    return this.path;
  }
}

function beginConnectUnix(path: string, timeout: f64): bool {
  const name = String.UTF8.encode(path);
  prepare(Opcode.CONNECT_UNIX, 0, changetype<usize>(name), <u32>name.byteLength, 0);
  return beginOperation(Reason.CONNECT, 0, deadlineIn(timeout));
}

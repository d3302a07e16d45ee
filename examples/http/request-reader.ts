/** Reads one request after the other from a connection, for as long as the client may take. */
import { Fiber, LineReader, monotonicNow, Reader, TcpStream } from "as-fibers/assembly";
import { Request } from "./request";

const LINE_FEED: u8 = 0x0a;
/** The most bytes in one line, and in all header lines of a head. */
const MAX_LINE = 8192;
const MAX_HEADERS = 32768;

/** How long a client may take, in milliseconds. */
export class Patience {
  constructor(
    /** Until a request begins; also for taking an answer. */
    public idle: f64 = 5000,
    /** From the first byte of a head to its last, however many come between. */
    public head: f64 = 10_000,
  ) {}
}

/** The connection, read with patience. */
class PatientReader implements Reader {
  /** Something of the next head has come; it must have ended at the deadline, in nanoseconds. */
  hasBegun: bool = false;
  private deadline: i64 = 0;
  /** The last byte that was read did not end a line. */
  private isInLine: bool = false;

  constructor(
    private stream: TcpStream,
    private patience: Patience,
  ) {}

  /** A head has ended. What follows it may have been read already. */
  awaitHead(): void {
    this.hasBegun = false;
    if (this.isInLine) this.beginHead();
  }

  beginHead(): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    this.deadline = monotonicNow() + <i64>(this.patience.head * 1e6);
  }

  readOrError(into: Uint8Array): i32 {
    const left = <f64>(this.deadline - monotonicNow()) / 1e6;
    this.stream.timeout = this.hasBegun ? max(left, 0) : this.patience.idle;
    const count = this.stream.readOrError(into);
    if (count > 0) {
      this.beginHead();
      this.isInLine = into[count - 1] != LINE_FEED;
    }
    return count;
  }

  read(into: Uint8Array): i32 {
    return this.readOrError(into);
  }
}

export class RequestReader {
  private reader: PatientReader;
  private lines: LineReader;

  constructor(stream: TcpStream, patience: Patience) {
    const reader = new PatientReader(stream, patience);
    this.reader = reader;
    this.lines = new LineReader(reader, MAX_LINE);
  }

  /** Waits for the next request. Null: the client has ended, gone, or been idle for too long. After a refusal, read no more. */
  next(): Request | null {
    this.reader.awaitHead();
    const request = new Request();
    let line = this.lines.readLineOrError();
    if (line !== null && !line.length) line = this.lines.readLineOrError(); // one empty line before a request is allowed
    if (line === null) return this.explain(request, 414);
    this.reader.beginHead();
    if (!request.parseFirstLine(line)) return request;
    let room = MAX_HEADERS;
    while (true) {
      line = this.lines.readLineOrError();
      if (line === null) return this.explain(request, 431);
      if (!line.length) return request;
      room -= line.length + 2;
      if (room < 0) return request.refuse(431);
      if (!request.parseHeader(line)) return request;
    }
  }

  /** Why there is no line: a refusal, if there is anybody to be told. */
  private explain(request: Request, tooLong: i32): Request | null {
    const code = Fiber.current().lastError;
    if (code == "E_LINE_TOO_LONG") return request.refuse(tooLong);
    if (!this.reader.hasBegun) return null;
    if (code == "ETIMEDOUT") return request.refuse(408);
    return code.length ? null : request.refuse(400); // the client has ended in the middle of a head
  }
}

/** `LineReader`: the lines of what a reader reads. */
import { beginFail, leaveError } from "./failure";
import { suspend } from "./context";
import { Reader } from "./reader";

const INITIAL_ROOM: i32 = 1024;
const LINE_FEED: u8 = 0x0a;
const CARRIAGE_RETURN: u8 = 0x0d;
const TOO_LONG = "E_LINE_TOO_LONG";

/** Reads line by line, UTF-8. It reads ahead: bytes that it has taken are no longer in the reader. */
export class LineReader {
  private buffer: Uint8Array = new Uint8Array(INITIAL_ROOM);
  /** Bytes from `start` to `end` are read and not yet given; those before `scanned` hold no end of a line. */
  private start: i32 = 0;
  private end: i32 = 0;
  private scanned: i32 = 0;
  private hasEnded: bool = false;

  /** @param reader where the bytes come from @param limit the most bytes in one line */
  constructor(
    private reader: Reader,
    private limit: i32 = 65536,
  ) {}

  /**
   * The next line, without its end (`\n` or `\r\n`); null at the end. A last line without an end counts. Waits.
   * @throws E_LINE_TOO_LONG, and what the reader throws
   */
  readLine(): string | null {
    while (true) {
      const isComplete = this.findEnd();
      if (this.isTooLong()) {
        if (refuseLine(this.limit)) suspend();
      }
      if (isComplete) return this.takeLine();
      if (this.hasEnded) return this.takeRest();
      this.makeRoom();
      this.advance(this.reader.read(this.buffer.subarray(this.end)));
    }
  }

  /** The same; also null when it fails, then with the code in `Fiber.current().lastError`. */
  readLineOrError(): string | null {
    leaveError("");
    while (true) {
      const isComplete = this.findEnd();
      if (this.isTooLong()) {
        leaveError(TOO_LONG);
        return null;
      }
      if (isComplete) return this.takeLine();
      if (this.hasEnded) return this.takeRest();
      this.makeRoom();
      const count = this.reader.readOrError(this.buffer.subarray(this.end));
      if (count < 0) return null;
      this.advance(count);
    }
  }

  private findEnd(): bool {
    const buffer = this.buffer;
    let at = this.scanned;
    while (at < this.end && unchecked(buffer[at]) != LINE_FEED) at++;
    this.scanned = at;
    return at < this.end;
  }

  /** Whether what there is of the line is more than a line may have. A `\r` behind which more may come may belong to its end. */
  private isTooLong(): bool {
    let length = this.scanned - this.start;
    const isLast = this.hasEnded && this.scanned == this.end;
    if (length && !isLast && this.buffer[this.scanned - 1] == CARRIAGE_RETURN) length--;
    return length > this.limit;
  }

  private takeLine(): string {
    let length = this.scanned - this.start;
    if (length && this.buffer[this.scanned - 1] == CARRIAGE_RETURN) length--;
    const line = String.UTF8.decodeUnsafe(this.buffer.dataStart + this.start, length);
    this.start = ++this.scanned;
    return line;
  }

  private takeRest(): string | null {
    if (this.start == this.end) return null;
    const line = String.UTF8.decodeUnsafe(this.buffer.dataStart + this.start, this.end - this.start);
    this.start = this.end;
    return line;
  }

  /** Moves what is left to the front, into a larger array when it fills half of this one. */
  private makeRoom(): void {
    const left = this.end - this.start;
    const from = this.buffer.dataStart + this.start;
    if (left > this.buffer.length >> 1) {
      const larger = new Uint8Array(this.buffer.length << 1);
      memory.copy(larger.dataStart, from, left);
      this.buffer = larger;
    } else if (this.start) {
      memory.copy(this.buffer.dataStart, from, left);
    }
    this.scanned -= this.start;
    this.start = 0;
    this.end = left;
  }

  private advance(count: i32): void {
    if (count) this.end += count;
    else this.hasEnded = true;
  }
}

function refuseLine(limit: i32): bool {
  return beginFail(`cannot read a line of more than ${limit} bytes`, TOO_LONG, null);
}

/** `Stdin`: the standard input of the program. */
import { suspend } from "./context";
import { endOperation, endOperationOrError, refuse } from "./event-queue";
import { LineReader } from "./line-reader";
import { beginRead, Reader } from "./reader";
import { isTurnOver } from "./scheduler";

const STANDARD_INPUT: u32 = 0;

class StandardInput implements Reader {
  read(into: Uint8Array): i32 {
    if (isTurnOver()) suspend();
    if (beginRead(STANDARD_INPUT, into, Infinity)) suspend();
    const result = endOperation();
    if (result < 0 && refuse("read from standard input", result)) suspend();
    return result;
  }

  readOrError(into: Uint8Array): i32 {
    if (isTurnOver()) suspend();
    if (beginRead(STANDARD_INPUT, into, Infinity)) suspend();
    return endOperationOrError();
  }
}

let lines: LineReader | null = null;

/** Standard input. One fiber may read at a time. */
export abstract class Stdin {
  /** The next line without its end; null at the end of the input. Waits. @throws E_BUSY when another fiber reads; E_LINE_TOO_LONG */
  static readLine(): string | null {
    let reader = lines;
    if (!reader) {
      reader = new LineReader(new StandardInput(), 1 << 20);
      lines = reader;
    }
    return reader.readLine();
  }
}

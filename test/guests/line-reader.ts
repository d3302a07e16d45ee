// Lines of a text that comes in chunks cut anywhere.
import { Fiber, LineReader, Reader } from "as-fibers/assembly";

/** Gives a text in chunks of the given sizes, over and over; at last fails with a code of its own, or ends. */
class Chunks implements Reader {
  private at: i32 = 0;
  private turn: i32 = 0;

  constructor(
    private bytes: Uint8Array,
    private sizes: i32[],
  ) {}

  read(into: Uint8Array): i32 {
    const size = this.sizes[this.turn++ % this.sizes.length];
    const count = min(min(size, into.length), this.bytes.length - this.at);
    memory.copy(into.dataStart, this.bytes.dataStart + this.at, count);
    this.at += count;
    return count;
  }

  readOrError(into: Uint8Array): i32 {
    return this.read(into);
  }
}

function open(text: string, sizes: string, limit: i32): LineReader {
  const list = sizes.split(" ").map<i32>((size) => I32.parseInt(size));
  const bytes = Uint8Array.wrap(String.UTF8.encode(text));
  return limit < 0 ? new LineReader(new Chunks(bytes, list)) : new LineReader(new Chunks(bytes, list), limit);
}

/** All lines, each in front of a U+0001; at the end `end` and how often that is given, or the code of the error. */
export function lines(text: string, sizes: string, limit: i32): string {
  const reader = open(text, sizes, limit);
  let all = "";
  while (true) {
    const line = reader.readLineOrError();
    if (line === null) break;
    all += line + "\x01";
  }
  const code = Fiber.current().lastError;
  if (code.length) return all + code;
  for (let i = 0; i < 3; i++) if (reader.readLine() !== null) return all + "more";
  return all + "end";
}

/** The same by the form that fails. */
export function linesOrFail(text: string, sizes: string, limit: i32): string {
  const reader = open(text, sizes, limit);
  let all = "";
  while (true) {
    const line = reader.readLine();
    if (line === null) return all + "end";
    all += line + "\x01";
  }
}

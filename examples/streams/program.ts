/**
 * A compressed log through the program: bytes come in chunks, cut anywhere; they become lines, and chunks of bytes again. main.mjs has
 * Node's streams on both sides.
 *
 *     npx as-fibers build program.ts -o build/app
 *     node main.mjs
 */
import { Channel, go } from "as-fibers/assembly";

const NEWLINE: u8 = 10;
/** Lines are sent on together, when they have so many bytes. */
const CHUNK_BYTES = 16384;

class Stage<I, O> {
  constructor(
    public input: Channel<I>,
    public output: Channel<O>,
  ) {}
}

function split(stage: Stage<Uint8Array, string>): void {
  // The bytes of a character may be in two chunks: those after the last newline wait for more.
  let kept = new Uint8Array(0);
  while (stage.input.next()) {
    const bytes = concatenate(kept, stage.input.value);
    let begin = 0;
    for (let i = kept.length; i < bytes.length; i++) {
      if (bytes[i] != NEWLINE) continue;
      stage.output.send(textOf(bytes, begin, i));
      begin = i + 1;
    }
    kept = bytes.slice(begin);
  }
  if (kept.length) stage.output.send(textOf(kept, 0, kept.length));
  stage.output.close();
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function textOf(bytes: Uint8Array, begin: i32, end: i32): string {
  return String.UTF8.decodeUnsafe(bytes.dataStart + begin, end - begin);
}

/** The lines of a text that comes in chunks. */
function linesOf(chunks: Channel<Uint8Array>): Channel<string> {
  const lines = new Channel<string>(64);
  go(split, new Stage<Uint8Array, string>(chunks, lines), "split");
  return lines;
}

function hide(stage: Stage<string, Uint8Array>): void {
  let text = "";
  while (stage.input.next()) {
    const line = stage.input.value;
    text += `-${line.slice(line.indexOf(" "))}\n`;
    if (text.length < CHUNK_BYTES) continue;
    stage.output.send(Uint8Array.wrap(String.UTF8.encode(text)));
    text = "";
  }
  if (text.length) stage.output.send(Uint8Array.wrap(String.UTF8.encode(text)));
  stage.output.close();
}

/** The same log without the addresses, which are the first words of its lines. */
export function withoutAddresses(chunks: Channel<Uint8Array>): Channel<Uint8Array> {
  const output = new Channel<Uint8Array>();
  go(hide, new Stage<string, Uint8Array>(linesOf(chunks), output), "hide");
  return output;
}

/** How many answers had a status, the last word of a line. */
class Status {
  code: string = "";
  count: i32 = 0;
}

/** How often each was answered, the most frequent first. */
export function statuses(chunks: Channel<Uint8Array>): Status[] {
  const counts = new Map<string, i32>();
  const lines = linesOf(chunks);
  while (lines.next()) {
    const code = lines.value.slice(lines.value.lastIndexOf(" ") + 1);
    counts.set(code, (counts.has(code) ? counts.get(code) : 0) + 1);
  }
  const found = counts.keys().map<Status>((code) => ({ code, count: 0 }));
  for (let i = 0; i < found.length; i++) found[i].count = counts.get(found[i].code);
  return found.sort((a, b) => b.count - a.count);
}

/** A stage of a pipe: chunks of bytes come from JavaScript, and go there again. */
import { Channel, go } from "as-fibers/assembly";

class Stage {
  constructor(
    public input: Channel<Uint8Array>,
    public output: Channel<Uint8Array>,
  ) {}
}

/** Lines seen by `mask` since the last time it began. */
export let lines: i32 = 0;

const MASK: u8 = 0x5a;
const NEWLINE: u8 = 10;

function maskAll(stage: Stage): void {
  while (stage.input.next()) {
    const bytes = stage.input.value;
    lines += maskChunk(bytes.dataStart, bytes.length);
    stage.output.send(bytes);
  }
  stage.output.close();
}

/** By addresses: an index into a typed array costs five times as much. @returns how many lines */
function maskChunk(at: usize, length: i32): i32 {
  let count = 0;
  for (const end = at + length; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == NEWLINE) count++;
    store<u8>(at, byte ^ MASK);
  }
  return count;
}

/** Counts lines, and changes every byte. */
export function mask(chunks: Channel<Uint8Array>): Channel<Uint8Array> {
  lines = 0;
  const output = new Channel<Uint8Array>();
  go(maskAll, new Stage(chunks, output));
  return output;
}

/** Nothing happens to them. */
export function pass(chunks: Channel<Uint8Array>): Channel<Uint8Array> {
  return chunks;
}

/** Sends numbers, one by one. */
export function count(limit: i32): Channel<i32> {
  const output = new Channel<i32>();
  go(countTo, new Count(limit, output));
  return output;
}

class Count {
  constructor(
    public limit: i32,
    public output: Channel<i32>,
  ) {}
}

function countTo(count: Count): void {
  for (let i = 0; i < count.limit; i++) count.output.send(i);
  count.output.close();
}

export function sum(values: Channel<i32>): i32 {
  let sum = 0;
  while (values.next()) sum += values.value;
  return sum;
}

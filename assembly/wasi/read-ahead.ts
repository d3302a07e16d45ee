/**
 * Reads into no bytes: they end when a read would not wait, and tell how many bytes are there. `poll_oneoff` says so, on hosts that count.
 * Where it says none, there may be the end, or bytes that the host has not counted: of a socket they are looked at; standard input is read
 * ahead, and what was read is kept here for the next read.
 */
import { STANDARD_INPUT, tryPeek, tryRead } from "./attempts";
import { Waiting } from "./waiting";

const CAPACITY: u32 = 4096;

/** `CAPACITY` bytes; what was read ahead lies from `begin` to `end`. */
let buffer: usize = 0;
let begin: u32 = 0;
let end: u32 = 0;

/** The end was read ahead, and nobody was told. A terminal goes on after it. */
let isEnded: bool = false;

/** What a read into no bytes brings, now that a read would not wait. */
export function tellReadable(w: Waiting): i32 {
  if (w.done) return <i32>w.done;
  if (!buffer) buffer = heap.alloc(CAPACITY);
  if (w.fd != STANDARD_INPUT) return tryPeek(w.fd, buffer, CAPACITY);
  const result = tryRead(STANDARD_INPUT, buffer, CAPACITY);
  if (result < 0) return result;
  begin = 0;
  end = <u32>result;
  isEnded = !result;
  return result;
}

/** Whether the next read of this descriptor gets what was read ahead. */
export function isReadAhead(fd: u32): bool {
  return fd == STANDARD_INPUT && (begin < end || isEnded);
}

/** Reads what was read ahead. Into no bytes, it tells how many there are. */
export function takeReadAhead(pointer: usize, length: u32): i32 {
  if (!length) return <i32>(end - begin);
  isEnded = false;
  const count = min(length, end - begin);
  memory.copy(pointer, buffer + begin, count);
  begin += count;
  return <i32>count;
}

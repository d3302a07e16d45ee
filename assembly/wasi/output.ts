/**
 * Standard output and standard error. What the program prints is handed to the host at once: a trap, which ends the program, loses none of
 * it. What the host does not take at once waits here, in order.
 */
import { OUTPUT_SLOT, PENDING } from "../abi";
import { enlarge } from "../memory";
import { tryWrite } from "./attempts";
import { awaitWritable } from "./poll";
import { ERRNO_PIPE, proc_exit } from "./preview1";
import { noteCompletion } from "./waiting";

export const STANDARD_OUTPUT: u32 = 1;
const STANDARD_ERROR: u32 = 2;

let queue: usize = 0;
let capacity: u32 = 0;
/** Where the bytes in the queue that are not written begin and end. */
let begin: u32 = 0;
let end: u32 = 0;

/** Bytes that have left and that `print` has not been told of. */
let written: u32 = 0;

/** Writes to standard output. What the host does not take stays in the queue. */
export function writeOutput(pointer: usize, length: u32): void {
  let done: u32 = 0;
  if (begin == end) done = writeWhatFits(pointer, length);
  if (done < length) enqueue(pointer + done, length - done);
}

/** Whether bytes wait for standard output. */
export function hasQueuedOutput(): bool {
  return begin != end;
}

/** Standard output takes bytes again. */
export function continueOutput(): void {
  begin += writeWhatFits(queue + begin, end - begin);
}

/** Whether `print` is to be told of what has left. */
export function hasWritten(): bool {
  return written != 0;
}

/** Tells `print` of what has left. */
export function noteWritten(): void {
  if (!written) return;
  noteCompletion(OUTPUT_SLOT, 0, <i32>written);
  written = 0;
}

/** Waits until everything has left. Nothing else happens meanwhile. */
export function flushOutput(): void {
  while (hasQueuedOutput()) {
    awaitWritable(STANDARD_OUTPUT);
    continueOutput();
  }
}

/** Writes a text to standard error, all of it, after everything that was printed. */
export function writeError(text: string): void {
  flushOutput();
  const bytes = String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
  const length = <u32>bytes.byteLength;
  let done: u32 = 0;
  while (done < length) {
    const result = tryWrite(STANDARD_ERROR, changetype<usize>(bytes) + done, length - done);
    if (result == PENDING) awaitWritable(STANDARD_ERROR);
    else if (result < 0) return;
    else done += result;
  }
}

/** How many of the bytes have left. Where nobody can read them, that is all; but when the reader has gone, the program ends, as others do. */
function writeWhatFits(pointer: usize, length: u32): u32 {
  let done: u32 = 0;
  while (done < length) {
    const result = tryWrite(STANDARD_OUTPUT, pointer + done, length - done);
    if (result == PENDING) break;
    if (result == -(<i32>ERRNO_PIPE)) proc_exit(1);
    done = result < 0 ? length : done + result;
  }
  written += done;
  return done;
}

function enqueue(pointer: usize, length: u32): void {
  if (begin == end) {
    begin = 0;
    end = 0;
  }
  if (end + length > capacity) {
    let wanted = max<u32>(capacity, 1 << 16);
    while (wanted < end + length) wanted <<= 1;
    queue = enlarge(queue, end, wanted);
    capacity = wanted;
  }
  memory.copy(queue + end, pointer, length);
  end += length;
}

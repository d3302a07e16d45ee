/** Standard output: `print`, which waits only when the host does not keep up. */
import { Opcode, Operation, OUTPUT_SLOT, submit } from "./abi";
import { current, suspend } from "./context";
import { indexOf, Reason, record } from "./record";
import { beginPark, wake } from "./scheduler";
import { pushWaiter, removeWaiter, shiftWaiter } from "./wait-queue";

/** Bytes handed to the host and not yet written, above which `print` waits. */
const UNSENT_LIMIT: u32 = 64 << 10;

const operation: usize = memory.data(28, 4);
const waiters: usize = memory.data(4, 4);

let unsent: u32 = 0;

/**
 * Writes a line to standard output. Does not wait while less than 64 KiB are unsent; beyond that, a fiber waits until the host has
 * written. Outside of a fiber it never waits.
 */
export function print(line: string): void {
  if (beginPrint(line)) suspend();
}

function beginPrint(line: string): bool {
  const length = String.UTF8.byteLength(line) + 1;
  const bytes = heap.alloc(length);
  // A lone surrogate cannot be encoded; it becomes U+FFFD, which is as long as what it would have become.
  String.UTF8.encodeUnsafe(changetype<usize>(line), line.length, bytes, false, String.UTF8.ErrorMode.REPLACE);
  store<u8>(bytes + length - 1, 0x0a);
  const write = changetype<Operation>(operation);
  write.opcode = Opcode.WRITE;
  write.slot = OUTPUT_SLOT;
  write.handle = 1;
  write.pointer = bytes;
  write.length = <u32>length;
  submit(operation);
  unsent += <u32>length;
  heap.free(bytes);
  const fiber = current();
  if (!fiber || unsent <= UNSENT_LIMIT) return false;
  pushWaiter(waiters, fiber);
  return beginPark(Reason.OUTPUT, waiters, indexOf(changetype<usize>(leaveOutput)));
}

function leaveOutput(fiber: usize): void {
  removeWaiter(waiters, fiber);
}

/** The host has written so many bytes. */
export function completeOutput(bytes: u32): void {
  unsent -= bytes;
  while (unsent <= UNSENT_LIMIT) {
    const fiber = shiftWaiter(waiters);
    if (!fiber) return;
    assert(record(fiber).reason == Reason.OUTPUT, "as-fibers: only printing fibers wait for output");
    wake(fiber);
  }
}

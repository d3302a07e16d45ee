/** Where the answers of WASI calls go: whether an address that a program hands over lies inside its memory. */
import { Iovec } from "./preview1";

/** Whether so many bytes stand at this address. */
export function isInMemory(pointer: usize, length: u64): bool {
  return <u64>pointer + length <= (<u64>memory.size()) << 16;
}

/** Whether a list of buffers does, and all that it names. */
export function areInMemory(iovecs: usize, count: u32): bool {
  if (!isInMemory(iovecs, <u64>count * offsetof<Iovec>())) return false;
  for (let i: u32 = 0; i < count; i++) {
    const buffer = bufferAt(iovecs, i);
    if (!isInMemory(buffer.pointer, buffer.length)) return false;
  }
  return true;
}

// @ts-ignore: decorator
@inline
export function bufferAt(iovecs: usize, index: u32): Iovec {
  return changetype<Iovec>(iovecs + index * offsetof<Iovec>());
}

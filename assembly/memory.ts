/** Raw memory that grows. */

/**
 * A larger block with the same first bytes; frees the old one, which may be 0. Allocates first: it may trap, and then nothing has changed.
 *
 * Not `heap.realloc`: with a second way into the allocator, the optimizer no longer inlines its parts into one function, and every
 * allocation of the program pays for that.
 */
export function enlarge(block: usize, bytes: usize, wanted: usize): usize {
  const larger = heap.alloc(wanted);
  if (block) {
    memory.copy(larger, block, bytes);
    heap.free(block);
  }
  return larger;
}

/** Where the heap begins: what test/setup/heap.ts needs to read the allocator's blocks. */
export function heapBase(): u32 {
  return <u32>__heap_base;
}

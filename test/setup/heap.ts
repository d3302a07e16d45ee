/**
 * Reads the blocks of AssemblyScript's allocator (TLSF; runtimes `incremental` and `minimal`) from outside: how much is in use, to the
 * byte, and whether the blocks are as they must be. A leak of any kind shows, also of memory that the collector does not know.
 */
import type { App } from "as-fibers";

const FREE = 1;
const LEFT_FREE = 2;
const TAGS = FREE | LEFT_FREE;
const OVERHEAD = 4;
const FIRST_LEVELS = 23;
const SECOND_LEVELS = 16;
/** Layout of the allocator's root, from its own source: rt/tlsf.ts. */
const HEADS = 96;
const TAIL = HEADS + FIRST_LEVELS * SECOND_LEVELS * 4;
const ROOT_SIZE = TAIL + 4;

export interface HeapUse {
  usedBlocks: number;
  usedBytes: number;
}

/** What is in use. The guest must export `heapBase`. Throws when the allocator's structure is damaged. */
export async function readHeap(app: App): Promise<HeapUse> {
  return readBlocks(app.memory, (await app.exports["heapBase"]?.()) as number);
}

/** The same, for a heap that begins at `base`. */
export function readBlocks(memory: WebAssembly.Memory, base: number): HeapUse {
  const view = new DataView(memory.buffer);
  const word = (address: number) => view.getUint32(address, true);
  const root = (base + 15) & ~15;
  const tail = word(root + TAIL);
  const free = new Set<number>();
  const use = { usedBlocks: 0, usedBytes: 0 };
  let isLeftFree = false;
  let block = ((root + ROOT_SIZE + OVERHEAD + 15) & ~15) - OVERHEAD;
  while (block < tail) {
    const info = word(block);
    const size = info & ~TAGS;
    const end = block + OVERHEAD + size;
    const isFree = (info & FREE) !== 0;
    if (size < 12 || (size & 15) !== 12) damaged(block, `its size is ${size}`);
    if (((info & LEFT_FREE) !== 0) !== isLeftFree) damaged(block, "it is wrong about its left neighbour");
    if (isFree && isLeftFree) damaged(block, "two free blocks have not been merged");
    if (isFree && word(end - 4) !== block) damaged(block, "its end does not point to its begin");
    if (isFree) free.add(block);
    else {
      use.usedBlocks++;
      use.usedBytes += size;
    }
    isLeftFree = isFree;
    block = end;
  }
  if (block !== tail) damaged(block, `the last block ends behind the tail ${tail}`);
  for (let i = 0; i < FIRST_LEVELS * SECOND_LEVELS; i++) {
    for (let at = word(root + HEADS + i * 4); at; at = word(at + 8)) {
      if (!free.delete(at)) damaged(at, "a list of free blocks has one that is not free, or twice");
    }
  }
  if (free.size) damaged([...free][0] ?? 0, "a free block is in no list");
  return use;
}

function damaged(block: number, what: string): never {
  throw new Error(`the heap is damaged at block ${block}: ${what}`);
}

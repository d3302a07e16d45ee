/**
 * `GuestState`: copies of all that a program is, between two switches: its memory and its globals.
 *
 *      0          stackEnd      heap base                    area                    used end        end
 *     ├ static data ┼ shadow stack ┼ heap: allocator's root, blocks ┼ unwind area ┼ blocks ┼ never used ┤
 *       copied         dead           copied                          dead          copied   2 words
 *
 * The heap's end is told by the allocator (TLSF, as in AssemblyScript 0.28): its root ends with the address of the tail, an empty block,
 * and in front of that stands the address of the block before, when it is free. Where that is not so, as with the runtime `stub`, all is copied.
 *
 * `fingerprint` tells states apart. It leaves out what no program can see: what is dead, what stands in free blocks, in which order the
 * allocator lists these, and the trace. It has 53 bits: of a million states, two are taken for one with a probability of 1 to 18,000.
 */
import { type GuestExports, GuestMemory } from "../abi.ts";
import type { SectionContent } from "../section.ts";

/** Static data, heap before and behind the unwind area, the heap's last words, globals. */
type Parts = readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];

export interface Snapshot {
  readonly parts: Parts;
  readonly bytes: number;
  /** Where the heap ended. */
  readonly end: number;
}

const FREE = 1;
const LEFT_FREE = 2;
const TAGS = 3;
/** Of the allocator's root: bit maps and list heads, and behind them the address of the tail. */
const TAIL_OFFSET = 1568;

type Range = readonly [begin: number, end: number];

export class GuestState {
  readonly #guest: GuestExports;
  readonly #memory: GuestMemory;
  readonly #globalsSize: number;
  readonly #staticEnd: number;
  readonly #heapBase: number;
  /** The allocator's. */
  readonly #root: number;
  readonly #area: Range;
  /** Blocks of which the contents are dead. */
  readonly #deadBlocks: ReadonlySet<number>;
  readonly #trace: Range;

  /** @param areaBytes of the unwind area, without its canary @param trace where the trace's header is */
  constructor(guest: GuestExports, section: SectionContent, areaBytes: number, trace: Range) {
    this.#guest = guest;
    this.#memory = new GuestMemory(guest.memory);
    this.#globalsSize = section.globalsSize;
    this.#staticEnd = section.stackEnd;
    this.#heapBase = section.stackEnd + section.stackSize;
    this.#root = (this.#heapBase + 15) & ~15;
    const area = guest.__fibers_dead_area() >>> 0;
    this.#area = [area, area + areaBytes];
    this.#deadBlocks = new Set([area, guest.__fibers_completion_buffer() >>> 0]);
    this.#trace = trace;
  }

  #words(): Uint32Array {
    const { buffer } = this.#memory.bytes(0, 0);
    return new Uint32Array(buffer);
  }

  /** Where the allocator's tail is; 0 when the allocator is another one. */
  #tail(words: Uint32Array): number {
    const tail = words[(this.#root + TAIL_OFFSET) >>> 2] as number;
    const isTail =
      tail % 16 === 12 && tail > this.#heapBase && tail < words.length * 4 && words[tail >>> 2] === LEFT_FREE;
    return isTail ? tail : 0;
  }

  save(): Snapshot {
    const words = this.#words();
    const tail = this.#tail(words);
    const end = tail ? tail + 4 : words.length * 4;
    // Of the last free block, the header.
    const usedEnd = tail ? (words[(tail >>> 2) - 1] as number) + 12 : end;
    const [areaBegin, areaEnd] = this.#area;
    const ranges: Range[] = [
      [0, this.#staticEnd],
      [this.#heapBase, areaBegin],
      [areaEnd, usedEnd],
      [end - 8, end],
    ];
    const copies = ranges.map(([from, to]) => this.#memory.bytes(from, to - from).slice());
    const parts = [...copies, this.#globals().slice()] as unknown as Parts;
    return { parts, bytes: parts.reduce((sum, { length }) => sum + length, 0), end };
  }

  /** The globals, in the unwind area. */
  #globals(): Uint8Array {
    const [scratch] = this.#area;
    this.#guest.__fibers_save_globals(scratch);
    return this.#memory.bytes(scratch, this.#globalsSize);
  }

  /** Goes back to a state. Memory that has grown since stays so, and is not known to the allocator any more. */
  restore({ parts: [statics, before, behind, last, globals], end }: Snapshot): void {
    const [scratch, areaEnd] = this.#area;
    this.#put(0, statics);
    this.#put(this.#heapBase, before);
    this.#put(areaEnd, behind);
    this.#put(end - 8, last);
    this.#put(scratch, globals);
    this.#guest.__fibers_load_globals(scratch);
  }

  #put(at: number, bytes: Uint8Array): void {
    this.#memory.bytes(at, bytes.length).set(bytes);
  }

  /** A number that is the same for states in which the program goes on in the same way. @param world what tells states of its world apart */
  fingerprint(world: Uint32Array): number {
    const words = this.#words();
    const hash = new Hash();
    hash.add(world, 0, world.length);
    const [traceBegin, traceEnd] = this.#trace;
    hash.add(words, 0, traceBegin >>> 2);
    hash.add(words, traceEnd >>> 2, this.#staticEnd >>> 2);
    this.#addHeap(hash, words);
    const globals = this.#globals();
    hash.add(words, globals.byteOffset >>> 2, (globals.byteOffset + globals.length) >>> 2);
    return hash.value;
  }

  #addHeap(hash: Hash, words: Uint32Array): void {
    const tail = this.#tail(words);
    let block = ((this.#root + TAIL_OFFSET + 8 + 15) & ~15) - 4;
    while (block < tail) {
      const info = words[block >>> 2] as number;
      const size = info & ~TAGS;
      // Where memory has grown after a state was restored, a block is missing.
      if (!size) break;
      hash.addWord(info);
      const end = block + 4 + size;
      if (!(info & FREE) && !this.#deadBlocks.has(block + 4)) hash.add(words, (block + 4) >>> 2, end >>> 2);
      block = end;
    }
    if (block === tail) return;
    hash.add(words, this.#heapBase >>> 2, this.#area[0] >>> 2);
    hash.add(words, this.#area[1] >>> 2, words.length);
  }
}

/** 53 bits of two mixes that know nothing of each other. */
class Hash {
  #one = 0x2545f491;
  #two = 0x5bd1e995;

  add(words: Uint32Array, from: number, to: number): void {
    let one = this.#one;
    let two = this.#two;
    for (let i = from; i < to; i++) {
      const word = words[i] as number;
      one = Math.imul(one ^ word, 0x9e3779b1);
      one ^= one >>> 15;
      two = Math.imul((two << 13) | (two >>> 19), 5) + word;
      two = Math.imul(two ^ (two >>> 16), 0x85ebca6b);
    }
    this.#one = one;
    this.#two = two;
  }

  addWord(word: number): void {
    this.#one = Math.imul(this.#one ^ word, 0x9e3779b1);
    this.#two = Math.imul(this.#two ^ (this.#two >>> 16), 0x85ebca6b) + word;
  }

  get value(): number {
    return (this.#one >>> 0) * 2 ** 21 + (this.#two >>> 11);
  }
}

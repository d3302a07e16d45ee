/**
 * Finds where functions begin and end in a binary: the host looks for the line of a trap inside one function only, and the source map does not
 * say where one ends.
 */

const CODE_SECTION = 10;
/** Magic number and version. */
const HEADER_BYTES = 8;

/** First byte, and the one behind the last. */
export type FunctionRange = [begin: number, end: number];

/** The body of every function in the module, in the order of their definition. */
export function findFunctionRanges(binary: Uint8Array): FunctionRange[] {
  const reader = new Reader(binary, HEADER_BYTES);
  while (reader.at < binary.length) {
    const id = binary[reader.at++];
    const size = reader.readUnsigned();
    if (id === CODE_SECTION) return readBodies(reader);
    reader.at += size;
  }
  return [];
}

function readBodies(reader: Reader): FunctionRange[] {
  const ranges: FunctionRange[] = [];
  for (let left = reader.readUnsigned(); left > 0; left--) {
    const size = reader.readUnsigned();
    ranges.push([reader.at, reader.at + size]);
    reader.at += size;
  }
  return ranges;
}

class Reader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** An unsigned number in LEB128. */
  readUnsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }
}

/** An endless text in which neighbouring stretches differ, so that a lost or moved byte shows; test/guests/support/pattern.ts has it too. */
export function patternBytes(from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) {
    const place = from + i;
    bytes[i] = place * 7 + (place >> 8) * 13 + (place >> 16) * 17;
  }
  return bytes;
}

/** The byte at a place of an endless text in which neighbouring stretches differ; test/setup/pattern.ts has the same. */
export function byteAt(place: i32): u8 {
  return <u8>(place * 7 + (place >> 8) * 13 + (place >> 16) * 17);
}

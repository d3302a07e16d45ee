/** Percent-encoding: `%C3%A9` stands for two bytes. */

const PERCENT: i32 = 0x25;

/** The bytes that an ASCII text stands for; null when a percent sign is not followed by two hexadecimal digits. */
export function decodePercent(text: string): Uint8Array | null {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code == PERCENT) {
      if (i + 2 >= text.length) return null;
      const high = digitOf(text.charCodeAt(i + 1));
      const low = digitOf(text.charCodeAt(i + 2));
      if (high < 0 || low < 0) return null;
      code = (high << 4) | low;
      i += 2;
    }
    bytes[length++] = <u8>code;
  }
  return bytes.slice(0, length);
}

/** The value of a hexadecimal digit; -1 for anything else. */
function digitOf(code: i32): i32 {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

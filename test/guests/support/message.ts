/** Messages of fields: `length: u32, (length: u32, bytes)…`. */

export class Field {
  constructor(public bytes: Uint8Array) {}

  get text(): string {
    return String.UTF8.decodeUnsafe(this.bytes.dataStart, this.bytes.length);
  }
}

/** The fields of a message whose length has been read. */
export function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < message.length;) {
    const length = load<i32>(message.dataStart + at);
    fields.push(new Field(message.slice(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return fields;
}

/** A message that is being written. */
export class Message {
  private fields: Uint8Array[] = [];

  addText(text: string): void {
    this.fields.push(Uint8Array.wrap(String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE)));
  }

  addBytes(bytes: Uint8Array): void {
    this.fields.push(bytes);
  }

  /** Its length and all its fields. */
  get bytes(): Uint8Array {
    let length = 4;
    for (let i = 0; i < this.fields.length; i++) length += 4 + this.fields[i].length;
    const bytes = new Uint8Array(length);
    store<i32>(bytes.dataStart, length - 4);
    for (let i = 0, at = 4; i < this.fields.length; i++) {
      const field = this.fields[i];
      store<i32>(bytes.dataStart + at, field.length);
      bytes.set(field, at + 4);
      at += 4 + field.length;
    }
    return bytes;
  }
}

/** Parses a text like JSON into a tree: recursion, strings, allocation, virtual calls. */
abstract class Node {
  abstract weigh(): f64;
}

class NumberNode extends Node {
  constructor(public value: f64) {
    super();
  }
  weigh(): f64 {
    return this.value;
  }
}

class TextNode extends Node {
  constructor(public value: string) {
    super();
  }
  weigh(): f64 {
    return this.value.length;
  }
}

class ListNode extends Node {
  items: Node[] = [];
  weigh(): f64 {
    let sum: f64 = 0;
    for (let i = 0; i < this.items.length; i++) sum += this.items[i].weigh();
    return sum;
  }
}

class ObjectNode extends Node {
  members: Map<string, Node> = new Map();
  weigh(): f64 {
    let sum: f64 = this.members.size;
    const values = this.members.values();
    for (let i = 0; i < values.length; i++) sum += values[i].weigh();
    return sum;
  }
}

class Parser {
  private at: i32 = 0;

  constructor(private text: string) {}

  parseValue(): Node {
    this.skipSpace();
    const code = this.text.charCodeAt(this.at);
    if (code == 0x7b) return this.parseObject();
    if (code == 0x5b) return this.parseList();
    if (code == 0x22) return new TextNode(this.parseText());
    return new NumberNode(this.parseNumber());
  }

  private parseObject(): Node {
    const node = new ObjectNode();
    this.at++;
    while (!this.accept(0x7d)) {
      this.skipSpace();
      const key = this.parseText();
      this.accept(0x3a);
      node.members.set(key, this.parseValue());
      this.accept(0x2c);
    }
    return node;
  }

  private parseList(): Node {
    const node = new ListNode();
    this.at++;
    while (!this.accept(0x5d)) {
      node.items.push(this.parseValue());
      this.accept(0x2c);
    }
    return node;
  }

  private parseText(): string {
    const begin = ++this.at;
    while (this.text.charCodeAt(this.at) != 0x22) this.at++;
    return this.text.substring(begin, this.at++);
  }

  private parseNumber(): f64 {
    let value: f64 = 0;
    let code = this.text.charCodeAt(this.at);
    while (code >= 0x30 && code <= 0x39) {
      value = value * 10 + (code - 0x30);
      code = this.text.charCodeAt(++this.at);
    }
    return value;
  }

  /** Skips this character, if it is the next one. */
  private accept(code: i32): bool {
    this.skipSpace();
    if (this.text.charCodeAt(this.at) != code) return false;
    this.at++;
    return true;
  }

  private skipSpace(): void {
    while (this.text.charCodeAt(this.at) == 0x20) this.at++;
  }
}

function createText(records: i32): string {
  const parts: string[] = [];
  for (let i = 0; i < records; i++) {
    parts.push(`{ "id": ${i}, "name": "record ${i}", "tags": ["a", "bc", [${i * 7}, 42]], "inner": { "depth": 2 } }`);
  }
  return `[ ${parts.join(", ")} ]`;
}

/** Parses a text of 200 records `rounds` times. @returns the sum of the trees' weights */
export function work(rounds: i32): f64 {
  const text = createText(200);
  let sum: f64 = 0;
  for (let i = 0; i < rounds; i++) sum += new Parser(text).parseValue().weigh();
  return sum;
}

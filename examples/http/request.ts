/** The head of an HTTP/1.1 request: its first line, and what its header lines say that a small server must know. */

const SPACE: i32 = 0x20;
const TAB: i32 = 0x09;
const DELETE: i32 = 0x7f;

/** What else than letters and digits may stand in a method or in the name of a header. */
const TOKEN_SIGNS = "!#$%&'*+-.^_`|~";

export class Request {
  method: string = "";
  target: string = "";
  /** Whether the client may send another request after this one. */
  keepsAlive: bool = false;
  hasBody: bool = false;
  /** The status to answer with when the head could not be read or understood; 0 when it was. */
  refusal: i32 = 0;

  refuse(status: i32): Request {
    this.refusal = status;
    return this;
  }

  /** Reads `METHOD target HTTP/1.1`. False: it was refused. */
  parseFirstLine(line: string): bool {
    const words = line.split(" ");
    const isKnown = words.length == 3 && words[2].length == 8 && words[2].startsWith("HTTP/");
    if (!isKnown || !isToken(words[0]) || !isVisible(words[1])) {
      this.refusal = 400;
      return false;
    }
    this.method = words[0];
    this.target = words[1];
    this.keepsAlive = words[2] == "HTTP/1.1";
    if (!this.keepsAlive && words[2] != "HTTP/1.0") this.refusal = 505;
    return !this.refusal;
  }

  /** Reads `name: value`. False: it was refused. */
  parseHeader(line: string): bool {
    const colon = line.indexOf(":");
    if (colon < 0 || !isToken(line.slice(0, colon)) || !isText(line, colon)) {
      this.refusal = 400;
      return false;
    }
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name == "connection") this.parseConnection(value.toLowerCase());
    else if (name == "content-length") this.hasBody = this.hasBody || value != "0";
    else if (name == "transfer-encoding") this.hasBody = true;
    return true;
  }

  private parseConnection(value: string): void {
    const options = value.split(",");
    for (let i = 0; i < options.length; i++) {
      const option = options[i].trim();
      if (option == "close") this.keepsAlive = false;
      else if (option == "keep-alive") this.keepsAlive = true;
    }
  }
}

function isToken(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
    const isDigit = code >= 0x30 && code <= 0x39;
    if (!isLetter && !isDigit && !TOKEN_SIGNS.includes(text.charAt(i))) return false;
  }
  return text.length > 0;
}

function isVisible(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= SPACE || code >= DELETE) return false;
  }
  return text.length > 0;
}

function isText(line: string, from: i32): bool {
  for (let i = from; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if ((code < SPACE && code != TAB) || code == DELETE) return false;
  }
  return true;
}

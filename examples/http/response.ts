/** What is answered to an HTTP/1.1 request, as bytes. */

/** The bytes of an answer. The body of a HEAD request is announced, not sent. */
export function encodeResponse(status: i32, body: Uint8Array, keepsAlive: bool, isHead: bool): Uint8Array {
  let head = `HTTP/1.1 ${status} ${reasonOf(status)}\r\nContent-Type: text/plain; charset=utf-8\r\n`;
  head += `Content-Length: ${body.length}\r\nConnection: ${keepsAlive ? "keep-alive" : "close"}\r\n`;
  if (status == 405) head += "Allow: GET, HEAD\r\n";
  const headBytes = Uint8Array.wrap(String.UTF8.encode(head + "\r\n"));
  if (isHead) return headBytes;
  const bytes = new Uint8Array(headBytes.length + body.length);
  bytes.set(headBytes);
  bytes.set(body, headBytes.length);
  return bytes;
}

/** The name of a status. */
export function reasonOf(status: i32): string {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 414:
      return "URI Too Long";
    case 431:
      return "Request Header Fields Too Large";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

/** A client of HTTP/1.1, as small as the delay server allows: one request per connection, one line of text in the answer. */
import { defer, fail, LineReader, TcpStream } from "as-fibers/assembly";

/** Asks the server on this port, and waits for the text. Fails the fiber when the answer is not 200. */
export function get(port: i32, path: string): string {
  const stream = TcpStream.connect("127.0.0.1", port);
  const closing = defer(closeStream, stream);
  stream.writeText(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
  const lines = new LineReader(stream);
  const status = lines.readLine();
  if (status === null || !status.startsWith("HTTP/1.1 200 ")) {
    fail(`GET ${path} was answered by: ${status === null ? "nothing" : status}`, "E_HTTP");
  }
  let line = lines.readLine();
  while (line !== null && line.length) line = lines.readLine(); // the headers
  const text = lines.readLine();
  closing.run();
  return text === null ? "" : text;
}

function closeStream(stream: TcpStream): void {
  stream.close();
}

/** A server that answers `GET /{milliseconds}/{text}` with the text after that time, and knows how many requests wait for their answers. */
import { Channel, defer, go, LineReader, sleep, TcpListener, TcpStream } from "as-fibers/assembly";

let expected: i32 = 0;
let waiting: i32 = 0;
let open: i32 = 0;
let answered: i32 = 0;

/** Gets how many wait, when as many wait as were expected. */
const full = new Channel<i32>(1);
/** Gets how many were answered, when the last connection is closed. */
const empty = new Channel<i32>(1);

/** @returns the port */
export function listen(count: i32): i32 {
  expected = count;
  const listener = TcpListener.bind("127.0.0.1", 0);
  go(acceptAll, listener, "server");
  return listener.port;
}

function acceptAll(listener: TcpListener): void {
  while (true) {
    go(converse, listener.accept(), "connection");
    open++;
  }
}

function converse(stream: TcpStream): void {
  defer(close, stream);
  const lines = new LineReader(stream);
  let line = lines.readLine();
  while (line !== null) {
    const words = line.split(" ")[1].split("/");
    while (line !== null && line.length) line = lines.readLine();
    if (++waiting == expected) full.send(waiting);
    sleep(parseFloat(words[1]));
    waiting--;
    const text = words[2];
    const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${text.length}\r\n`;
    stream.writeText(`${head}Connection: keep-alive\r\n\r\n${text}`);
    answered++;
    line = lines.readLine();
  }
}

function close(stream: TcpStream): void {
  stream.close();
  if (!--open) empty.send(answered);
}

export function untilFull(): i32 {
  return full.receive();
}

export function untilEmpty(): i32 {
  return empty.receive();
}

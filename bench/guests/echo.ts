/** A server that sends back what comes, as a program would be written: one fiber per connection. */
import { go, print, TcpListener, TcpStream } from "as-fibers/assembly";

function converse(stream: TcpStream): void {
  const buffer = new Uint8Array(4096);
  let count = stream.readOrError(buffer);
  while (count > 0 && stream.writeOrError(buffer.subarray(0, count))) count = stream.readOrError(buffer);
  stream.close();
}

export function main(port: i32): void {
  const listener = TcpListener.bind("127.0.0.1", port);
  print(`listening on 127.0.0.1:${listener.port}`);
  while (true) go(converse, listener.accept(), "connection");
}

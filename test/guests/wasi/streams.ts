/** Standard input and sockets on target `wasi`. */
import { Fiber, go, lookupOrError, print, sleep, Stdin, TcpListener, TcpStream } from "as-fibers/assembly";

function tick(_: i32): void {
  for (let i = 1; ; i++) {
    sleep(10);
    print(`tick ${i}`);
  }
}

function echoLines(): void {
  go(tick, 0, "ticker");
  for (let line = Stdin.readLine(); line !== null; line = Stdin.readLine()) print(`> ${line}`);
}

function refuse(): void {
  if (!TcpStream.connectOrError("127.0.0.1", 1)) print(`connect: ${Fiber.current().lastError}`);
  if (!TcpListener.bindOrError("127.0.0.1", 1)) print(`bind: ${Fiber.current().lastError}`);
  if (!lookupOrError("localhost")) print(`lookup: ${Fiber.current().lastError}`);
}

function echo(stream: TcpStream): void {
  const bytes = new Uint8Array(1 << 16);
  let total = 0;
  for (let count = stream.read(bytes); count; count = stream.read(bytes)) {
    stream.write(bytes.subarray(0, count));
    total += count;
  }
  stream.shutdown();
  if (!stream.writeTextOrError("x")) print(`after shutdown: ${Fiber.current().lastError}`);
  stream.close();
  print(`echoed ${total}`);
}

function accept(listener: TcpListener): void {
  const stream = listener.acceptOrError();
  if (stream) go<TcpStream>(echo, stream);
  else print(`accept: ${Fiber.current().lastError}`);
}

function read(stream: TcpStream): void {
  if (stream.readOrError(new Uint8Array(8)) < 0) print(`read: ${Fiber.current().lastError}`);
}

/** Serves so many connections. */
function serve(count: i32): void {
  const listener = TcpListener.bind("127.0.0.1", 0);
  const second = TcpListener.bindOrError("127.0.0.1", 0);
  print(second ? `second listener` : `no second listener: ${Fiber.current().lastError}`);
  const accepting = new Array<Fiber>();
  for (let i = 0; i < count; i++) accepting.push(go<TcpListener>(accept, listener));
  for (let i = 0; i < count; i++) accepting[i].join();
  sleep(300);
}

/** One connection and everything that can go wrong with it. */
function misuse(): void {
  const listener = TcpListener.bind("127.0.0.1", 0);
  const stream = listener.accept();
  print(`address "${stream.remoteAddress}"`);
  const first = go<TcpStream>(read, stream, "first");
  const second = go<TcpStream>(read, stream, "second");
  second.join();
  stream.timeout = 5;
  stream.close();
  first.join();
  const waiting = go<TcpListener>(accept, listener);
  sleep(1);
  listener.close();
  waiting.join();
}

/** Writes until nobody takes it any more: the timeout closes the stream for writing. */
function flood(): void {
  const stream = TcpListener.bind("127.0.0.1", 0).accept();
  const bytes = new Uint8Array(1 << 20);
  stream.timeout = 50;
  let count = 0;
  while (stream.writeOrError(bytes)) count++;
  print(`${count < 100}: ${Fiber.current().lastError}`);
  if (!stream.writeOrError(bytes)) print(`then: ${Fiber.current().lastError}`);
  const into = new Uint8Array(8);
  if (stream.readOrError(into) < 0) print(`read: ${Fiber.current().lastError}`);
}

export function main(way: string, count: i32 = 1): void {
  if (way == "stdin") echoLines();
  else if (way == "quiet") sleep(1);
  else if (way == "refused") refuse();
  else if (way == "serve") serve(count);
  else if (way == "misuse") misuse();
  else flood();
}

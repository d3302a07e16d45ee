// What the driver contract suite asks for with many operations at once, and with fibers that never stop.
import { Fiber, run, spawn, Task, TcpListener, TcpStream, go, yieldNow } from "as-fibers/assembly";

let listener: TcpListener | null = null;

export function listen(): void {
  listener = TcpListener.bind("127.0.0.1", 0);
}

/** There is one. */
export function portOf(_: i32 = 0): i32 {
  return listener!.port;
}

// ── many at once ──

function serve(count: i32): i32 {
  const fibers: Fiber[] = [];
  for (let i = 0; i < count; i++) fibers.push(go(echo, listener!.accept()));
  for (let i = 0; i < count; i++) fibers[i].join();
  return count;
}

function echo(stream: TcpStream): void {
  const bytes = new Uint8Array(16);
  while (true) {
    const count = stream.read(bytes);
    if (!count) break;
    stream.write(bytes.subarray(0, count));
  }
  stream.close();
}

function ask(number: i32): i32 {
  const stream = TcpStream.connect("127.0.0.1", listener!.port);
  const bytes = new Uint8Array(4);
  store<i32>(bytes.dataStart, number);
  stream.write(bytes);
  bytes.fill(0);
  if (stream.read(bytes) != 4) return -1;
  stream.close();
  return load<i32>(bytes.dataStart);
}

/** So many connections of the program to itself, all at once; how many clients got their own number back. */
export function talkToItself(count: i32): i32 {
  listen();
  const server = spawn(serve, count);
  const clients: Task<i32>[] = [];
  for (let i = 0; i < count; i++) clients.push(spawn(ask, i));
  let right = 0;
  for (let i = 0; i < count; i++) if (clients[i].join() == i) right++;
  server.join();
  listener!.close();
  return right;
}

function acceptOne(): void {
  listener!.accept().close();
}

/** So many fibers accept, and the listener is closed; how many were told so. */
export function closeUnderAcceptors(count: i32): i32 {
  listen();
  const fibers: Fiber[] = [];
  for (let i = 0; i < count; i++) fibers.push(run(acceptOne));
  yieldNow();
  listener!.close();
  let told = 0;
  for (let i = 0; i < count; i++) if (!fibers[i].tryJoin() && fibers[i].error!.code == "E_CLOSED") told++;
  return told;
}

/** So many fibers accept, and all are cancelled. */
export function cancelAcceptors(count: i32): i32 {
  const fibers: Fiber[] = [];
  for (let i = 0; i < count; i++) fibers.push(run(acceptOne));
  yieldNow();
  for (let i = 0; i < count; i++) fibers[i].cancel();
  let told = 0;
  for (let i = 0; i < count; i++) if (!fibers[i].tryJoin() && fibers[i].error!.code == "E_CANCELLED") told++;
  return told;
}

// ── never stopping ──

let isStopped: bool = false;

export function stop(): void {
  isStopped = true;
}

export function spin(): i32 {
  let rounds = 0;
  for (; !isStopped; rounds++) yieldNow();
  return rounds;
}

/** Reads by a few bytes: mostly they are there already. */
export function readLittle(): i32 {
  const stream = listener!.accept();
  const few = new Uint8Array(64);
  let count = 0;
  for (; !isStopped; count++) stream.read(few);
  stream.close();
  return count;
}

/** Writes a few bytes at a time: mostly the system takes them at once. */
export function writeLittle(): i32 {
  const stream = listener!.accept();
  const few = new Uint8Array(64);
  let count = 0;
  for (; !isStopped; count++) stream.write(few);
  stream.close();
  return count;
}

/** Socket calls of WASI preview 1, as a program makes them that knows nothing of fibers. Each call from JavaScript is a fiber. */
import { Fiber, go, sleep, TcpStream } from "as-fibers/assembly";

@external("wasi_snapshot_preview1", "sock_accept")
declare function sock_accept(fd: u32, flags: u32, accepted: usize): u32;
@external("wasi_snapshot_preview1", "sock_recv")
declare function sock_recv(fd: u32, iovecs: usize, count: u32, flags: u32, bytes: usize, roflags: usize): u32;
@external("wasi_snapshot_preview1", "sock_send")
declare function sock_send(fd: u32, iovecs: usize, count: u32, flags: u32, bytes: usize): u32;
@external("wasi_snapshot_preview1", "sock_shutdown")
declare function sock_shutdown(fd: u32, how: u32): u32;
@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: u32, iovecs: usize, count: u32, bytes: usize): u32;
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: u32, iovecs: usize, count: u32, bytes: usize): u32;
@external("wasi_snapshot_preview1", "fd_close")
declare function fd_close(fd: u32): u32;
@external("wasi_snapshot_preview1", "fd_fdstat_get")
declare function fd_fdstat_get(fd: u32, fdstat: usize): u32;
@external("wasi_snapshot_preview1", "fd_fdstat_set_flags")
declare function fd_fdstat_set_flags(fd: u32, flags: u32): u32;
@external("wasi_snapshot_preview1", "poll_oneoff")
declare function poll_oneoff(subscriptions: usize, events: usize, count: u32, happened: usize): u32;

/** A list of buffers over one piece of memory, the count and the flags that a call answers, each fiber its own. */
class Transfer {
  private bytes: StaticArray<u8>;
  private list: StaticArray<u32>;
  private answer: StaticArray<u32> = new StaticArray<u32>(2);

  /** In buffers of the given sizes. */
  constructor(sizes: i32[]) {
    let length = 0;
    for (let i = 0; i < sizes.length; i++) length += sizes[i];
    this.bytes = new StaticArray<u8>(length);
    this.list = new StaticArray<u32>(sizes.length * 2);
    let at = changetype<usize>(this.bytes);
    for (let i = 0; i < sizes.length; i++) {
      this.list[i * 2] = <u32>at;
      this.list[i * 2 + 1] = sizes[i];
      at += sizes[i];
    }
  }

  static of(text: string): Transfer {
    const transfer = new Transfer([String.UTF8.byteLength(text)]);
    String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, transfer.pointer);
    return transfer;
  }

  get pointer(): usize {
    return changetype<usize>(this.bytes);
  }

  get iovecs(): usize {
    return changetype<usize>(this.list);
  }

  get count(): u32 {
    return this.list.length >> 1;
  }

  get answered(): usize {
    return changetype<usize>(this.answer);
  }

  /** "errno text". */
  tell(errno: u32): string {
    return `${errno} ${String.UTF8.decodeUnsafe(this.pointer, this.answer[0])}`;
  }

  /** "errno count". */
  tellCount(errno: u32): string {
    return `${errno} ${this.answer[0]}`;
  }
}

function sizesOf(sizes: string): i32[] {
  const numbers: i32[] = [];
  const words = sizes.split(",");
  for (let i = 0; i < words.length; i++) numbers.push(I32.parseInt(words[i]));
  return numbers;
}

/** The descriptor; or an errno, negative. */
export function accept(fd: u32, flags: u32): i32 {
  const transfer = new Transfer([]);
  const errno = sock_accept(fd, flags, transfer.answered);
  return errno ? -(<i32>errno) : load<i32>(transfer.answered);
}

export function receive(fd: u32, sizes: string, flags: u32): string {
  const transfer = new Transfer(sizesOf(sizes));
  return transfer.tell(sock_recv(fd, transfer.iovecs, transfer.count, flags, transfer.answered, transfer.answered + 4));
}

export function readSocket(fd: u32, sizes: string): string {
  const transfer = new Transfer(sizesOf(sizes));
  return transfer.tell(fd_read(fd, transfer.iovecs, transfer.count, transfer.answered));
}

export function send(fd: u32, text: string): string {
  const transfer = Transfer.of(text);
  return transfer.tellCount(sock_send(fd, transfer.iovecs, transfer.count, 0, transfer.answered));
}

export function writeSocket(fd: u32, text: string): string {
  const transfer = Transfer.of(text);
  return transfer.tellCount(fd_write(fd, transfer.iovecs, transfer.count, transfer.answered));
}

/** So many bytes, in two buffers. */
export function sendMany(fd: u32, count: i32): string {
  const transfer = new Transfer([count >> 1, count - (count >> 1)]);
  return transfer.tellCount(sock_send(fd, transfer.iovecs, transfer.count, 0, transfer.answered));
}

export function shutdown(fd: u32, how: u32): u32 {
  return sock_shutdown(fd, how);
}

export function close(fd: u32): u32 {
  return fd_close(fd);
}

export function setFlags(fd: u32, flags: u32): u32 {
  return fd_fdstat_set_flags(fd, flags);
}

/** "errno filetype:flags:rights". */
export function fdstat(fd: u32): string {
  const stat = new StaticArray<u8>(24);
  const at = changetype<usize>(stat);
  const errno = fd_fdstat_get(fd, at);
  return `${errno} ${load<u8>(at)}:${load<u16>(at, 2)}:${load<u64>(at, 8)}`;
}

/** Words as r3, w65536, c5: readable, writable, milliseconds. "errno" and "userdata:type:error:nbytes:flags" of the events; userdata is the word's number. */
export function pollSockets(words: string): string {
  const list = words.split(" ");
  const subscriptions = new StaticArray<u8>(48 * list.length);
  const happened = new StaticArray<u32>(1);
  for (let i = 0; i < list.length; i++) {
    const at = changetype<usize>(subscriptions) + i * 48;
    const kind = list[i].charAt(0);
    const value = I32.parseInt(list[i].substring(1));
    store<u64>(at, i);
    store<u8>(at, kind == "r" ? 1 : kind == "w" ? 2 : 0, 8);
    store<u32>(at, kind == "c" ? 1 : value, 16);
    if (kind == "c") store<u64>(at, <u64>value * 1_000_000, 24);
  }
  const at = changetype<usize>(subscriptions);
  // The events take the place of the subscriptions.
  let text = `${poll_oneoff(at, at, list.length, changetype<usize>(happened))}`;
  for (let i: usize = 0; i < happened[0]; i++) {
    const event = at + i * 32;
    text += ` ${load<u64>(event)}:${load<u8>(event, 10)}:${load<u16>(event, 8)}:${load<u64>(event, 16)}:${load<u16>(event, 24)}`;
  }
  return text;
}

const log: string[] = [];

export function takeLog(): string {
  return log.splice(0).join(" ");
}

let served = 0;

/** Echoes to so many connections of the listener, each in a fiber of its own. */
export function serveEcho(fd: u32, connections: i32): void {
  served = 0;
  for (let i = 0; i < connections; i++) go(echo, <u32>accept(fd, 0));
  while (served < connections) sleep(1);
}

function echo(fd: u32): void {
  const transfer = new Transfer([256]);
  while (true) {
    const errno = sock_recv(fd, transfer.iovecs, 1, 0, transfer.answered, transfer.answered + 4);
    const text = transfer.tell(errno).substring(2);
    log.push(text.length ? text : "end");
    if (!text.length) break;
    send(fd, text);
  }
  sock_shutdown(fd, 2);
  fd_close(fd);
  served++;
}

class Client {
  constructor(
    public port: i32,
    public name: string,
    /** Milliseconds between what it says. */
    public pause: i32,
  ) {}
}

function speak(client: Client): void {
  const stream = TcpStream.connect("127.0.0.1", client.port);
  const into = new Uint8Array(16);
  for (let i = 1; i <= 3; i++) {
    sleep(client.pause);
    stream.writeText(`${client.name}${i}`);
    assert(stream.read(into) == 2);
  }
  stream.close();
}

function tick(count: i32): void {
  for (let i = 0; i < count; i++) {
    sleep(10);
    log.push("tick");
  }
}

/** Serves two that speak at times of their own, and one that is silent for long, while another fiber ticks every 10 ms. */
export function echoAmongTicks(port: i32): string {
  go(tick, 6);
  go(speak, new Client(port, "a", 4));
  go(speak, new Client(port, "b", 13));
  go(speak, new Client(port, "c", 1000));
  serveEcho(3, 3);
  return takeLog();
}

function receiveAndLog(fd: u32): void {
  log.push(receive(fd, "64", 0));
}

function acceptAndLog(fd: u32): void {
  log.push(`accepted ${accept(fd, 0)}`);
}

function pollAndLog(fd: u32): void {
  log.push(pollSockets(`r3 r${fd}`));
}

/** Has fibers wait, each in a call of its own, and cancels them; what waits for a socket then is told by `Fiber.state`. */
export function cancelAll(listener: u32, connection: u32): string {
  const accepting = go(acceptAndLog, listener);
  sleep(1);
  accepting.cancel();
  sleep(1);
  const polling = go(pollAndLog, connection);
  sleep(1);
  polling.cancel();
  sleep(1);
  const receiving = go(receiveAndLog, connection);
  sleep(1);
  receiving.cancel();
  sleep(1);
  return [accepting, polling, receiving].map<string>((fiber: Fiber) => `${fiber.state}`).join(" ");
}

// Calls with any addresses.

export function rawAccept(fd: u32, flags: u32, accepted: u32): u32 {
  return sock_accept(fd, flags, accepted);
}

export function rawReceive(fd: u32, iovecs: u32, count: u32, flags: u32, bytes: u32, roflags: u32): u32 {
  return sock_recv(fd, iovecs, count, flags, bytes, roflags);
}

export function rawSend(fd: u32, iovecs: u32, count: u32, flags: u32, bytes: u32): u32 {
  return sock_send(fd, iovecs, count, flags, bytes);
}

export function rawRead(fd: u32, iovecs: u32, count: u32, bytes: u32): u32 {
  return fd_read(fd, iovecs, count, bytes);
}

export function rawWrite(fd: u32, iovecs: u32, count: u32, bytes: u32): u32 {
  return fd_write(fd, iovecs, count, bytes);
}

export function rawStat(fd: u32, fdstat: u32): u32 {
  return fd_fdstat_get(fd, fdstat);
}

export function rawPoll(subscriptions: u32, events: u32, count: u32, happened: u32): u32 {
  return poll_oneoff(subscriptions, events, count, happened);
}

/** A list with a buffer of this address and length; its own address. */
export function makeList(pointer: u32, length: u32): u32 {
  const list: usize = memory.data(8, 4);
  store<u32>(list, pointer);
  store<u32>(list, length, 4);
  return <u32>list;
}

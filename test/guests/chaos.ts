/**
 * The program under chaos: conversations over many connections, half of which others make to it and half it makes to others. What each is to
 * be like, its peer says at the beginning; what became of it, `ended` tells.
 *
 *     the peer's first 32 bytes: id, bytes to send, how to end, room of a read, bytes of a write,
 *                                pause after a write, pause after a read, limit of a read, in ms
 *     then, in both directions, the bytes of the pattern that belongs to (id, direction)
 *
 * Every byte that comes is compared.
 */
import { defer, Fiber, Future, go, sleep, TcpListener, TcpStream, timeout } from "as-fibers/assembly";

const HEAD_BYTES = 32;
/** A prime, so that no size of a write or a buffer is a period of it. */
const PERIOD = 10_007;
/** The most bytes of one read or write: more than the system takes at once. */
const MOST_BYTES = 8 << 20;

/** How the program ends a conversation, when it has sent everything. */
enum Ending {
  /** Shuts down, and reads to the end. */
  SHUTDOWN,
  /** Cancels its reader, and closes. */
  CANCEL,
  /** Closes while its reader waits. */
  CLOSE,
}

/** The period, and again as much as one read or write may need. */
const pattern = new Uint8Array(PERIOD + MOST_BYTES);

/** @returns the port */
export function begin(): i32 {
  let state: u32 = 1;
  for (let i = 0; i < pattern.length; i++) {
    state = state * 1_103_515_245 + 12_345;
    pattern[i] = i < PERIOD ? <u8>(state >> 16) : pattern[i - PERIOD];
  }
  const listener = TcpListener.bind("127.0.0.1", 0);
  go(serve, listener, "server");
  return listener.port;
}

function serve(listener: TcpListener): void {
  while (true) go(converse, listener.accept(), "conversation");
}

/** Connects to a peer, which says the rest. Whether that worked: the code of the error, or nothing. */
export function dial(port: i32): string {
  const stream = TcpStream.connectOrError("127.0.0.1", port);
  if (stream === null) return Fiber.current().lastError;
  go(converse, stream as TcpStream, "conversation");
  return "";
}

class Talk {
  received: i32 = 0;
  sent: i32 = 0;
  /** Reads that were cancelled because nothing came in time. */
  late: i32 = 0;
  readEnd: string = "cancelled";
  writeEnd: string = "";
  isWrong: bool = false;
  isOver: bool = false;
  buffer: Uint8Array;
  id: i32;
  toSend: i32;
  ending: i32;
  chunk: i32;
  writePause: i32;
  readPause: i32;
  limit: i32;

  constructor(
    public stream: TcpStream,
    head: Uint8Array,
  ) {
    const words = head.dataStart;
    this.id = load<i32>(words);
    this.toSend = load<i32>(words, 4);
    this.ending = load<i32>(words, 8);
    this.buffer = new Uint8Array(load<i32>(words, 12));
    this.chunk = load<i32>(words, 16);
    this.writePause = load<i32>(words, 20);
    this.readPause = load<i32>(words, 24);
    this.limit = load<i32>(words, 28);
  }
}

const outcomes = new Map<i32, Future<string>>();

function outcomeOf(id: i32): Future<string> {
  if (!outcomes.has(id)) outcomes.set(id, new Future<string>());
  return outcomes.get(id);
}

/** Waits until the conversation is over: bytes received, bytes sent, how reading and writing ended. */
export function ended(id: i32): string {
  const outcome = outcomeOf(id).wait();
  outcomes.delete(id);
  return outcome;
}

function converse(stream: TcpStream): void {
  defer(close, stream);
  const head = new Uint8Array(HEAD_BYTES);
  if (!readHead(stream, head)) return;
  const talk = new Talk(stream, head);
  const reader = go(receiveAll, talk, "reader");
  sendAll(talk);
  if (talk.ending == Ending.SHUTDOWN) stream.shutdownOrError();
  else if (talk.ending == Ending.CANCEL) reader.cancel();
  else stream.close();
  reader.tryJoin();
  const reading = talk.isWrong ? "WRONG" : talk.readEnd;
  outcomeOf(talk.id).set(`${talk.received} ${talk.sent} ${reading} ${talk.writeEnd}`);
}

function close(stream: TcpStream): void {
  stream.close();
}

function readHead(stream: TcpStream, head: Uint8Array): bool {
  for (let have = 0; have < HEAD_BYTES;) {
    const count = stream.readOrError(head.subarray(have));
    if (count <= 0) return false;
    have += count;
  }
  return true;
}

/** Where the pattern of this direction begins. */
function startOf(id: i32, direction: i32): i32 {
  return (id * 61 + direction * 4_999) % PERIOD;
}

function receiveAll(talk: Talk): void {
  while (!talk.isOver) {
    if (!talk.limit) receive(talk);
    else if (!timeout(talk.limit, receive, talk)) talk.late++;
    if (talk.readPause && talk.received % 7 < 3) sleep(talk.readPause);
  }
}

/** Nothing waits after the read: what a cancelled read has brought is counted. */
function receive(talk: Talk): void {
  const count = talk.stream.readOrError(talk.buffer);
  if (count <= 0) {
    talk.readEnd = count ? Fiber.current().lastError : "end";
    talk.isOver = true;
    return;
  }
  const from = (startOf(talk.id, 0) + talk.received) % PERIOD;
  if (memory.compare(talk.buffer.dataStart, pattern.dataStart + from, count)) {
    talk.isWrong = true;
    talk.isOver = true;
  }
  talk.received += count;
}

function sendAll(talk: Talk): void {
  const start = startOf(talk.id, 1);
  while (talk.sent < talk.toSend) {
    const count = min(talk.chunk, talk.toSend - talk.sent);
    const from = (start + talk.sent) % PERIOD;
    if (!talk.stream.writeOrError(pattern.subarray(from, from + count))) {
      talk.writeEnd = Fiber.current().lastError;
      return;
    }
    talk.sent += count;
    if (talk.writePause) sleep(talk.writePause);
  }
  talk.writeEnd = "all";
}

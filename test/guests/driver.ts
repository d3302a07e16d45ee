// What the driver contract suite asks for, one verb at a time. Streams and listeners have numbers; so have verbs that run in fibers of
// their own, to be cancelled or joined.
import {
  Fiber,
  go,
  lookupOrError,
  monotonicNow,
  print,
  sleep,
  Stdin,
  TcpListener,
  TcpStream,
} from "as-fibers/assembly";
import { byteAt } from "./support/pattern";
import { attemptSocket, listeners, performSocket, streams } from "./support/socket-verbs";

export {
  acceptUnix,
  bindUdp,
  closeUdp,
  closeUnix,
  connectUnix,
  connectWithin,
  limitAccept,
  limitUdp,
  limitUnix,
  listenerAddress,
  listenUnix,
  localAddress,
  lookupWithin,
  receive,
  receiveLong,
  sendLong,
  sendUdp,
  setKeepAlive,
  setNoDelay,
  udpAddress,
  udpPort,
} from "./support/socket-verbs";

const jobs: Job[] = [];

function addStream(stream: TcpStream): i32 {
  return streams.push(stream) - 1;
}

function addListener(listener: TcpListener): i32 {
  return listeners.push(listener) - 1;
}

export function listen(host: string, port: i32): i32 {
  return addListener(TcpListener.bind(host, port));
}

export function portOf(listener: i32): i32 {
  return listeners[listener].port;
}

export function accept(listener: i32): i32 {
  return addStream(listeners[listener].accept());
}

export function connect(host: string, port: i32): i32 {
  return addStream(TcpStream.connect(host, port));
}

export function remoteAddress(stream: i32): string {
  return (streams[stream] as TcpStream).remoteAddress;
}

export function read(stream: i32, room: i32): string {
  const into = new Uint8Array(room);
  const count = streams[stream].read(into);
  return String.UTF8.decodeUnsafe(into.dataStart, count);
}

export function write(stream: i32, text: string): void {
  streams[stream].writeText(text);
}

export function shutdown(stream: i32): void {
  streams[stream].shutdown();
}

export function closeStream(stream: i32): void {
  streams[stream].close();
}

export function closeListener(listener: i32): void {
  listeners[listener].close();
}

/** How long one read or write may wait, in milliseconds. */
export function limit(stream: i32, milliseconds: f64): void {
  streams[stream].timeout = milliseconds;
}

/** Sends the pattern, `chunk` bytes a write; `writtenBytes` tells how far that has come. */
export function sendPattern(stream: i32, total: i32, chunk: i32): void {
  const bytes = new Uint8Array(chunk);
  for (let sent = 0; sent < total;) {
    const count = min(chunk, total - sent);
    for (let i = 0; i < count; i++) bytes[i] = byteAt(sent + i);
    streams[stream].write(bytes.subarray(0, count));
    sent += count;
    written = sent;
  }
}

/** Reads the pattern up to the end; how many bytes, or -1 - the place of the first wrong one. */
export function receivePattern(stream: i32, room: i32): i32 {
  const bytes = new Uint8Array(room);
  let received = 0;
  while (true) {
    const count = streams[stream].read(bytes);
    if (!count) return received;
    for (let i = 0; i < count; i++) if (bytes[i] != byteAt(received + i)) return -1 - received - i;
    received += count;
  }
}

let written: i32 = 0;

export function writtenBytes(): i32 {
  return written;
}

/** The pattern is written at once, and its array filled with other bytes as soon as that is allowed: when the write has ended, or was cancelled. */
function writeAndReuse(stream: i32, length: i32): void {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = byteAt(i);
  shared = bytes;
  streams[stream].write(bytes);
  bytes.fill(0x21);
}

let shared: Uint8Array | null = null;

/** Cancels the job, and reuses its array at once. */
export function cancelAndReuse(job: i32): void {
  jobs[job].fiber!.cancel();
  shared!.fill(0x21);
}

class Job {
  fiber: Fiber | null = null;
  result: string = "";
  constructor(
    public verb: string,
    public id: i32,
    public text: string,
  ) {}
}

function perform(job: Job): void {
  const verb = job.verb;
  if (verb == "read") job.result = read(job.id, 100);
  else if (verb == "readTwice") {
    job.result = read(job.id, 100);
    job.result += "|" + read(job.id, 100);
  } else if (verb == "write") write(job.id, job.text);
  else if (verb == "sendForever") sendPattern(job.id, i32.MAX_VALUE, 1 << 14);
  else if (verb == "writeAndReuse") writeAndReuse(job.id, I32.parseInt(job.text));
  else if (verb == "greet") write(accept(job.id), job.text);
  else if (verb == "accept") job.result = accept(job.id).toString();
  else if (verb == "connect") job.result = connect("127.0.0.1", job.id).toString();
  else if (verb == "listen") job.result = listen("127.0.0.1", job.id).toString();
  else if (verb == "sleep") sleep(<f64>job.id);
  else if (verb == "forever") sleep(Infinity);
  else if (verb == "readLine") job.result = Stdin.readLine()!;
  else job.result = performSocket(verb, job.id, job.text)!;
}

/** Runs a verb in a fiber of its own; its number. */
export function begin(verb: string, id: i32, text: string): i32 {
  const job = new Job(verb, id, text);
  job.fiber = go(perform, job, verb);
  return jobs.push(job) - 1;
}

export function cancel(job: i32): void {
  jobs[job].fiber!.cancel();
}

/** Waits for the job's end: its result, or its result and the code of its error. */
export function end(job: i32): string {
  const fiber = jobs[job].fiber!;
  if (fiber.tryJoin()) return jobs[job].result;
  const code = fiber.error!.code;
  return jobs[job].result.length ? `${jobs[job].result} ${code}` : code;
}

/** The forms that leave a code: what they return and what they leave, for each. */
export function attempt(verb: string, id: i32, text: string): string {
  let result = "";
  if (verb == "read") result = streams[id].readOrError(new Uint8Array(100)).toString();
  else if (verb == "write") result = streams[id].writeOrError(Uint8Array.wrap(String.UTF8.encode(text))).toString();
  else if (verb == "writeText") result = streams[id].writeTextOrError(text).toString();
  else if (verb == "connect") result = (TcpStream.connectOrError(text, id) === null).toString();
  else if (verb == "listen") result = (TcpListener.bindOrError(text, id) === null).toString();
  else if (verb == "accept") result = (listeners[id].acceptOrError() === null).toString();
  else if (verb == "lookup") result = (lookupOrError(text) === null).toString();
  else result = attemptSocket(verb, id, text)!;
  return `${result} ${Fiber.current().lastError}`;
}

export function readLine(): string {
  const line = Stdin.readLine();
  return line === null ? "(end)" : `[${line}]`;
}

/** All lines of the standard input, in brackets. */
export function readLines(): string {
  let all = "";
  while (true) {
    const line = Stdin.readLine();
    if (line === null) return all;
    all += `[${line}]`;
  }
}

export function say(text: string): void {
  print(text);
}

/** Nanoseconds that a sleep of so many milliseconds took. */
export function measure(milliseconds: f64): i64 {
  const begin = monotonicNow();
  sleep(milliseconds);
  return monotonicNow() - begin;
}

/** The clock, in nanoseconds. */
export function nowNs(): f64 {
  return <f64>monotonicNow();
}

/** Reads the clock so many times; how often it has gone back. */
export function timesBack(count: i32): i32 {
  let back = 0;
  let before = monotonicNow();
  for (let i = 0; i < count; i++) {
    const now = monotonicNow();
    if (now < before) back++;
    before = now;
  }
  return back;
}

// ── memory ──

export function memoryPages(): i32 {
  return memory.size();
}

/** Reads into an array that nothing else holds. */
export function readAndDrop(stream: i32, room: i32): i32 {
  return streams[stream].read(new Uint8Array(room));
}

let arrays: Uint8Array[] = [];

/** Fills the heap with arrays: what was free before is in use after it. */
export function fillHeap(count: i32, size: i32): void {
  for (let i = 0; i < count; i++) {
    const array = new Uint8Array(size);
    array.fill(0x55);
    arrays.push(array);
  }
}

/** How many bytes of these arrays have changed. */
export function changedBytes(): i32 {
  let changed = 0;
  for (let i = 0; i < arrays.length; i++) {
    const array = arrays[i];
    for (let j = 0; j < array.length; j++) if (array[j] != 0x55) changed++;
  }
  return changed;
}

/** Grows the memory; by how many pages. */
export function growMemory(bytes: i32): i32 {
  const before = memory.size();
  arrays.push(new Uint8Array(bytes).fill(0x55));
  return memory.size() - before;
}

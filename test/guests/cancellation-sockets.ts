// Fibers that are cancelled at sockets. What is cancelled loses its buffer at once: it is filled with other bytes.
import { defer, Fiber, go, Scope, TcpListener, TcpStream, yieldNow } from "as-fibers/assembly";
import { byteAt } from "./support/pattern";

const FOREIGN: u8 = 0x21;

/** A verb in a fiber of its own. */
class Job {
  fiber: Fiber | null = null;
  result: string = "";
  cleanups: i32 = 0;

  constructor(
    public verb: string,
    public id: i32,
    public buffer: Uint8Array,
  ) {}
}

const jobs: Job[] = [];
const streams: TcpStream[] = [];
const listeners: TcpListener[] = [];

function addStream(stream: TcpStream): string {
  return `${streams.push(stream) - 1}`;
}

function perform(job: Job): void {
  const verb = job.verb;
  defer<Job>((own: Job): void => {
    own.cleanups++;
  }, job);
  if (verb == "accept") job.result = addStream(listeners[job.id].accept());
  else if (verb == "connect") job.result = addStream(TcpStream.connect("127.0.0.1", job.id));
  else if (verb == "read") job.result = `${streams[job.id].read(job.buffer)}`;
  else if (verb == "write") streams[job.id].write(job.buffer);
  else assert(false, "there is no such verb");
}

/** Listens on a port that the system chooses; the number of the listener. */
export function listen(): i32 {
  return listeners.push(TcpListener.bind("127.0.0.1", 0)) - 1;
}

export function portOf(listener: i32): i32 {
  return listeners[listener].port;
}

/** Starts a verb, with a buffer of so many bytes, which hold the pattern; its number. */
export function begin(verb: string, id: i32, length: i32): i32 {
  const buffer = new Uint8Array(length);
  for (let i = 0; i < length; i++) buffer[i] = byteAt(i);
  const job = new Job(verb, id, buffer);
  job.fiber = go(perform, job, verb);
  return jobs.push(job) - 1;
}

/** Starts a verb and lets it begin, and cancels it in the same turn. */
export function beginAndCancel(verb: string, id: i32): i32 {
  const job = begin(verb, id, 0);
  yieldNow();
  cancel(job);
  return job;
}

export function cancel(job: i32): void {
  jobs[job].fiber!.cancel("enough");
  jobs[job].buffer.fill(FOREIGN);
}

/** Waits for its end: what it has brought, or how it failed; and how often its cleanup has run. */
export function end(job: i32): string {
  const fiber = jobs[job].fiber!;
  const how = fiber.tryJoin() ? jobs[job].result : fiber.error!.toString();
  return `${how}, ${jobs[job].cleanups} cleanup`;
}

/** How many bytes of its buffer were written to since it was cancelled. */
export function changedBytes(job: i32): i32 {
  const buffer = jobs[job].buffer;
  let changed = 0;
  for (let i = 0; i < buffer.length; i++) if (buffer[i] != FOREIGN) changed++;
  return changed;
}

/** Reads the pattern up to the end; how many bytes, or -1 - the place of the first wrong one. */
export function receivePattern(stream: i32): i32 {
  const bytes = new Uint8Array(10_000);
  let received = 0;
  while (true) {
    const count = streams[stream].read(bytes);
    if (!count) return received;
    for (let i = 0; i < count; i++) if (bytes[i] != byteAt(received + i)) return -1 - received - i;
    received += count;
  }
}

/** Writes a text; the code when that is refused. */
export function write(stream: i32, text: string): string {
  streams[stream].writeTextOrError(text);
  return Fiber.current().lastError;
}

export function read(stream: i32): string {
  const bytes = new Uint8Array(100);
  return String.UTF8.decodeUnsafe(bytes.dataStart, streams[stream].read(bytes));
}

export function closeStream(stream: i32): void {
  streams[stream].close();
}

export function closeListener(listener: i32): void {
  listeners[listener].close();
}

// --- a server in a scope ---

let server: Scope | null = null;
let closed: i32 = 0;

function answer(stream: TcpStream): void {
  defer<TcpStream>((own: TcpStream): void => {
    own.close();
    closed++;
  }, stream);
  const bytes = new Uint8Array(100);
  while (true) {
    const count = stream.read(bytes);
    if (!count) return;
    stream.write(bytes.subarray(0, count));
  }
}

/** Echoes to whoever connects, until `stopServing`; how many connections it has closed then. */
export function serve(listener: i32): i32 {
  const scope = new Scope();
  server = scope;
  scope.go<TcpListener>((own: TcpListener): void => {
    while (true) server!.go(answer, own.accept());
  }, listeners[listener]);
  scope.wait();
  return closed;
}

export function stopServing(): void {
  server!.cancel("the server stops");
}

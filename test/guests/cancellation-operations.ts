// Fibers that wait for operations of the host, which the test ends by hand or lets be cancelled.
import {
  defer,
  Fiber,
  go,
  lookup,
  Stdin,
  TcpListener,
  TcpStream,
  UdpSocket,
  UnixListener,
  UnixStream,
  yieldNow,
} from "as-fibers/assembly";
import { timerCount } from "as-fibers/assembly/timers";
import { log, takeLog } from "./support/log";

export { heapBase } from "./support/heap";

const ROOM: i32 = 16;
const FILL: u8 = 0x55;

/** A fiber that waits once. */
class Job {
  fiber: Fiber | null = null;
  buffer: Uint8Array = new Uint8Array(ROOM).fill(FILL);

  constructor(
    public verb: string,
    public number: i32,
  ) {}
}

let jobs: Job[] = [];
let listener: TcpListener | null = null;
let unixListener: UnixListener | null = null;
let socket: UdpSocket | null = null;

/** The most milliseconds that each may wait, standard input excepted. */
const LIMIT: f64 = 1000;

function openStream(): TcpStream {
  const stream = TcpStream.of(7);
  stream.timeout = LIMIT;
  return stream;
}

function wait(job: Job): string {
  const verb = job.verb;
  if (verb == "listen") {
    listener = TcpListener.bind("127.0.0.1", 0, LIMIT);
    listener!.timeout = LIMIT;
    return `listens on ${listener!.port}`;
  }
  if (verb == "accept") {
    listener!.accept();
    return "has accepted";
  }
  if (verb == "connect") {
    TcpStream.connect("127.0.0.1", 80, LIMIT);
    return "has connected";
  }
  if (verb == "read") return `has read ${openStream().read(job.buffer)} bytes`;
  if (verb == "write") {
    openStream().write(job.buffer);
    return "has written";
  }
  if (verb == "lookup") return `has found ${lookup("somewhere", LIMIT).join(" ")}`;
  if (verb == "stdin") return `has read ${Stdin.readLine()!}`;
  return waitOther(job);
}

/** Of UDP and Unix sockets. */
function waitOther(job: Job): string {
  const verb = job.verb;
  if (verb == "bind") {
    socket = UdpSocket.bind("127.0.0.1", 0, LIMIT);
    socket!.timeout = LIMIT;
    return `is bound to ${socket!.port}`;
  }
  if (verb == "receive") return `has received ${socket!.receive(job.buffer)} bytes from ${socket!.senderPort}`;
  if (verb == "send") {
    socket!.send(job.buffer, "127.0.0.1", 80);
    return "has sent";
  }
  if (verb == "listen unix") {
    unixListener = UnixListener.bind("/path", LIMIT);
    unixListener!.timeout = LIMIT;
    return `listens on ${unixListener!.path}`;
  }
  if (verb == "accept unix") return `has accepted on ${unixListener!.accept().path}`;
  assert(verb == "connect unix", "there is no such verb");
  return `has connected to ${UnixStream.connect("/path", LIMIT).path}`;
}

function work(job: Job): void {
  defer<i32>((_: i32): void => log("second cleanup"), 0);
  defer<i32>((_: i32): void => {
    yieldNow();
    log("first cleanup");
  }, 0);
  log(`${job.number} ${wait(job)}`);
  yieldNow();
  log(`${job.number} goes on`);
}

/** Starts a fiber that waits; its number. */
export function begin(verb: string): i32 {
  const job = new Job(verb, jobs.length + 1);
  job.fiber = go(work, job, verb);
  return jobs.push(job);
}

/** A fiber that reads, and then cancels the first one. */
export function beginCanceller(): void {
  go<Uint8Array>(
    (into: Uint8Array): void => {
      openStream().read(into);
      jobs[0].fiber!.cancel("enough");
    },
    new Uint8Array(ROOM),
    "canceller",
  );
}

export function cancel(number: i32): void {
  jobs[number - 1].fiber!.cancel("enough");
}

/** Waits for its end, and says how it was. */
export function end(number: i32): string {
  const fiber = jobs[number - 1].fiber!;
  const isDone = fiber.tryJoin();
  log(isDone ? "done" : fiber.error!.toString());
  return takeLog();
}

/** How many bytes of its buffer are not as they were. */
export function changedBytes(number: i32): i32 {
  const buffer = jobs[number - 1].buffer;
  let changed = 0;
  for (let i = 0; i < ROOM; i++) if (buffer[i] != FILL) changed++;
  return changed;
}

export function timers(): i32 {
  return timerCount();
}

/** Forgets all jobs. */
export function reset(): void {
  jobs = [];
}

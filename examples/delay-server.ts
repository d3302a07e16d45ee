// An HTTP server: GET /{milliseconds}/{text} is answered with the text after that time; one fiber per connection.
import { defer, Fiber, go, monotonicNow, print, sleep, TcpListener, TcpStream } from "as-fibers/assembly";
import { decodePercent } from "./http/percent";
import { Request } from "./http/request";
import { Patience, RequestReader } from "./http/request-reader";
import { encodeResponse, reasonOf } from "./http/response";

const MAX_DELAY_DIGITS = 7;
/** How long a client may take to read an answer that is the last one. */
const LINGER_MILLISECONDS: f64 = 1000;

class Connection {
  constructor(
    public stream: TcpStream,
    public patience: Patience,
  ) {}
}

/** Serves all who connect, until the fiber is cancelled or the listener closed. */
export function serve(listener: TcpListener, patience: Patience = new Patience()): void {
  defer(closeListener, listener);
  while (true) {
    const stream = listener.acceptOrError();
    if (stream) go(converse, new Connection(stream, patience), "connection");
    else if (Fiber.current().lastError == "E_CLOSED") return;
    else sleep(10); // the system has no room for another connection now
  }
}

/** Starts a server beside the running fiber, on a port that is free. @returns the port */
export function startServer(): i32 {
  const listener = TcpListener.bind("127.0.0.1", 0);
  go(serveForever, listener, "server");
  return listener.port;
}

function serveForever(listener: TcpListener): void {
  serve(listener);
}

/** Answers the requests of one client, in their order. A client that goes away ends only this fiber. */
function converse(connection: Connection): void {
  const stream = connection.stream;
  const patience = connection.patience;
  defer(closeStream, stream);
  const requests = new RequestReader(stream, patience);
  let keepsAlive = true;
  while (keepsAlive) {
    const request = requests.next();
    if (!request) return;
    const response = answer(request);
    stream.timeout = patience.idle;
    if (!stream.writeOrError(response)) return;
    keepsAlive = request.keepsAlive;
  }
  linger(stream);
}

/** The bytes of the answer, after the time that was asked for. */
function answer(request: Request): Uint8Array {
  if (request.refusal) return refuse(request, request.refusal);
  const isHead = request.method == "HEAD";
  if (request.method != "GET" && !isHead) return refuse(request, 405);
  const target = request.target;
  const slash = target.indexOf("/", 1);
  if (!target.startsWith("/") || slash < 0) return refuse(request, 404);
  const milliseconds = parseDelay(target.slice(1, slash));
  const text = decodePercent(target.slice(slash + 1));
  if (milliseconds < 0 || !text || request.hasBody) return refuse(request, 400);
  sleep(milliseconds);
  return encodeResponse(200, text, request.keepsAlive, isHead);
}

/** After a refusal the connection is closed: what follows on it may not be a request. */
function refuse(request: Request, status: i32): Uint8Array {
  request.keepsAlive = false;
  const body = Uint8Array.wrap(String.UTF8.encode(`${status} ${reasonOf(status)}\n`));
  return encodeResponse(status, body, false, request.method == "HEAD");
}

/** A whole number of milliseconds; -1 for anything else, and for more than seven digits. */
function parseDelay(digits: string): i32 {
  if (!digits.length || digits.length > MAX_DELAY_DIGITS) return -1;
  let value = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Ends, and reads on for a while: closing with bytes unread would reset the connection, and the answer could be lost. */
function linger(stream: TcpStream): void {
  if (!stream.shutdownOrError()) return; // the client has gone
  const ignored = new Uint8Array(16384);
  const deadline = monotonicNow() + <i64>(LINGER_MILLISECONDS * 1e6);
  stream.timeout = LINGER_MILLISECONDS;
  while (stream.readOrError(ignored) > 0 && monotonicNow() < deadline) {}
}

function closeStream(stream: TcpStream): void {
  stream.close();
}

function closeListener(listener: TcpListener): void {
  listener.close();
}

export function main(port: i32 = 0, idleMilliseconds: f64 = 5000, headMilliseconds: f64 = 10_000): void {
  const listener = TcpListener.bind("127.0.0.1", port);
  print(`listening on 127.0.0.1:${listener.port}`);
  serve(listener, new Patience(idleMilliseconds, headMilliseconds));
}

// A chat server: lines are sent to all others. One fiber knows everybody; a client that does not read is dropped.
import { Channel, defer, Fiber, go, LineReader, print, sleep, TcpListener, TcpStream } from "as-fibers/assembly";

const MAX_NAME = 32;
const MAX_LINE = 1000;
/** Lines that may wait for a client before it is dropped. */
const OUTBOX_LINES = 100;
/** How long a client may take to say its name; and then to say something more, or to read a line. */
const NAME_MILLISECONDS: f64 = 30_000;
const IDLE_MILLISECONDS: f64 = 600_000;

class Client {
  name: string = "";
  isIn: bool = false;
  /** What is to be written to it; closed when there will be no more. */
  outbox: Channel<string> = new Channel(OUTBOX_LINES);

  constructor(public stream: TcpStream) {}
}

enum Kind {
  JOIN,
  LINE,
  LEAVE,
}

class Event {
  constructor(
    public kind: Kind,
    public client: Client,
    public line: string = "",
  ) {}
}

/** All that happens goes through here, so everybody sees it in the same order. */
const events = new Channel<Event>(OUTBOX_LINES);

/** The fiber that knows everybody. It never waits for a client. */
function hub(_: i32): void {
  const clients = new Array<Client>();
  while (events.next()) {
    const event = events.value;
    if (event.kind == Kind.JOIN) join(clients, event.client);
    else if (event.kind == Kind.LEAVE) leave(clients, event.client);
    else if (event.client.isIn) broadcast(clients, event.client, `${event.client.name}: ${event.line}`);
  }
}

function join(clients: Array<Client>, client: Client): void {
  const names = new Array<string>();
  for (let i = 0; i < clients.length; i++) names.push(clients[i].name);
  if (names.includes(client.name)) {
    client.outbox.trySend(`* the name ${client.name} is taken`);
    client.outbox.close();
    return;
  }
  client.isIn = true;
  clients.push(client);
  client.outbox.trySend(names.length ? `* here are ${names.join(", ")}` : "* nobody else is here");
  broadcast(clients, client, `* ${client.name} has joined`);
}

function leave(clients: Array<Client>, client: Client): void {
  client.outbox.close();
  if (!client.isIn) return;
  client.isIn = false;
  clients.splice(clients.indexOf(client), 1);
  broadcast(clients, client, `* ${client.name} has left`);
}

/** Puts the line into the outboxes of all but its author. Who has a full one is dropped: the others do not wait for it. */
function broadcast(clients: Array<Client>, author: Client, line: string): void {
  for (let i = 0; i < clients.length; i++) {
    const client = clients[i];
    if (client != author && !client.outbox.isClosed && !client.outbox.trySend(line)) drop(client);
  }
}

function drop(client: Client): void {
  client.outbox.close();
  // The write that waits for it fails. The fiber that listens to it finds the stream closed, and says that the client leaves.
  client.stream.close();
}

/** The fiber that reads what a client says; the first line is its name. */
function listen(client: Client): void {
  const stream = client.stream;
  const lines = new LineReader(stream, MAX_LINE);
  defer(closeStream, stream);
  stream.timeout = NAME_MILLISECONDS;
  const name = lines.readLineOrError();
  if (name === null || !name.trim().length || name.length > MAX_NAME) return;
  stream.timeout = IDLE_MILLISECONDS;
  client.name = name.trim();
  const writer = go(write, client, `writer of ${client.name}`);
  events.send(new Event(Kind.JOIN, client));
  let line = lines.readLineOrError();
  while (line !== null) {
    events.send(new Event(Kind.LINE, client, line));
    line = lines.readLineOrError();
  }
  events.send(new Event(Kind.LEAVE, client));
  writer.join();
}

/** The fiber that writes to a client. */
function write(client: Client): void {
  const outbox = client.outbox;
  let isThere = true;
  while (outbox.next()) {
    if (isThere) isThere = client.stream.writeTextOrError(outbox.value + "\n");
  }
  client.stream.close();
}

function closeStream(stream: TcpStream): void {
  stream.close();
}

function closeListener(listener: TcpListener): void {
  listener.close();
}

export function main(port: i32 = 0): void {
  const listener = TcpListener.bind("127.0.0.1", port);
  defer(closeListener, listener);
  print(`listening on 127.0.0.1:${listener.port}`);
  go(hub, 0, "hub");
  while (true) {
    const stream = listener.acceptOrError();
    if (stream) go(listen, new Client(stream), "client");
    else if (Fiber.current().lastError == "E_CLOSED") return;
    else sleep(10); // the system has no room for another connection now
  }
}

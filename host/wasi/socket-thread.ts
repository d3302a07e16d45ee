/** The thread that has the sockets of a program which waits without koffi: Node's own, since its event loop runs there. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { workerData } from "node:worker_threads";
import { ring } from "./doorbell.ts";
import { type FromSocketThread, type SocketThreadData, type ToSocketThread, WINDOW } from "./socket-protocol.ts";

const { port, bell } = workerData as SocketThreadData;
const servers = new Map<number, Server>();
const connections = new Map<number, { socket: Socket; untaken: number }>();
let nextConnection = 0;

function tell(message: FromSocketThread): void {
  port.postMessage(message);
  ring(bell);
}

port.on("message", receive);

function receive(message: ToSocketThread): void {
  if (message.type === "listen") listen(message);
  else if (message.type === "closeListener") servers.get(message.listener)?.close();
  else if (message.type === "end") endAll();
  else onConnection(message);
}

function onConnection(message: Extract<ToSocketThread, { connection: number }>): void {
  const { connection } = message;
  const entry = connections.get(connection);
  if (!entry) return;
  const { socket } = entry;
  switch (message.type) {
    case "write": {
      const { length } = message.bytes;
      socket.write(message.bytes, (error) => {
        if (!error) tell({ type: "written", connection, length });
      });
      break;
    }
    case "taken":
      entry.untaken -= message.length;
      if (entry.untaken < WINDOW) socket.resume();
      break;
    case "shutdown":
      socket.end();
      break;
    case "close":
      discard(socket);
      break;
  }
}

/** What was written goes out first. */
function discard(socket: Socket): void {
  socket.removeAllListeners("data");
  socket.destroySoon();
}

function listen({ listener, host, port: wanted }: Extract<ToSocketThread, { type: "listen" }>): void {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
  servers.set(listener, server);
  server.on("connection", (socket) => add(listener, socket));
  server.on("error", (error: NodeJS.ErrnoException) => {
    tell({ type: "refused", listener, code: error.code ?? "EIO", message: error.message });
  });
  server.listen({ host, port: wanted, backlog: 4096 }, () => {
    tell({ type: "listening", listener, port: (server.address() as AddressInfo).port });
  });
}

function add(listener: number, socket: Socket): void {
  const connection = nextConnection++;
  const entry = { socket, untaken: 0 };
  connections.set(connection, entry);
  socket.on("close", () => connections.delete(connection));
  socket.on("end", () => tell({ type: "end", connection }));
  socket.on("error", (error: NodeJS.ErrnoException) => tell({ type: "error", connection, code: error.code ?? "EIO" }));
  tell({ type: "connection", listener, connection });
  socket.on("data", (bytes: Uint8Array) => {
    entry.untaken += bytes.length;
    if (entry.untaken >= WINDOW) socket.pause();
    tell({ type: "data", connection, bytes });
  });
  socket.resume();
}

/** Those that the program has closed may still have something to send. */
function endAll(): void {
  for (const server of servers.values()) server.close();
  let count = connections.size;
  const countDown = () => {
    if (count-- <= 0) tell({ type: "ended" });
  };
  for (const { socket } of connections.values()) {
    socket.once("close", countDown);
    discard(socket);
  }
  countDown();
}

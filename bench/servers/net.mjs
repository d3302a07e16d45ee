// @ts-check
/**
 * Peers over Node's net.
 *
 *     node net.mjs echo     sends back what comes
 *     node net.mjs delay    as little of the delay server as can be: takes each chunk for one whole request
 */
import { once } from "node:events";
import { createServer } from "node:net";
import { answer } from "../answer.mjs";
import { cpuMilliseconds, memoryInUse, waitFor } from "./usage.mjs";

let waiting = 0;

/** @param {import("node:net").Socket} socket */
function echo(socket) {
  socket.on("data", (chunk) => socket.write(chunk));
}

/** @param {import("node:net").Socket} socket */
function delay(socket) {
  socket.on("data", (chunk) => {
    const [, milliseconds, text] = chunk.toString("latin1").split(/[/ ]+/, 3);
    waiting++;
    setTimeout(() => {
      waiting--;
      const length = Buffer.byteLength(text ?? "");
      socket.write(
        `HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${length}\r\nConnection: keep-alive\r\n\r\n${text}`,
      );
    }, Number(milliseconds));
  });
}

const server = createServer({ noDelay: true }, process.argv[2] === "echo" ? echo : delay);
server.on("connection", (socket) => socket.on("error", () => socket.destroy()));
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
await once(server, "listening");
const address = /** @type {import("node:net").AddressInfo} */ (server.address());

export const answers = answer({
  port: () => address.port,
  cpu: () => cpuMilliseconds(),
  memory: () => memoryInUse(),
  /** How many requests wait for their answers. */
  waiting: () => waiting,
  waitFor: (/** @type {number} */ count) => waitFor(() => waiting, count),
});

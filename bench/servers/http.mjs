// @ts-check
/** Peer: the delay server over Node's http, with the same answers to the byte. */
import { once } from "node:events";
import { createServer } from "node:http";
import { answer } from "../answer.mjs";
import { cpuMilliseconds, memoryInUse, waitFor } from "./usage.mjs";

let waiting = 0;

/**
 * @param {import("node:http").ServerResponse} response
 * @param {number} status
 * @param {string} text
 */
function send(response, status, text) {
  response.sendDate = false;
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
    Connection: status === 200 ? "keep-alive" : "close",
  });
  response.end(text);
}

const server = createServer({ noDelay: true }, ({ method, url = "" }, response) => {
  if (method !== "GET" && method !== "HEAD") return send(response, 405, "405 Method Not Allowed\n");
  const slash = url.indexOf("/", 1);
  if (slash < 0) return send(response, 404, "404 Not Found\n");
  const digits = url.slice(1, slash);
  const text = decode(url.slice(slash + 1));
  if (!/^\d{1,7}$/.test(digits) || text === null) return send(response, 400, "400 Bad Request\n");
  const milliseconds = Number(digits);
  // Node would make at least a millisecond of it.
  if (milliseconds === 0) return send(response, 200, text);
  waiting++;
  return setTimeout(() => {
    waiting--;
    send(response, 200, text);
  }, milliseconds);
});

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

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

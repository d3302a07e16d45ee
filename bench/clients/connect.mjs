// @ts-check
/** How the client connects: in small bursts, so that no queue of the system overflows, and with one buffer for all that is read. */
import { once } from "node:events";
import { connect } from "node:net";

const BURST = 100;

/** One for all connections: what has come is looked at before more of it comes. Reading costs the client little that way. */
const buffer = Buffer.allocUnsafe(64 << 10);

/**
 * @typedef {object} Handlers
 * @property {(bytes: Buffer) => void} onBytes valid inside this call
 * @property {(reason: string) => void} onEnd the connection has ended, for whatever reason
 */

/**
 * @param {number} port
 * @param {Handlers} handlers
 */
async function open(port, { onBytes, onEnd }) {
  const callback = (/** @type {number} */ count) => {
    onBytes(buffer.subarray(0, count));
    return true;
  };
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread: { buffer, callback } });
  await once(socket, "connect");
  socket.on("error", (error) => onEnd(error.message));
  socket.on("end", () => onEnd("the server has ended the connection"));
  return socket;
}

/**
 * Connects so often.
 *
 * @param {number} port
 * @param {number} count
 * @param {(index: number) => Handlers} handlersOf
 */
export async function connectAll(port, count, handlersOf) {
  /** @type {import("node:net").Socket[]} */
  const sockets = [];
  while (sockets.length < count) {
    const first = sockets.length;
    const burst = Array.from({ length: Math.min(BURST, count - first) }, (_, i) => open(port, handlersOf(first + i)));
    sockets.push(...(await Promise.all(burst)));
  }
  return sockets;
}

/**
 * Closes them all.
 *
 * @param {import("node:net").Socket[]} sockets
 */
export async function closeAll(sockets) {
  const closed = sockets.filter((socket) => !socket.closed).map((socket) => once(socket, "close"));
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
}

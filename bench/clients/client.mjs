// @ts-check
/** The client of all network benchmarks, a process of its own. It loads a server, checks what comes back, and says how long it took. */
import { answer } from "../answer.mjs";
import { closeAll, connectAll } from "./connect.mjs";
import { Exchanges } from "./exchange.mjs";

/** Bytes without a period: no message is like the one before it, or like that of another connection. */
const pattern = Buffer.alloc(8192);
for (let i = 0, state = 1; i < pattern.length; i++) {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  pattern[i] = state >>> 16;
}

/** What is under way, or was last. */
let exchanges = new Exchanges(0, () => ({ request: pattern, response: pattern }));

/** @type {import("node:net").Socket[]} */
let held = [];

export const answers = answer({
  /** @param {{ port: number, connections: number, count: number, bytes: number }} load messages that are to come back as they are */
  echo({ port, connections, count, bytes }) {
    let sent = 0;
    exchanges = new Exchanges(count, () => {
      const start = (sent++ * 61) % (pattern.length - bytes);
      const message = pattern.subarray(start, start + bytes);
      return { request: message, response: message };
    });
    return exchanges.run(port, connections);
  },

  /** @param {{ port: number, connections: number, count: number, delay: number }} load requests to a delay server */
  get({ port, connections, count, delay }) {
    let asked = 0;
    exchanges = new Exchanges(count, () => requestOf(delay, `hello${1000 + (asked++ % 1000)}`, port));
    return exchanges.run(port, connections);
  },

  /** Connects so often, and then is silent. @param {{ port: number, connections: number }} load */
  async hold({ port, connections }) {
    held = await connectAll(port, connections, () => ({ onBytes: () => {}, onEnd: () => {} }));
  },

  /** Closes those. */
  release: () => closeAll(held.splice(0)),

  /** How many responses have come. */
  answered: () => exchanges.answered,
});

/**
 * @param {number} delay
 * @param {string} text
 * @param {number} port
 */
function requestOf(delay, text, port) {
  return {
    request: Buffer.from(`GET /${delay}/${text} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`),
    response: Buffer.from(
      `HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${text.length}\r\nConnection: keep-alive\r\n\r\n${text}`,
    ),
  };
}

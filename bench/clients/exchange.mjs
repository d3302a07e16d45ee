// @ts-check
/** Requests and responses on many connections: one under way on each at any time, and every byte of each response is compared. */
import { closeAll, connectAll } from "./connect.mjs";

/** @typedef {{ request: Buffer, response: Buffer }} Exchange */

export class Exchanges {
  #next;
  #count;
  #sent = 0;
  /** Responses that have come, whole and right. */
  answered = 0;
  /** Milliseconds from a request to the end of its response. */
  #latencies;
  /** @type {import("node:net").Socket[]} */
  #sockets = [];
  /** By connection: what is under way, how many bytes of the response have come, and when the request was sent. */
  /** @type {(Exchange & { received: number, sentAt: number } | undefined)[]} */
  #underWay = [];
  /** @type {(error?: Error) => void} */
  #settle = () => {};

  /**
   * @param {number} count how many in all
   * @param {(connection: number) => Exchange} next what a connection does next
   */
  constructor(count, next) {
    this.#count = count;
    this.#next = next;
    this.#latencies = new Float64Array(count);
  }

  /**
   * Connects, makes all exchanges, and closes.
   *
   * @param {number} port
   * @param {number} connections
   */
  async run(port, connections) {
    const done = new Promise((resolve, reject) => (this.#settle = (error) => (error ? reject(error) : resolve(null))));
    const begin = performance.now();
    this.#sockets = await connectAll(port, connections, (index) => ({
      onBytes: (bytes) => this.#receive(index, bytes),
      onEnd: (reason) => this.#settle(new Error(`connection ${index}: ${reason}`)),
    }));
    const connected = performance.now();
    for (let index = 0; index < connections; index++) this.#send(index);
    await done;
    const end = performance.now();
    await closeAll(this.#sockets);
    const sorted = this.#latencies.toSorted();
    const at = (/** @type {number} */ q) => /** @type {number} */ (sorted[Math.floor(q * (this.#count - 1))]);
    const latency = { least: at(0), p50: at(0.5), p99: at(0.99), most: at(1) };
    return { connecting: connected - begin, milliseconds: end - connected, latency };
  }

  /** @param {number} index */
  #send(index) {
    if (this.#sent === this.#count) return;
    this.#sent++;
    const exchange = this.#next(index);
    this.#underWay[index] = { ...exchange, received: 0, sentAt: performance.now() };
    this.#sockets[index]?.write(exchange.request);
  }

  /**
   * @param {number} index
   * @param {Buffer} bytes
   */
  #receive(index, bytes) {
    const exchange = this.#underWay[index];
    const begin = exchange?.received ?? 0;
    const end = begin + bytes.length;
    if (!exchange || end > exchange.response.length || exchange.response.compare(bytes, 0, bytes.length, begin, end)) {
      this.#settle(new Error(`connection ${index}: a wrong response, which ends with ${bytes.toString("latin1")}`));
      return;
    }
    exchange.received = end;
    if (end < exchange.response.length) return;
    this.#underWay[index] = undefined;
    this.#latencies[this.answered] = performance.now() - exchange.sentAt;
    if (++this.answered === this.#count) this.#settle();
    else this.#send(index);
  }
}

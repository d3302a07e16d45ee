// @ts-check
/** What stands behind a case's descriptors: pipes, files, sockets, terminals, each made by the system, and the other side of them. */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, constants, fstatSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

/**
 * @typedef {"pipe" | "file" | "/dev/null" | "socket" | "closed" | "terminal"} Kind
 *
 * @typedef {object} Setup
 * @property {Kind} [stdin] "/dev/null" by default
 * @property {Kind} [stdout] "/dev/null" by default
 * @property {number} [listeners] how many pre-opened listening sockets
 * @property {boolean} [files] whether there is a pre-opened directory, after the listeners
 */

/** A descriptor that is open in no process of a test. */
const CLOSED = 9999;

/** What a file on standard input holds. */
export const FILE_TEXT = "hello";

/** Whether terminals can be made here. */
export function hasTerminals() {
  return spawnSync("script", ["--version"]).status === 0;
}

/** The other side of all worlds, one after the other: a thread for each would take most of the time. @type {Worker | undefined} */
let worker;

let calls = 0;

export class World {
  directory = mkdtempSync(join(tmpdir(), "as-fibers-wasi-"));
  stdin = -1;
  stdout = -1;
  /** Ports of the listeners. @type {readonly number[]} */
  ports = [];

  #hasPeer = false;
  /** What this thread has open, by the side that it belongs to. @type {Map<string, number>} */
  #descriptors = new Map();
  /** @type {import("node:net").Socket[]} */
  #sockets = [];

  /** @param {Setup} setup */
  static async open({ stdin = "/dev/null", stdout = "/dev/null" }) {
    const world = new World();
    world.stdin = await world.#stream("stdin", stdin);
    world.stdout = await world.#stream("stdout", stdout);
    return world;
  }

  /** The descriptor of the pre-opened directory. */
  get files() {
    return 3 + this.ports.length;
  }

  /**
   * Has the other side do something, and waits until it has.
   *
   * @param {string} action see probe-peer.mjs
   * @param {string} id
   * @param {unknown} [value]
   * @returns {Promise<any>}
   */
  peer(action, id, value) {
    const thread = this.#start();
    const call = ++calls;
    if (action === "close" || action === "end") this.#descriptors.delete(`${id}, other side`);
    return new Promise((resolve, reject) => {
      const receive = (/** @type {{ call: number, value: unknown, error?: string }} */ message) => {
        if (message.call !== call) return;
        thread.off("message", receive);
        if (message.error) reject(new Error(message.error));
        else resolve(message.value);
      };
      thread.on("message", receive);
      thread.postMessage({ call, action, id, value });
    });
  }

  /**
   * Has the other side do something in a while, when the guest waits already.
   *
   * @param {string} action
   * @param {string} id
   * @param {unknown} [value]
   */
  later(action, id, value) {
    if (action === "close" || action === "end") this.#descriptors.delete(`${id}, other side`);
    this.#start().postMessage({ action, id, value, after: 30 });
  }

  #start() {
    this.#hasPeer = true;
    return (worker ??= new Worker(new URL("./probe-peer.mjs", import.meta.url)));
  }

  /** Fills the pipe on standard output, so that nothing more can be written. */
  fill() {
    const fd = openSync(join(this.directory, "stdout"), constants.O_WRONLY | constants.O_NONBLOCK);
    const block = Buffer.alloc(4096);
    try {
      for (;;) writeSync(fd, block);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EAGAIN") throw error;
    } finally {
      closeSync(fd);
    }
  }

  /** @param {"stdin" | "stdout"} id @param {Kind} kind @returns {Promise<number>} a descriptor of the process */
  async #stream(id, kind) {
    switch (kind) {
      case "closed":
        return CLOSED;
      case "/dev/null":
        return this.#own(id, openSync("/dev/null", "r+"));
      case "file": {
        const path = join(this.directory, id);
        writeFileSync(path, id === "stdin" ? FILE_TEXT : "");
        return this.#own(id, openSync(path, id === "stdin" ? "r" : "w"));
      }
      case "pipe":
        return this.#pipe(id);
      case "terminal": {
        const path = await this.peer("terminal", id);
        return this.#own(id, openSync(path, constants.O_RDWR | constants.O_NOCTTY));
      }
      case "socket":
        return this.#socket(id);
      default:
        throw new Error(`There is no kind ${String(kind)}.`);
    }
  }

  /** A named pipe: Node itself makes sockets of its "pipes". @param {"stdin" | "stdout"} id */
  async #pipe(id) {
    const path = join(this.directory, id);
    execFileSync("mkfifo", [path]);
    const both = openSync(path, "r+"); // so that neither end waits for the other
    const reading = openSync(path, "r");
    const writing = openSync(path, "w");
    closeSync(both);
    const [own, other] = id === "stdin" ? [reading, writing] : [writing, reading];
    this.#own(id, own);
    this.#own(`${id}, other side`, other);
    await this.peer("adopt", id, other);
    return own;
  }

  /** @param {"stdin" | "stdout"} id */
  async #socket(id) {
    const port = await this.peer("serve", id);
    const socket = connect({ port, host: "127.0.0.1" });
    socket.pause(); // Node must read nothing from it
    this.#sockets.push(socket);
    await new Promise((resolve, reject) => void socket.once("connect", resolve).once("error", reject));
    await this.peer("accepted", id);
    const { fd } = /** @type {{ _handle: { fd: number } }} */ (/** @type {unknown} */ (socket))._handle;
    return fd;
  }

  /** @param {string} id @param {number} fd */
  #own(id, fd) {
    this.#descriptors.set(id, fd);
    return fd;
  }

  async close() {
    if (this.#hasPeer) {
      for (const id of ["stdin", "stdout"]) await this.peer("close", id).catch(() => {}); // what has no other side, or has closed it
      await this.peer("leave", "");
    }
    for (const socket of this.#sockets) socket.destroy();
    for (const fd of this.#descriptors.values()) {
      if (isOpen(fd)) closeSync(fd); // a host may have closed it for the guest
    }
    rmSync(this.directory, { recursive: true });
  }
}

/** @param {number} fd */
function isOpen(fd) {
  try {
    return Boolean(fstatSync(fd));
  } catch {
    return false;
  }
}

// @ts-check
/**
 * The other side of pipes, sockets and terminals: a worker, because a guest that waits stops the thread that it runs on.
 * A message is `{ call, action, id, value }`; the answer `{ call, value }` or `{ call, error }`. With `after` (ms), there is none.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, readSync, writeSync } from "node:fs";
import { createServer, connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { parentPort } from "node:worker_threads";

/**
 * One side of a stream.
 *
 * @typedef {object} Side
 * @property {(text: string) => Promise<void> | void} write
 * @property {() => void} end no more is sent
 * @property {() => void} close
 * @property {() => void} [reset]
 * @property {(size: number) => Promise<string> | string} [read]
 */

/** @type {Map<string, Side>} */
const sides = new Map();

/** Sides that come when the server has its connection. @type {Map<string, Promise<void>>} */
const coming = new Map();

/** Sockets and servers of this world. @type {Set<() => void>} */
const closing = new Set();

/** Aborted at the end of a world: what was to be done later is not done in the next one. */
let world = new AbortController();

/** @type {Record<string, (id: string, value: any) => unknown>} */
const actions = {
  /** A side that is a descriptor of this process. */
  adopt: (id, fd) => void sides.set(id, descriptorSide(fd)),
  /** A server for one connection, which becomes the side; answers with its port. */
  serve: (id) =>
    new Promise((resolve) => {
      const server = createServer({ allowHalfOpen: true });
      closing.add(() => server.close());
      server.listen(0, "127.0.0.1", () =>
        resolve(/** @type {import("node:net").AddressInfo} */ (server.address()).port),
      );
      const connection = once(server, "connection").then(([socket]) => {
        sides.set(id, socketSide(socket));
        server.close();
      });
      coming.set(id, connection);
    }),
  /** Answers when the server has its connection. */
  accepted: (id) => coming.get(id),
  /** A connection to the guest's listener. */
  connect: (id, port) =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => resolve(undefined));
      socket.on("error", reject);
      sides.set(id, socketSide(socket));
    }),
  /** A terminal by util-linux's `script`; answers with its path. */
  terminal: (id) =>
    new Promise((resolve, reject) => {
      const child = spawn("script", ["-qec", "tty; exec sleep 60", "/dev/null"], { stdio: ["pipe", "pipe", "ignore"] });
      child.on("error", reject);
      child.stdin.on("error", () => {});
      child.stdout.once("data", (data) => resolve(String(data).trim()));
      sides.set(id, {
        write: (text) => void child.stdin.write(text),
        end: () => void child.stdin.write("\x04"),
        close: () => void child.kill("SIGKILL"),
      });
    }),
  write: (id, text) => side(id).write(text),
  end: (id) => side(id).end(),
  close: (id) => side(id).close(),
  reset: (id) => side(id).reset?.(),
  read: (id, size) => side(id).read?.(size),
  /** The end of a world: nothing of it is left. Descriptors that were adopted belong to the other thread. */
  leave: () => {
    world.abort();
    world = new AbortController();
    for (const close of closing) close();
    for (const all of [closing, sides, coming]) all.clear();
  },
};

/** @param {string} id */
function side(id) {
  const found = sides.get(id);
  if (!found) throw new Error(`The other side of ${id} is not there.`);
  return found;
}

/** @param {number} fd @returns {Side} */
function descriptorSide(fd) {
  return {
    write: (text) => void writeSync(fd, text),
    end: () => closeSync(fd),
    close: () => closeSync(fd),
    read: (size) => {
      const data = Buffer.alloc(size);
      return data.toString("utf8", 0, readSync(fd, data));
    },
  };
}

/** @param {import("node:net").Socket} socket @returns {Side} */
function socketSide(socket) {
  socket.on("error", () => {}); // the guest may be gone first
  socket.pause();
  closing.add(() => socket.destroy());
  return {
    write: (text) => new Promise((resolve) => void socket.write(text, () => resolve())),
    end: () => void socket.end(),
    close: () => void socket.destroy(),
    reset: () => void socket.resetAndDestroy(),
    read: async (size) => {
      let text = "";
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
        text += chunk;
        if (text.length >= size) break;
      }
      return text;
    },
  };
}

parentPort?.on("message", async ({ call, action, id, value, after }) => {
  if (after) {
    try {
      await setTimeout(after, undefined, { signal: world.signal });
      await actions[action]?.(id, value);
    } catch {} // the guest may be gone; a case tells by its answer
    return;
  }
  try {
    parentPort?.postMessage({ call, value: await actions[action]?.(id, value) });
  } catch (error) {
    parentPort?.postMessage({ call, error: String(error) });
  }
});

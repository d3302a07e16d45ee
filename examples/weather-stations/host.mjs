// @ts-check
/** What the program imports: sockets by ws, a database by node-sqlite3-wasm. The one answers by promises, the other at once. */
import { on, once } from "node:events";
import { currentSignal } from "as-fibers";
import sqlite from "node-sqlite3-wasm";
import { WebSocket } from "ws";

/** What each socket receives, by its number. @type {AsyncIterator<[Buffer]>[]} */
const sockets = [];

/** @param {string} url */
export async function connect(url) {
  const socket = new WebSocket(url, { signal: currentSignal() });
  const messages = on(socket, "message", { close: ["close"] });
  await once(socket, "open");
  return sockets.push(messages) - 1;
}

/** @param {number} socket */
export async function receive(socket) {
  const { done, value } = await sockets[socket].next();
  return done ? null : JSON.parse(String(value[0]));
}

const database = new sqlite.Database("weather.db");
database.run("CREATE TABLE IF NOT EXISTS reading (place TEXT, celsius REAL)");

/** @param {{ place: string, celsius: number }} reading */
export function keep({ place, celsius }) {
  database.run("INSERT INTO reading VALUES (?, ?)", [place, celsius]);
}

export function summarize() {
  return database.all(
    "SELECT place, COUNT(*) AS readings, MAX(celsius) AS warmest FROM reading GROUP BY place ORDER BY place",
  );
}

export const close = () => database.close();

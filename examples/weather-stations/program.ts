/**
 * Straight-line code over libraries of npm: weather stations that send by WebSocket, and a SQLite database that keeps what they send.
 * What JavaScript serves is in host.mjs; main.mjs calls what is exported here.
 *
 *     npx as-fibers build program.ts -o build/app --imports host.mjs
 *     node main.mjs
 *
 * Run it again: the database has kept the readings of the first time.
 */
import { all } from "as-fibers/assembly";

class Reading {
  place: string = "";
  celsius: f64 = 0;
}

/** What the database knows of a place. */
class Summary {
  place: string = "";
  readings: i32 = 0;
  warmest: f64 = 0;
}

/** Opens a WebSocket: the number by which the host knows it. */
@suspends
declare function connect(url: string): i32;

/** What the station sends next; null when it has closed the connection. */
@suspends
declare function receive(socket: i32): Reading | null;

@suspends
declare function keep(reading: Reading): void;

@suspends
declare function summarize(): Summary[];

/** Keeps what one station sends. */
function follow(url: string): i32 {
  const socket = connect(url);
  let count = 0;
  for (let reading = receive(socket); reading != null; reading = receive(socket)) {
    keep(reading);
    count++;
  }
  return count;
}

/** Follows all stations at once, until the last one has closed. How many readings each has sent. */
export function followAll(urls: string[]): i32[] {
  return all(follow, urls);
}

export function summary(): Summary[] {
  return summarize();
}

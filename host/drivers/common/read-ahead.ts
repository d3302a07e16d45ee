/** Reads a stream of Node into an inbox, ahead of the program, but only so far. */
import type { Readable } from "node:stream";
import type { DriverSink } from "../../driver.ts";
import { Errno, errnoOf } from "../../errno.ts";
import { Inbox } from "./inbox.ts";

/**
 * The inbox of a stream, which begins to flow.
 * @param limit unread bytes above which the stream is paused. With 0 nothing is read ahead: it flows only while somebody waits
 */
export function readAhead(readable: Readable, sink: DriverSink, limit: number): Inbox {
  let isPaused = false;
  let isWanted = true;
  const apply = () => {
    if (isWanted === !isPaused) return;
    isPaused = !isWanted;
    if (isPaused) readable.pause();
    else readable.resume();
  };
  const inbox = new Inbox(sink, (unread, isAwaited) => {
    isWanted = limit ? unread <= (isPaused ? limit / 2 : limit) : isAwaited;
    // Not inside of "data": Node would go on reading behind a pause that comes there, which keeps the process alive.
    if (limit || isWanted) apply();
    else setImmediate(apply);
  });
  readable.on("data", (chunk: Uint8Array) => inbox.add(chunk));
  readable.on("end", () => inbox.end(0));
  // A write that has found the peer gone tells the reader so, in its own words.
  readable.on("error", (error) => inbox.end(errnoOf(error) === Errno.EPIPE ? Errno.ECONNRESET : errnoOf(error)));
  return inbox;
}

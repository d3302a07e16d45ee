// Five requests on one thread, sent at once, of which the first takes longest: the responses come in reverse order. The thread sleeps in the
// operating system's event queue in between, and does not poll.
import { EventQueue, Interest, Mode, WOULD_BLOCK } from "as-fibers/event-queue";
import { startDelayServer } from "./delay-server.mjs";

const REQUESTS = 5;
const UNIT_MILLISECONDS = 100;

const server = await startDelayServer();
const queue = await EventQueue.open();
const bytes = new Uint8Array(4096);

const requests = Array.from({ length: REQUESTS }, (_, index) => {
  const milliseconds = (REQUESTS - index) * UNIT_MILLISECONDS;
  const stream = queue.connect({ host: "127.0.0.1", port: server.port });
  // The index is the token: it comes back with the event. On an edge we are told once that it is writable, and of each arrival.
  queue.register(stream, index, Interest.READABLE | Interest.WRITABLE, Mode.EDGE);
  return { stream, milliseconds, isSent: false, response: "" };
});

/** The connection stands: writes the request. */
function send(request, index) {
  // Events are hints, and may come for nothing: ask.
  if (request.isSent || !request.stream.finishConnecting()) return;
  const text = `GET /${request.milliseconds}/request-${index} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  request.stream.write(new TextEncoder().encode(text)); // so little fits
  request.isSent = true;
  console.log(`request ${index} sent: ${request.milliseconds} ms`);
}

/** Reads until it would have to wait: on an edge nobody tells us again of what is left. @returns {boolean} whether the response is complete */
function receive(request) {
  for (;;) {
    const count = request.stream.read(bytes);
    if (count === WOULD_BLOCK) return false;
    if (count === 0) return true;
    request.response += new TextDecoder().decode(bytes.subarray(0, count));
  }
}

const begin = performance.now();
for (let open = REQUESTS; open > 0;) {
  queue.wait();
  for (const event of queue.events) {
    const index = event.token;
    const request = requests[index];
    if (event.isWritable) send(request, index);
    if (!event.isReadable || !receive(request)) continue;
    request.stream.close();
    open--;
    console.log(`response ${index}: ${request.response.split("\r\n\r\n").at(-1)}`);
  }
}
const elapsed = performance.now() - begin;
console.log(`in the time of the slowest: ${elapsed < 2 * REQUESTS * UNIT_MILLISECONDS}`);
queue.close();
await server.stop();

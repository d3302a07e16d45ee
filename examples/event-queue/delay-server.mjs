// A server for the other examples: `GET /{ms}/{text}` is answered with the text after so many milliseconds. It runs in a thread of its own,
// since the examples make their own thread sleep.
import { once } from "node:events";
import { createServer } from "node:http";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

/** Starts it. @returns {Promise<{ port: number, stop(): Promise<void> }>} */
export async function startDelayServer() {
  const worker = new Worker(new URL(import.meta.url));
  const [port] = await once(worker, "message");
  return { port, stop: async () => void (await worker.terminate()) };
}

if (!isMainThread) {
  const server = createServer((request, response) => {
    const [, milliseconds, text] = request.url.split("/");
    setTimeout(() => response.end(decodeURIComponent(text)), Number(milliseconds));
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
}

/**
 * The standard input of a program that runs in a thread of its own: both ends of the way from the process's to the thread.
 *
 * The thread asks for each chunk when the program waits for it. So nothing is read before the program reads, a large file is never in
 * memory as a whole, and a program that does not wait for input is not kept alive by it.
 */
import { Readable } from "node:stream";
import type { MessagePort } from "node:worker_threads";
import type { InputAnswer, InputRequest } from "./protocol.ts";

/** Serves the requests that come through this port. `open` is called for the first one. @returns lets go of the input, and of the port */
export function serveInput(port: MessagePort, open: () => Readable): () => void {
  let input: Readable | undefined;
  let chunks: AsyncIterator<Uint8Array> | undefined;
  port.on("message", (request: InputRequest) => {
    if (request !== "next") return;
    input ??= open();
    chunks ??= input[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    void nextAnswer(chunks).then((answer) => {
      port.postMessage(answer, answer instanceof Uint8Array ? [answer.buffer as ArrayBuffer] : []);
    });
  });
  return () => {
    port.close();
    input?.destroy();
  };
}

async function nextAnswer(chunks: AsyncIterator<Uint8Array>): Promise<InputAnswer> {
  try {
    const { value, done } = await chunks.next();
    // A copy that can be given away: a chunk may be part of a larger buffer.
    return done ? null : new Uint8Array(value);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { code, message };
  }
}

/** The thread's end. */
export class ThreadInput extends Readable {
  readonly #port: MessagePort;
  #isAsking = false;
  /** Not while it is paused: the program has given up reading. */
  #isWanted = true;

  constructor(port: MessagePort) {
    // Nothing is asked for ahead.
    super({ highWaterMark: 0 });
    this.#port = port;
    port.on("message", (answer: InputAnswer) => this.#take(answer));
    for (const event of ["pause", "resume"] as const) {
      this.on(event, () => {
        this.#isWanted = event === "resume";
        this.#holdThread();
      });
    }
    this.#holdThread();
  }

  override _read(): void {
    this.#isAsking = true;
    this.#holdThread();
    this.#port.postMessage("next" satisfies InputRequest);
  }

  #take(answer: InputAnswer): void {
    this.#isAsking = false;
    this.#holdThread();
    if (answer === null || answer instanceof Uint8Array) this.push(answer);
    else this.destroy(Object.assign(new Error(answer.message), { code: answer.code }));
  }

  /** Keeps the thread alive while the program waits for input, and only then: else a standstill would not be seen. */
  #holdThread(): void {
    if (this.#isAsking && this.#isWanted) this.#port.ref();
    else this.#port.unref();
  }
}

/**
 * Listeners and connections without koffi: Node's sockets in a thread of their own. What the thread tells is taken up here whenever
 * the program looks, or waits.
 */
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import { FibersError } from "../errors.ts";
import type { Connection, Listener, Sockets } from "./descriptors.ts";
import type { Doorbell } from "./doorbell.ts";
import { ERRNO_AGAIN, ERRNO_NOTCONN, ERRNO_PIPE, errnoOfCode, WasiError } from "./errno.ts";
import { type FdStat, type FileStat, SDFLAGS_RD, SDFLAGS_WR } from "./layout.ts";
import { type FromSocketThread, type ToSocketThread, WINDOW } from "./socket-protocol.ts";
import { connectionStat, listenerStat, socketFileStat } from "./socket-stat.ts";
import type { Interest } from "./waiter.ts";

/** How long `close` waits for what is still to be sent. */
const GRACE_MS = 1000;

export class ThreadSockets implements Sockets {
  readonly #bell: Doorbell;
  readonly #listeners: ThreadListener[] = [];
  readonly #connections = new Map<number, ThreadConnection>();
  readonly #refusals = new Map<number, FibersError>();
  readonly #channel = new MessageChannel();
  #worker: Worker | null = null;
  #isEnded = false;

  constructor(bell: Doorbell) {
    this.#bell = bell;
    this.#channel.port1.unref();
  }

  /** The thread begins with the first listener. */
  async listen({ host, port }: { host: string; port: number }): Promise<Listener> {
    this.#worker ??= this.#startThread();
    const listener = new ThreadListener(this, this.#listeners.length);
    this.#listeners.push(listener);
    this.post({ type: "listen", listener: listener.number, host, port });
    while (listener.port < 0) {
      this.takeUp();
      const refusal = this.#refusals.get(listener.number);
      if (refusal) throw refusal;
      await new Promise((resolve) => setTimeout(resolve, 1)); // once, before the program starts
    }
    return listener;
  }

  #startThread(): Worker {
    const port = this.#channel.port2;
    const worker = new Worker(new URL("./wasi-sockets.js", import.meta.url), {
      workerData: { port, bell: this.#bell.words },
      transferList: [port],
    });
    worker.unref();
    return worker;
  }

  post(message: ToSocketThread): void {
    this.#channel.port1.postMessage(message);
  }

  /** Takes up what the thread has told. */
  takeUp(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#channel.port1) as { message: FromSocketThread } | undefined;
      if (!received) return;
      this.#apply(received.message);
    }
  }

  #apply(message: FromSocketThread): void {
    switch (message.type) {
      case "listening":
        (this.#listeners[message.listener] as ThreadListener).port = message.port;
        break;
      case "refused":
        this.#refusals.set(message.listener, new FibersError(message.code, message.message));
        break;
      case "connection": {
        const connection = new ThreadConnection(this, message.connection);
        this.#connections.set(message.connection, connection);
        (this.#listeners[message.listener] as ThreadListener).add(connection);
        break;
      }
      case "ended":
        this.#isEnded = true;
        break;
      default:
        this.#connections.get(message.connection)?.apply(message);
    }
  }

  forget(connection: number): void {
    this.#connections.delete(connection);
  }

  close(): void {
    if (this.#worker) {
      this.post({ type: "end" });
      const deadline = performance.now() + GRACE_MS;
      while (!this.#isEnded && performance.now() < deadline) {
        const { rings } = this.#bell;
        this.takeUp();
        if (!this.#isEnded) this.#bell.sleep(rings, Math.max(deadline - performance.now(), 0));
      }
      void this.#worker.terminate();
      this.#worker = null;
    }
    this.#channel.port1.close();
  }
}

class ThreadListener implements Listener {
  readonly kind = "listener";
  readonly systemFd = -1;
  flags = 0;
  /** -1 until it listens. */
  port = -1;
  readonly #waiting: Connection[] = [];
  #isClosed = false;

  constructor(
    private readonly sockets: ThreadSockets,
    readonly number: number,
  ) {}

  add(connection: Connection): void {
    if (this.#isClosed) connection.close();
    else this.#waiting.push(connection);
  }

  probe(interest: Interest): void {
    this.sockets.takeUp();
    // As with poll(2), a listener is never writable.
    interest.isReady = !interest.isWrite && this.#waiting.length > 0;
  }

  accept(): Connection {
    this.sockets.takeUp();
    const connection = this.#waiting.shift();
    if (!connection) throw new WasiError(ERRNO_AGAIN);
    return connection;
  }

  read(): number {
    throw new WasiError(ERRNO_NOTCONN);
  }

  write(): number {
    throw new WasiError(ERRNO_NOTCONN);
  }

  close(): void {
    this.#isClosed = true;
    this.sockets.post({ type: "closeListener", listener: this.number });
    for (const connection of this.#waiting.splice(0)) connection.close();
  }

  fdStat(): FdStat {
    return listenerStat(this.flags);
  }

  fileStat(): FileStat {
    return socketFileStat;
  }
}

class ThreadConnection implements Connection {
  readonly kind = "connection";
  readonly systemFd = -1;
  flags = 0;
  /** Delivered, and not yet taken. */
  #chunks: Uint8Array[] = [];
  #length = 0;
  /** Handed to the thread, and not yet to the system. */
  #unwritten = 0;
  #isEnded = false;
  #isShutForWriting = false;
  #errno = 0;

  constructor(
    private readonly sockets: ThreadSockets,
    readonly number: number,
  ) {}

  apply(message: Extract<FromSocketThread, { connection: number }>): void {
    switch (message.type) {
      case "data":
        if (this.#isEnded) break; // no longer wanted
        this.#chunks.push(message.bytes);
        this.#length += message.bytes.length;
        break;
      case "written":
        this.#unwritten -= message.length;
        break;
      case "end":
        this.#isEnded = true;
        break;
      case "error":
        this.#errno = errnoOfCode(message.code);
        break;
    }
  }

  probe(interest: Interest): void {
    this.sockets.takeUp();
    const isGone = this.#errno !== 0;
    if (interest.isWrite) {
      interest.isReady = isGone || this.#unwritten < WINDOW;
      interest.isHungUp = isGone;
    } else {
      interest.isReady = isGone || this.#isEnded || this.#length > 0;
      interest.nbytes = this.#length;
      interest.isHungUp = isGone || this.#isEnded;
    }
  }

  read(into: Uint8Array): number {
    return this.receive(into, false);
  }

  receive(into: Uint8Array, isPeek: boolean): number {
    this.sockets.takeUp();
    if (this.#length === 0) {
      if (this.#isEnded) return 0;
      if (this.#errno === 0) throw new WasiError(ERRNO_AGAIN);
      throw new WasiError(this.#takeError());
    }
    const length = this.#copy(into);
    if (!isPeek) this.#drop(length);
    return length;
  }

  /** It is told once; afterwards the connection is at its end. */
  #takeError(): number {
    const errno = this.#errno;
    this.#isEnded = true;
    this.#isShutForWriting = true;
    return errno;
  }

  #copy(into: Uint8Array): number {
    let length = 0;
    for (const chunk of this.#chunks) {
      const part = chunk.subarray(0, into.length - length);
      into.set(part, length);
      length += part.length;
      if (length === into.length) break;
    }
    return length;
  }

  #drop(length: number): void {
    this.#length -= length;
    this.sockets.post({ type: "taken", connection: this.number, length });
    let left = length;
    while (left > 0) {
      const [first = new Uint8Array(0)] = this.#chunks;
      if (first.length > left) {
        this.#chunks[0] = first.subarray(left);
        return;
      }
      left -= first.length;
      this.#chunks.shift();
    }
  }

  write(from: Uint8Array): number {
    this.sockets.takeUp();
    if (this.#isShutForWriting) throw new WasiError(ERRNO_PIPE);
    if (this.#errno) throw new WasiError(this.#takeError());
    if (this.#unwritten >= WINDOW) throw new WasiError(ERRNO_AGAIN);
    const bytes = from.slice(0, WINDOW - this.#unwritten);
    this.#unwritten += bytes.length;
    this.sockets.post({ type: "write", connection: this.number, bytes });
    return bytes.length;
  }

  shutdown(how: number): void {
    this.sockets.takeUp();
    if (how & SDFLAGS_RD) {
      this.#isEnded = true;
      if (this.#length) this.#drop(this.#length);
    }
    if (how & SDFLAGS_WR && !this.#isShutForWriting) {
      this.#isShutForWriting = true;
      this.sockets.post({ type: "shutdown", connection: this.number });
    }
  }

  close(): void {
    this.sockets.forget(this.number);
    this.sockets.post({ type: "close", connection: this.number });
  }

  fdStat(): FdStat {
    return connectionStat(this.flags);
  }

  fileStat(): FileStat {
    return socketFileStat;
  }
}

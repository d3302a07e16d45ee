/** A TCP client that a test drives: it sends what it is told, byte by byte if need be, and keeps what it receives. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";

export class RawClient {
  /** When it began to connect, in milliseconds of `performance.now`. */
  readonly begin = performance.now();
  readonly socket: Socket;
  readonly #decoder = new StringDecoder("utf8");
  #text = "";
  #hasEnded = false;
  #waiting: (() => void)[] = [];
  /** Settles when both halves have ended, or there was an error: with its code. */
  readonly closed: Promise<string | undefined>;

  private constructor(port: number) {
    this.socket = connect({ host: "127.0.0.1", port, noDelay: true, allowHalfOpen: true });
    this.socket.on("data", (chunk) => {
      this.#text += this.#decoder.write(chunk);
      this.#tell();
    });
    this.socket.on("end", () => this.#end());
    let code: string | undefined;
    this.socket.on("error", (error: NodeJS.ErrnoException) => (code = error.code));
    this.closed = new Promise((resolve) => {
      this.socket.on("close", () => {
        this.#end();
        resolve(code);
      });
    });
  }

  static async connect(port: number): Promise<RawClient> {
    const client = new RawClient(port);
    await once(client.socket, "connect");
    return client;
  }

  #end(): void {
    this.#hasEnded = true;
    this.#tell();
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** All that it has received. */
  get text(): string {
    return this.#text;
  }

  send(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** Sends, and waits until the system has taken it: so that one packet follows the other. */
  async sendAll(data: string): Promise<void> {
    await new Promise((resolve) => this.socket.write(data, resolve));
  }

  /** Waits until it has received enough, and returns all of it. @throws when the peer ends before */
  async until(isEnough: (text: string) => boolean): Promise<string> {
    while (!isEnough(this.text)) {
      if (this.#hasEnded) throw new Error(`the peer has ended after ${JSON.stringify(this.text)}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.text;
  }

  /** Waits until the peer has ended, and returns all that it has sent. */
  async untilEnd(): Promise<string> {
    while (!this.#hasEnded) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.text;
  }

  /** Milliseconds since it began to connect. */
  get age(): number {
    return performance.now() - this.begin;
  }

  /** Ends its half. */
  end(): void {
    this.socket.end();
  }

  /** Goes away with a reset. */
  async reset(): Promise<void> {
    this.socket.resetAndDestroy();
    await this.closed;
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}

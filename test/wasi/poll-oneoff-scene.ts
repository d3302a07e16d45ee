/** A host of as-fibers/wasi with descriptors of every kind, of which each stays as it is: ready with so many bytes, or never. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { WasiOptions } from "as-fibers/wasi";
import type { Behind } from "./poll-oneoff-image.ts";
import { clock, Raw, readable } from "./raw.ts";

const READY = 20_000_000_000n;

export class PollScene {
  readonly #folder = mkdtempSync(path.join(tmpdir(), "as-fibers-poll-"));
  readonly #systemFds: number[] = [];
  readonly #clients: net.Socket[] = [];
  #raw: Raw | undefined;
  /** By descriptor. */
  readonly behind = new Map<number, Behind>();

  /** Standard input is a pipe, standard output a file, standard error a device; then a listener, a file, two connections. */
  static async open(options: WasiOptions): Promise<PollScene> {
    const scene = new PollScene();
    try {
      await scene.#open(options);
      return scene;
    } catch (error) {
      scene.close();
      throw error;
    }
  }

  get raw(): Raw {
    return this.#raw as Raw;
  }

  async #open(options: WasiOptions): Promise<void> {
    const file = path.join(this.#folder, "file");
    writeFileSync(file, "0123456789");
    const stdin = this.#pipe("abc");
    const stdout = this.#system(openSync(file, "r+"));
    const stderr = this.#system(openSync("/dev/null", "r+"));
    const preopens = { "/": this.#folder };
    const raw = await Raw.open({ ...options, stdin, stdout, stderr, preopens, listen: [{ port: 0 }] });
    this.#raw = raw;
    const [listener, folder] = [3, 4];
    this.behind.set(0, { readable: 3, isWritable: true });
    this.behind.set(1, { readable: 10, isWritable: true });
    this.behind.set(2, { readable: 0, isWritable: true });
    this.behind.set(listener, { readable: null, isWritable: false });
    this.behind.set(raw.open(folder, "file").fd, { readable: 10, isWritable: true });
    raw.call("fd_close", folder);
    this.behind.set(await this.#connect("hello"), { readable: 5, isWritable: true });
    this.behind.set(await this.#connect(""), { readable: null, isWritable: true });
  }

  #pipe(text: string): number {
    const file = path.join(this.#folder, "pipe");
    execFileSync("mkfifo", [file]);
    const fd = this.#system(openSync(file, constants.O_RDWR));
    writeSync(fd, text);
    return fd;
  }

  #system(fd: number): number {
    this.#systemFds.push(fd);
    return fd;
  }

  /** @returns the program's descriptor, when the text is there */
  async #connect(text: string): Promise<number> {
    const { raw } = this;
    const client = net.connect(raw.wasi.ports[0] as number, "127.0.0.1");
    this.#clients.push(client);
    await once(client, "connect");
    raw.poll(readable(3), clock(READY));
    const { fd } = raw.accept(3);
    if (!text) return fd;
    await new Promise((resolve) => client.write(text, resolve));
    assert.equal(raw.poll(readable(fd), clock(READY)).events[0]?.nbytes, text.length);
    return fd;
  }

  close(): void {
    for (const client of this.#clients) client.destroy();
    this.#raw?.wasi.close();
    for (const fd of this.#systemFds) closeSync(fd);
    rmSync(this.#folder, { recursive: true });
  }
}

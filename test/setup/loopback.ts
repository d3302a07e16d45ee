/** Real sockets on 127.0.0.1, with ports that the system chooses: what is outside of a program. */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import {
  type AddressInfo,
  connect,
  createServer,
  type ListenOptions,
  type NetConnectOpts,
  type Server,
  type Socket,
} from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Correspondent, OutsideListener, Peer } from "./world.ts";

const HOST = "127.0.0.1";

export class Loopback {
  readonly #sockets = new Set<Socket>();
  readonly #servers = new Set<Server>();
  readonly #correspondents = new Set<UdpSocket>();
  #folder: string | undefined;
  #paths = 0;

  connect(port: number): Promise<Peer> {
    return this.#connect({ host: HOST, port });
  }

  connectUnix(at: string): Promise<Peer> {
    return this.#connect({ path: at });
  }

  async #connect(to: NetConnectOpts): Promise<Peer> {
    const socket = connect({ ...to, allowHalfOpen: true, noDelay: true } as NetConnectOpts);
    // Before it is connected, or it would begin to read by itself.
    socket.pause();
    const peer = this.#keep(socket);
    await once(socket, "connect");
    return peer;
  }

  listen(): Promise<OutsideListener> {
    return this.#listen({ host: HOST, port: 0 });
  }

  listenUnix(at: string): Promise<OutsideListener> {
    return this.#listen({ path: at });
  }

  async #listen(place: ListenOptions): Promise<OutsideListener> {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
    const arrived: Peer[] = [];
    const acceptors: ((peer: Peer) => void)[] = [];
    server.on("connection", (socket) => {
      const peer = this.#keep(socket);
      const acceptor = acceptors.shift();
      if (acceptor) acceptor(peer);
      else arrived.push(peer);
    });
    const port = await this.#listenOn(server, place);
    return {
      port,
      accept: () => {
        const peer = arrived.shift();
        return peer ? Promise.resolve(peer) : new Promise((resolve) => acceptors.push(resolve));
      },
      close: () => this.#closeServer(server),
    };
  }

  async unusedPort(): Promise<number> {
    const server = createServer();
    const port = await this.#listenOn(server, { host: HOST, port: 0 });
    await this.#closeServer(server);
    return port;
  }

  async #listenOn(server: Server, place: ListenOptions): Promise<number> {
    this.#servers.add(server);
    server.listen(place);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  /** In a folder of its own, whose name is short: a path has hardly more than a hundred bytes. */
  unusedPath(): string {
    this.#folder ??= mkdtempSync(path.join(tmpdir(), "as-fibers-"));
    return path.join(this.#folder, `${++this.#paths}.sock`);
  }

  async openDatagrams(): Promise<Correspondent> {
    const socket = createSocket("udp4");
    this.#correspondents.add(socket);
    const arrived: { bytes: Buffer; port: number }[] = [];
    const waiting: ((datagram: { bytes: Buffer; port: number }) => void)[] = [];
    socket.on("message", (bytes, { port }) => {
      const receive = waiting.shift();
      if (receive) receive({ bytes, port });
      else arrived.push({ bytes, port });
    });
    socket.bind(0, HOST);
    await once(socket, "listening");
    return {
      port: socket.address().port,
      send: (bytes, port) => socket.send(bytes, port, HOST),
      receive() {
        const datagram = arrived.shift();
        return datagram ? Promise.resolve(datagram) : new Promise((resolve) => waiting.push(resolve));
      },
    };
  }

  async #closeServer(server: Server): Promise<void> {
    if (!this.#servers.delete(server)) return;
    server.close();
    // It waits for its connections; whoever stops listening does not.
    if (server.listening) await once(server, "close");
  }

  #keep(socket: Socket): Peer {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    return new NodePeer(socket);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const socket of this.#correspondents) socket.close();
    this.#correspondents.clear();
    await Promise.all([...this.#servers].map((server) => this.#closeServer(server)));
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}

class NodePeer implements Peer {
  readonly #socket: Socket;
  #hasEnded = false;
  #error: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", (error) => (this.#error = error));
    socket.on("end", () => (this.#hasEnded = true));
    socket.on("close", () => (this.#hasEnded = true));
  }

  write(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  async read(count: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for (let left = count; left;) {
      const chunk = this.#take(left);
      if (chunk) {
        chunks.push(chunk);
        left -= chunk.length;
      } else if (this.#error) throw this.#error;
      else if (this.#hasEnded) break;
      else await this.#change();
    }
    return Buffer.concat(chunks);
  }

  /** What Node has read already, or null; asks for more. */
  #take(count: number): Buffer | null {
    const available = Math.min(count, this.#socket.readableLength);
    return this.#socket.read(available) as Buffer | null;
  }

  /** Waits until more has come, or nothing more will. */
  #change(): Promise<void> {
    const events = ["readable", "end", "error", "close"];
    return new Promise((resolve) => {
      const go = () => {
        for (const event of events) this.#socket.off(event, go);
        resolve();
      };
      for (const event of events) this.#socket.on(event, go);
    });
  }

  end(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }
}

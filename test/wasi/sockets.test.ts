/** A program that listens: accept, poll, receive, send and shut down, with real clients, on each base and in each way of waiting. */
import { once } from "node:events";
import net from "node:net";
import { afterEach, expect, test } from "vitest";
import { clock, MILLISECOND, Raw, readable, writable } from "./raw.ts";
import { describeCombinations } from "../setup/describe.ts";

const AGAIN = 6;
const BADF = 8;
const INVAL = 28;
const NOTCONN = 53;
const NOTSOCK = 57;
const PIPE = 64;
const NONBLOCK = 4;
const LONG = 20_000n * MILLISECOND;

describeCombinations((combination) => {
  const opened: { close(): void }[] = [];

  afterEach(() => {
    for (const thing of opened.splice(0).toReversed()) thing.close();
  });

  async function listen(count = 1): Promise<Raw> {
    const raw = await Raw.open({ ...combination, listen: Array.from({ length: count }, () => ({ port: 0 })) });
    opened.push(raw.wasi);
    return raw;
  }

  async function connect(raw: Raw, listener = 0): Promise<net.Socket> {
    const socket = net.connect({ host: "127.0.0.1", port: raw.wasi.ports[listener] ?? 0, allowHalfOpen: true });
    socket.on("error", () => {});
    opened.push({ close: () => socket.destroy() });
    await once(socket, "connect");
    return socket;
  }

  /** Bytes handed to the system by this side. */
  function give(socket: net.Socket, text: string): Promise<void> {
    return new Promise((resolve) => socket.write(text, () => resolve()));
  }

  /** Everything until the end. */
  async function readAll(socket: net.Socket): Promise<string> {
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    return text;
  }

  test("the listeners are 3 and 4, and readable when somebody has connected", async () => {
    const raw = await listen(2);
    expect(raw.wasi.ports).toHaveLength(2);
    expect(raw.poll(readable(3), readable(4), clock(MILLISECOND)).events).toMatchObject([{ type: 0 }]);
    await connect(raw, 1);
    expect(raw.poll(readable(3), readable(4, { userdata: 4n }), clock(LONG)).events).toMatchObject([{ userdata: 4n }]);
    expect(raw.accept(4)).toEqual({ errno: 0, fd: 5 });
  });

  test("bytes go both ways, and their number is told", async () => {
    const raw = await listen();
    const client = await connect(raw);
    const { fd } = raw.accept(3);
    expect(raw.poll(readable(fd), writable(fd), clock(0n)).events).toMatchObject([{ type: 2 }, { type: 0 }]);
    await give(client, "hello");
    expect(raw.poll(readable(fd), clock(LONG)).events).toMatchObject([{ type: 1, errno: 0, nbytes: 5, flags: 0 }]);
    expect(raw.receive(fd, 4, 1)).toBe("hell"); // peek
    expect(raw.receive(fd, 2)).toBe("he");
    expect(raw.poll(readable(fd)).events).toMatchObject([{ nbytes: 3 }]);
    expect(raw.read(fd, 10)).toBe("llo");
    expect(raw.send(fd, "one ")).toEqual({ errno: 0, length: 4 });
    expect(raw.write(fd, "two")).toEqual({ errno: 0, length: 3 });
    expect(raw.call("sock_shutdown", fd, 2)).toBe(0);
    expect(await readAll(client)).toBe("one two");
    expect(raw.send(fd, "three").errno).toBe(PIPE);
  });

  test("the client's end is a hangup, and read as the end", async () => {
    const raw = await listen();
    const client = await connect(raw);
    const { fd } = raw.accept(3);
    client.end("rest");
    await once(client, "finish");
    expect(raw.receive(fd, 100, 2)).toBe("rest"); // all: until the end
    expect(raw.poll(readable(fd), clock(LONG)).events).toMatchObject([{ type: 1, nbytes: 0, flags: 1 }]);
    expect(raw.receive(fd, 100)).toBe("");
    expect(raw.send(fd, "still here").errno).toBe(0);
    expect(raw.call("fd_close", fd)).toBe(0);
    expect(await readAll(client)).toBe("still here");
  });

  test("a client that breaks off is a hangup too, and an error when read", async () => {
    const raw = await listen();
    const client = await connect(raw);
    const { fd } = raw.accept(3);
    client.resetAndDestroy();
    await once(client, "close");
    expect(raw.poll(readable(fd), clock(LONG)).events).toMatchObject([{ type: 1, errno: 0, flags: 1 }]);
    expect(raw.receive(fd, 100)).toBe(15); // ECONNRESET
  });

  test("nothing waits that shall not", async () => {
    const raw = await listen();
    expect(raw.call("fd_fdstat_set_flags", 3, NONBLOCK)).toBe(0);
    expect(raw.accept(3).errno).toBe(AGAIN);
    const client = await connect(raw);
    expect(raw.poll(readable(3), clock(LONG)).events).toMatchObject([{ type: 1 }]);
    const { fd } = raw.accept(3, NONBLOCK);
    expect(raw.receive(fd, 10)).toBe(AGAIN);
    expect(raw.read(fd, 10)).toBe(AGAIN);
    await give(client, "now");
    expect(raw.poll(readable(fd), clock(LONG)).events).toMatchObject([{ type: 1 }]);
    expect(raw.receive(fd, 10)).toBe("now");
    // Until nothing takes any more, since the client does not read.
    const text = "x".repeat(60_000);
    let isFull = false;
    while (!isFull) {
      let errno = 0;
      while (errno === 0) errno = raw.send(fd, text).errno;
      expect(errno).toBe(AGAIN);
      isFull = raw.poll(writable(fd), clock(50n * MILLISECOND)).events[0]?.type === 0;
    }
    client.resume();
    client.end();
    await once(client, "finish");
  });

  test("what was sent arrives although the connection, and then the program, is closed at once", async () => {
    const raw = await listen();
    const client = await connect(raw);
    const { fd } = raw.accept(3);
    const received = readAll(client);
    const text = "0123456789".repeat(3000);
    expect(raw.send(fd, text)).toEqual({ errno: 0, length: text.length });
    expect(raw.call("fd_close", fd)).toBe(0);
    raw.wasi.close();
    expect(await received).toBe(text);
  });

  test("descriptors that are the wrong kind", async () => {
    const raw = await listen();
    await connect(raw);
    const { fd } = raw.accept(3);
    expect([raw.accept(0).errno, raw.accept(fd).errno, raw.accept(99).errno]).toEqual([NOTSOCK, INVAL, BADF]);
    expect([raw.receive(1, 5), raw.receive(3, 5), raw.receive(99, 5)]).toEqual([NOTSOCK, NOTCONN, BADF]);
    expect(raw.read(3, 5)).toBe(NOTCONN);
    expect(raw.call("sock_shutdown", fd, 0)).toBe(INVAL);
    expect(raw.call("sock_shutdown", 3, 2)).toBe(NOTCONN);
    expect(raw.call("fd_close", fd)).toBe(0);
    expect(raw.poll(readable(fd)).events).toMatchObject([{ errno: BADF }]);
    expect(raw.accept(3, 1024).errno).toBe(INVAL);
    expect(raw.call("sock_accept", 3, 0, -2)).toBe(21);
  });

  test("a closed listener refuses, and its number is free again", async () => {
    const raw = await listen();
    expect(raw.call("fd_close", 3)).toBe(0);
    expect(raw.accept(3).errno).toBe(BADF);
  });

  test("a port that somebody has is refused with the system's code", async () => {
    const raw = await listen();
    const port = raw.wasi.ports[0] ?? 0;
    await expect(Raw.open({ ...combination, listen: [{ port: 0 }, { port }] })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });
});

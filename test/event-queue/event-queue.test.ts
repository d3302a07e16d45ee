/** The public event queue: sources, timers, both ways to wait, its end; on each back end of this system. */
import { randomFillSync } from "node:crypto";
import { readdirSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { EventQueue } from "../../host/event-queue/event-queue.ts";
import { Interest, Mode } from "../../host/event-queue/interest.ts";
import { WOULD_BLOCK } from "../../host/event-queue/source.ts";
import type { TcpStream } from "../../host/event-queue/tcp-stream.ts";
import { library } from "../setup/real-drivers.ts";
import { codeOf, describeEvents } from "./setup.ts";

const { READABLE, WRITABLE } = Interest;
const HOST = "127.0.0.1";
const backEnds = process.platform === "linux" ? (["epoll", "poll"] as const) : (["poll"] as const);
const bytes = new Uint8Array(1000);
const queues: EventQueue[] = [];

afterEach(() => {
  for (const queue of queues.splice(0)) queue.close();
});

async function openQueue(backEnd: (typeof backEnds)[number], capacity?: number): Promise<EventQueue> {
  const queue = await EventQueue.open({ backEnd, ...(capacity ? { capacity } : {}) });
  queues.push(queue);
  return queue;
}

/** Both ends of a connection. */
function connectPair(queue: EventQueue): [TcpStream, TcpStream] {
  const listener = queue.listen({ host: HOST, port: 0 });
  const near = queue.connect(listener.localAddress);
  queue.register(listener, 1);
  queue.wait();
  const far = listener.accept() as TcpStream;
  listener.close();
  return [near, far];
}

describe.skipIf(!library).each(backEnds)("on %s", (backEnd) => {
  test("a TCP connection from listening to the end, on one thread", async () => {
    const queue = await openQueue(backEnd);
    const listener = queue.listen({ host: HOST, port: 0 });
    expect(listener.accept()).toBe(null);
    queue.register(listener, 1);
    const near = queue.connect(listener.localAddress);
    queue.register(near, 2, WRITABLE);
    const seen: string[] = [];
    while (seen.length < 2) {
      queue.wait();
      seen.push(...describeEvents(queue.events));
    }
    expect(seen.toSorted()).toEqual(["1:r", "2:w"]);
    expect(near.finishConnecting()).toBe(true);
    const far = listener.accept() as TcpStream;
    expect(far.remoteAddress).toEqual(near.localAddress);
    expect(near.remoteAddress).toEqual(listener.localAddress);

    expect(far.read(bytes)).toBe(WOULD_BLOCK);
    expect(near.write(new TextEncoder().encode("hello"))).toBe(5);
    queue.register(far, 3);
    queue.wait();
    expect(describeEvents(queue.events)).toEqual(["3:r"]);
    const view = bytes.subarray(10, 20);
    expect(far.read(view)).toBe(5);
    expect(new TextDecoder().decode(bytes.subarray(10, 15))).toBe("hello");

    near.shutdown();
    queue.modify(far, 4);
    queue.wait();
    expect(describeEvents(queue.events)).toEqual(["4:rh"]);
    expect(far.read(bytes)).toBe(0);
    expect(near.read(bytes)).toBe(WOULD_BLOCK);
  });

  test("a connection that is refused says so when it is asked", async () => {
    const queue = await openQueue(backEnd);
    const listener = queue.listen({ host: HOST, port: 0 });
    const { port } = listener.localAddress;
    listener.close();
    const stream = queue.connect({ host: HOST, port });
    queue.register(stream, 1, WRITABLE);
    queue.wait();
    expect(describeEvents(queue.events)).toEqual(["1:whe"]);
    expect(codeOf(() => stream.finishConnecting())).toBe("ECONNREFUSED");
  });

  test("a port that is in use, and a host that is a name", async () => {
    const queue = await openQueue(backEnd);
    const { localAddress } = queue.listen({ host: HOST, port: 0 });
    expect(() => queue.listen(localAddress)).toThrow(`listening on ${HOST}:${localAddress.port}: EADDRINUSE`);
    expect(codeOf(() => queue.connect({ host: "localhost", port: 1 }))).toBe("E_INVALID_ARGUMENT");
  });

  test("a full stream takes no more, is writable when there is room, and all bytes arrive in order", async () => {
    const queue = await openQueue(backEnd);
    const [near, far] = connectPair(queue);
    queue.register(near, 1, WRITABLE, Mode.EDGE);
    queue.register(far, 2, READABLE, Mode.EDGE);
    const length = 12_000_000;
    const sent = randomFillSync(new Uint8Array(length));
    const received = new Uint8Array(length);
    let [written, read, full] = [0, 0, 0];
    while (read < length) {
      queue.wait();
      for (const event of queue.events) {
        if (event.token === 1) {
          for (let count = 0; written < length && count !== WOULD_BLOCK; written += Math.max(count, 0)) {
            count = near.write(sent.subarray(written));
          }
          if (written < length) full++;
        } else {
          for (let count = 0; read < length && count !== WOULD_BLOCK; read += Math.max(count, 0)) {
            count = far.read(received.subarray(read));
          }
        }
      }
    }
    expect(Buffer.compare(sent, received)).toBe(0);
    expect(full).toBeGreaterThan(0);
  });

  test("a peer that is gone: EPIPE or ECONNRESET, and no signal", async () => {
    const queue = await openQueue(backEnd);
    const [near, far] = connectPair(queue);
    far.write(bytes);
    near.close();
    queue.register(far, 1, READABLE);
    queue.wait();
    expect(codeOf(() => far.read(bytes))).toBe("ECONNRESET");
    expect(codeOf(() => far.write(bytes))).toBe("EPIPE");
  });

  test("straight into WebAssembly memory", async () => {
    const queue = await openQueue(backEnd);
    const [near, far] = connectPair(queue);
    const memory = new WebAssembly.Memory({ initial: 1 });
    const view = new Uint8Array(memory.buffer, 500, 100);
    near.write(Uint8Array.of(7, 8, 9));
    queue.register(far, 1);
    queue.wait();
    expect(far.read(view)).toBe(3);
    expect([...new Uint8Array(memory.buffer, 499, 5)]).toEqual([0, 7, 8, 9, 0]);
    near.setNoDelay(true);
    near.setKeepAlive(true);
    expect(near.write(view.subarray(0, 3))).toBe(3);
  });

  test("a pipe", async () => {
    const queue = await openQueue(backEnd);
    const { reader, writer } = queue.pipe();
    queue.register(reader, 1, READABLE, Mode.LEVEL);
    expect(reader.read(bytes)).toBe(WOULD_BLOCK);
    let written = 0;
    for (let count = 0; count !== WOULD_BLOCK; written += Math.max(count, 0)) count = writer.write(bytes);
    queue.wait();
    expect(describeEvents(queue.events)).toEqual(["1:r"]);
    writer.close();
    let length = 0;
    for (let count = reader.read(bytes); count > 0; count = reader.read(bytes)) length += count;
    expect(length).toBe(written);
    queue.wait();
    expect(describeEvents(queue.events)).toEqual(["1:rh"]);
    reader.close();
    const other = queue.pipe();
    other.reader.close();
    expect(codeOf(() => other.writer.write(bytes))).toBe("EPIPE");
  });

  test("timers come once each, and are never early", async () => {
    const queue = await openQueue(backEnd);
    const begin = performance.now();
    const order: [number, number][] = [];
    for (const [token, ms] of [3, 1, 2, 1].entries()) queue.timer(ms, token);
    while (order.length < 4) {
      queue.wait();
      for (const event of queue.events) {
        expect([event.isTimer, event.fd, event.isReadable]).toEqual([true, -1, false]);
        order.push([event.token, performance.now() - begin]);
      }
    }
    expect(order.map(([token]) => token).toSorted()).toEqual([0, 1, 2, 3]); // in which order: timers.test.ts
    for (const [token, after] of order) expect(after).toBeGreaterThanOrEqual([3, 1, 2, 1][token] as number);
    expect(queue.wait(0)).toBe(0);
  });

  test("a timer that repeats does so until it is cancelled; a cancelled one is not told, even when it was due", async () => {
    const queue = await openQueue(backEnd);
    const repeating = queue.timer(0.2, 1, { isRepeating: true });
    for (let i = 0; i < 3; i++) {
      expect(queue.wait()).toBe(1);
      expect(describeEvents(queue.events)).toEqual(["1:"]);
    }
    repeating.cancel();
    expect(queue.wait(1)).toBe(0);
    const [first, second] = [queue.timer(0, 2), queue.timer(0, 3)];
    expect(queue.wait()).toBe(2);
    const seen: number[] = [];
    for (const { token } of queue.events) {
      seen.push(token);
      (token === 2 ? second : first).cancel();
    }
    expect(seen).toEqual([2]);
    queue.timer(5, 4).cancel();
    expect(queue.wait(0)).toBe(0);
  });

  test("one that repeats is told once in a wait, however short its period", async () => {
    const queue = await openQueue(backEnd);
    queue.timer(1e-6, 1, { isRepeating: true }); // due again before the next is looked at
    for (let i = 0; i < 20; i++) expect(queue.wait()).toBe(1);
  });

  test("descriptors that are always ready do not crowd timers out", async () => {
    const queue = await openQueue(backEnd, 1);
    queue.register(queue.pipe().writer, 1, WRITABLE, Mode.LEVEL);
    queue.timer(0, 2);
    expect(queue.wait()).toBe(2);
    expect(describeEvents(queue.events)).toEqual(["1:w", "2:"]);
  });

  test("durations have to be numbers", async () => {
    const queue = await openQueue(backEnd);
    for (const call of [
      () => queue.wait(-1),
      () => queue.wait(Number.NaN),
      () => queue.timer(-1, 1),
      () => queue.timer(Infinity, 1),
      () => queue.timer(0, 1, { isRepeating: true }),
    ]) {
      expect(codeOf(call)).toBe("E_INVALID_DURATION");
    }
    expect(codeOf(() => queue.timer(1, -1))).toBe("E_INVALID_ARGUMENT");
  });

  test("waitAsync beside Node's own sockets, in one process", async () => {
    const queue = await openQueue(backEnd);
    const server = createServer((socket) => socket.end("from node")).listen(0, HOST);
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const stream = queue.connect({ host: HOST, port });
    queue.register(stream, 1, READABLE, Mode.LEVEL);
    let text = "";
    for (let isOver = false; !isOver;) {
      await queue.waitAsync();
      for (const _ of queue.events) {
        const count = stream.read(bytes);
        if (count === 0) isOver = true;
        else if (count > 0) text += new TextDecoder().decode(bytes.subarray(0, count));
      }
    }
    expect(text).toBe("from node");
    server.close();
  });

  test("waitAsync: a timeout, a timer that is started meanwhile, a notification", async () => {
    const queue = await openQueue(backEnd);
    expect(await queue.waitAsync(1)).toBe(0);
    let waiting = queue.waitAsync();
    queue.timer(1, 7);
    expect(await waiting).toBe(1);
    expect(describeEvents(queue.events)).toEqual(["7:"]);
    waiting = queue.waitAsync();
    queue.notify();
    expect(await waiting).toBe(0);
    expect(queue.wasNotified).toBe(true);
  });

  test("closing closes what it has made, and nothing else", async () => {
    if (process.platform !== "linux") return;
    const count = () => readdirSync("/proc/self/fd").length;
    const before = count();
    const queue = await openQueue(backEnd);
    const [near, far] = connectPair(queue);
    const { reader } = queue.pipe();
    queue.listen({ host: HOST, port: 0 });
    const waiting = queue.waitAsync();
    queue.close();
    await expect(waiting).rejects.toMatchObject({ code: "E_CLOSED" });
    expect([near, far, reader].every(({ isClosed }) => isClosed)).toBe(true);
    expect(count()).toBeLessThanOrEqual(before);
    for (const call of [
      () => near.read(bytes),
      () => reader.fd,
      () => queue.wait(0),
      () => queue.pipe(),
      () => queue.timer(1, 1),
      () => queue.listen({ host: HOST, port: 0 }),
      () => queue.connect({ host: HOST, port: 1 }),
      () => queue.notifier(),
    ]) {
      expect(codeOf(call)).toBe("E_CLOSED");
    }
  });

  test("a closed source is forgotten, and its number can be another one's at once", async () => {
    const queue = await openQueue(backEnd);
    const { reader, writer } = queue.pipe();
    queue.register(reader, 1, READABLE, Mode.LEVEL);
    writer.write(bytes);
    queue.wait();
    for (const _ of queue.events) reader.close();
    const other = queue.pipe();
    queue.register(other.reader, 2, READABLE, Mode.LEVEL);
    expect(describeEvents(queue.events)).toEqual([]);
    expect(queue.wait(0)).toBe(0);
  });

  test("waiting and going through the events allocates nothing worth mentioning", async () => {
    const queue = await openQueue(backEnd, 64);
    for (let token = 0; token < 50; token++) queue.register(queue.pipe().writer, token, WRITABLE, Mode.LEVEL);
    let sum = 0;
    const round = (times: number) => {
      for (let i = 0; i < times; i++) {
        queue.wait(0);
        for (const event of queue.events) if (event.isWritable) sum += event.token;
      }
    };
    const rounds = 1000;
    round(rounds); // optimized afterwards
    // What else this process does at the same time allocates, too: the least is the loop's own.
    const perEvent = Array.from({ length: 5 }, () => {
      const before = process.memoryUsage().heapUsed;
      round(rounds);
      return (process.memoryUsage().heapUsed - before) / (rounds * 50);
    });
    expect(sum).toBe(6 * rounds * 1225);
    expect(Math.min(...perEvent.filter((each) => each >= 0))).toBeLessThan(24); // an object per event would be more
  });
});

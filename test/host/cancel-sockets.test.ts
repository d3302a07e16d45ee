/**
 * Fibers that are cancelled at real sockets, and what the peer sees of it: point 3 of host/driver.ts, up to the program. test/drivers/
 * asks drivers the same without a program around them.
 */
import { type App, load, nodeDriver } from "as-fibers";
import { afterEach, describe, expect, test } from "vitest";
import { endOf } from "../setup/driver-bench.ts";
import { until } from "../setup/driver-program.ts";
import { guest } from "../setup/guests.ts";
import { Loopback } from "../setup/loopback.ts";
import { patternBytes } from "../setup/pattern.ts";

const CANCELLED = "E_CANCELLED: enough, 1 cleanup";
const FOREIGN = 0x21;
/** More than the system and the driver hold of a connection that nobody reads. */
const MUCH = 16 << 20;

let network = new Loopback();
let app: App | undefined;

afterEach(async () => {
  app?.terminate();
  await network.close();
});

async function start() {
  network = new Loopback();
  app = await load(guest("cancellation-sockets").binary, { driver: nodeDriver(), onUnobserved: () => {} });
  const own = app;
  const call = async (name: string, ...values: (number | string)[]) => own.exports[name]?.(...values);
  const begin = async (verb: string, id: number, length = 100) => (await call("begin", verb, id, length)) as number;
  const end = (job: number) => call("end", job) as Promise<string>;
  /** Waits until so many fibers wait for this. */
  const waiting = (reason: string, count = 1) =>
    until(() => own.fibers().filter((fiber) => fiber.reason === reason).length === count);
  const listen = async () => {
    const listener = (await call("listen")) as number;
    return { listener, port: (await call("portOf", listener)) as number };
  };
  /** A connection: the program's number of it, and the peer. */
  const open = async () => {
    const { listener, port } = await listen();
    const job = await begin("accept", listener);
    const peer = await network.connect(port);
    return { stream: Number.parseInt(await end(job), 10), peer };
  };
  return { call, begin, end, waiting, listen, open };
}

describe("accept", () => {
  test("is cancelled while nobody comes: who connects then is for the next one, and notices nothing", async () => {
    const { call, begin, end, waiting, listen } = await start();
    const { listener, port } = await listen();
    const job = await begin("accept", listener);
    await waiting("accept");
    await call("cancel", job);
    const peer = await network.connect(port);
    expect(await end(job)).toBe(CANCELLED);
    const stream = Number.parseInt(await end(await begin("accept", listener)), 10);
    expect(await call("write", stream, "hello")).toBe("");
    expect((await peer.read(5)).toString()).toBe("hello");
  });

  test("is cancelled, and the listener closed: who has connected meanwhile sees it go, and nobody can connect", async () => {
    const { call, begin, end, waiting, listen } = await start();
    const { listener, port } = await listen();
    const job = await begin("accept", listener);
    await waiting("accept");
    await call("cancel", job);
    const peer = await network.connect(port);
    await call("closeListener", listener);
    expect(await endOf(peer)).toMatch(/^(end|ECONNRESET)$/);
    expect(await end(job)).toBe(CANCELLED);
    await expect(network.connect(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("connect", () => {
  test("is cancelled while it is made: the peer sees nothing of it, or its end", async () => {
    const { call, begin, end } = await start();
    const outside = await network.listen();
    const job = (await call("beginAndCancel", "connect", outside.port)) as number;
    expect(await end(job)).toBe(CANCELLED);
    // The next one comes after it, if it comes at all.
    const stream = Number.parseInt(await end(await begin("connect", outside.port)), 10);
    expect(await call("write", stream, "x")).toBe("");
    const seen = [await endOf(await outside.accept())];
    if (seen[0] !== "x") seen.push(await endOf(await outside.accept()));
    expect(seen.pop()).toBe("x");
    expect(seen.filter((how) => how !== "end" && how !== "ECONNRESET")).toEqual([]);
  });

  test("to where nobody listens is cancelled: the refusal comes late, and hurts nobody", async () => {
    const { call, begin, end } = await start();
    const port = await network.unusedPort();
    const job = (await call("beginAndCancel", "connect", port)) as number;
    expect(await end(job)).toBe(CANCELLED);
    expect(await end(await begin("connect", port))).toMatch(/^ECONNREFUSED: .*, 1 cleanup$/);
  });
});

describe("read", () => {
  test("is cancelled: what the peer sends then goes to the next one, and the buffer stays as it is", async () => {
    const { call, begin, end, waiting, open } = await start();
    const { stream, peer } = await open();
    const job = await begin("read", stream, 1 << 16);
    await waiting("read");
    await call("cancel", job);
    const length = 300_000;
    const receiving = call("receivePattern", stream);
    await peer.write(patternBytes(0, length));
    peer.end();
    expect(await receiving).toBe(length);
    expect(await call("changedBytes", job)).toBe(0);
    expect(await end(job)).toBe(CANCELLED);
  });

  test("is cancelled: a write to the same stream goes on", async () => {
    const { call, begin, end, waiting, open } = await start();
    const { stream, peer } = await open();
    const reading = await begin("read", stream);
    const writing = await begin("write", stream, MUCH);
    await waiting("read");
    await waiting("write");
    await call("cancel", reading);
    const received = await peer.read(MUCH);
    expect(received.equals(patternBytes(0, MUCH))).toBe(true);
    expect(await end(writing)).toBe(", 1 cleanup");
    expect(await end(reading)).toBe(CANCELLED);
  });

  test("is cancelled, and the peer goes away: the next one is told", async () => {
    const { call, begin, end, waiting, open } = await start();
    const { stream, peer } = await open();
    const job = await begin("read", stream);
    await waiting("read");
    await call("cancel", job);
    peer.reset();
    expect(await end(await begin("read", stream))).toMatch(/^ECONNRESET: .*, 1 cleanup$/);
    expect(await call("changedBytes", job)).toBe(0);
  });
});

describe("write", () => {
  test("is cancelled: the stream is closed for writing, and can be read; the peer has a part of the old bytes, and no new ones", async () => {
    const { call, begin, end, waiting, open } = await start();
    const { stream, peer } = await open();
    const job = await begin("write", stream, MUCH);
    await waiting("write");
    await call("cancel", job);
    expect(await end(job)).toBe(CANCELLED);
    expect(await call("write", stream, "more")).toBe("EPIPE");
    await peer.write("still here?");
    expect(await call("read", stream)).toBe("still here?");
    await call("closeStream", stream);
    const { received, how } = await readAll(peer);
    expect(how).toMatch(/^(end|ECONNRESET)$/);
    expect(received.length).toBeLessThan(MUCH);
    expect(received.equals(patternBytes(0, received.length))).toBe(true);
    expect(received.includes(Buffer.alloc(100, FOREIGN))).toBe(false);
  });
});

/** What the peer reads until the end, and how that is. */
async function readAll(peer: { read(count: number): Promise<Buffer> }) {
  const chunks: Buffer[] = [];
  try {
    for (;;) {
      const chunk = await peer.read(1 << 14);
      if (!chunk.length) return { received: Buffer.concat(chunks), how: "end" };
      chunks.push(chunk);
    }
  } catch (error) {
    return { received: Buffer.concat(chunks), how: (error as { code: string }).code };
  }
}

test("a server is its scope: when that is cancelled, every peer sees its connection end, and the scope ends after that", async () => {
  const { call, waiting, listen } = await start();
  const { listener, port } = await listen();
  const serving = call("serve", listener);
  const peers = await Promise.all(Array.from({ length: 20 }, () => network.connect(port)));
  for (const [i, peer] of peers.entries()) {
    await peer.write(`${i}`.padStart(2));
    expect((await peer.read(2)).toString()).toBe(`${i}`.padStart(2));
  }
  await waiting("read", 20);
  await call("stopServing");
  expect(await serving).toBe(20);
  expect(await Promise.all(peers.map(endOf))).toEqual(peers.map(() => "end"));
  expect(app?.fibers()).toEqual([]);
});

/** Socket calls of WASI that park: a program that knows nothing of fibers serves connections, and only the fiber that waits is stopped. */
import { WASI } from "node:wasi";
import { type App, load, virtualDriver, type WasiHost } from "as-fibers";
import { createWasi } from "as-fibers/wasi";
import { afterEach, describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { nodeWorld } from "../setup/node-world.ts";
import { virtualWorld } from "../setup/virtual-world.ts";
import type { Peer, Scene } from "../setup/world.ts";

const BADF = 8;
const BUSY = 10;
const FAULT = 21;
const INVAL = 28;
const NOTCONN = 53;
const NOTSOCK = 57;
const NOTSUP = 58;
const PIPE = 64;
const NONBLOCK = 4;
const PEEK = 1;
const WAITALL = 2;
const RD = 1;
const WR = 2;
const FIRST = 65_536;
const OUTSIDE = 2 ** 32 - 16;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Calls an export, in a fiber. */
function call(app: App, name: string, ...values: (number | string)[]): Promise<unknown> {
  return (app.exports[name] as (...values: (number | string)[]) => Promise<unknown>)(...values);
}

/** What the fibers that wait are waiting for. */
function waits(app: App): string[] {
  return app
    .fibers()
    .map(({ reason }) => reason)
    .toSorted();
}

/** Lets the world go on until exactly these waits are there. */
async function untilWaiting(app: App, ...reasons: string[]): Promise<void> {
  while (waits(app).join() !== reasons.join()) await new Promise(setImmediate);
}

const newWasi = () => new WASI({ version: "preview1" });
const { binary } = guest("wasi-parking");

describe.each([nodeWorld, virtualWorld])("on the driver $name", (world) => {
  async function open(count = 1): Promise<{ app: App; scene: Scene }> {
    const scene = await world.open();
    cleanups.push(() => scene.close());
    const listen = Array.from({ length: count }, () => 0);
    const app = await load(binary, { driver: scene.driver, wasi: newWasi(), listen });
    cleanups.push(() => app.terminate());
    return { app, scene };
  }

  /** A program, and a connection to it: the peer's end, and the program's descriptor. */
  async function connect(): Promise<{ app: App; scene: Scene; peer: Peer; fd: number }> {
    const { app, scene } = await open();
    const accepting = call(app, "accept", 3, 0);
    const peer = await scene.connect(app.ports[0] ?? 0);
    return { app, scene, peer, fd: (await accepting) as number };
  }

  test("echoes on several connections at once", async () => {
    const { app, scene } = await open();
    const served = call(app, "serveEcho", 3, 3);
    const peers: Peer[] = [];
    for (let i = 0; i < 3; i++) peers.push(await scene.connect(app.ports[0] ?? 0));
    const [a, b, c] = peers as [Peer, Peer, Peer];
    // The last that has connected speaks first, and one is silent: nobody waits for another.
    for (const [peer, word] of [
      [c, "third"],
      [a, "first"],
      [c, "again"],
    ] as const) {
      await peer.write(word);
      expect(String(await peer.read(word.length))).toBe(word);
    }
    for (const peer of [b, c, a]) {
      peer.end();
      expect(await peer.read(1)).toHaveLength(0);
    }
    await served;
    expect(await call(app, "takeLog")).toBe("third first again end end end");
    expect(app.fibers()).toEqual([]);
  });

  test("a large write to a slow reader parks only its fiber", async () => {
    const { app, peer, fd } = await connect();
    const sending = call(app, "sendMany", fd, 8_000_001);
    await untilWaiting(app, "write");
    // Meanwhile others write to standard input's and this connection's other direction.
    await peer.write("back");
    expect(await call(app, "receive", fd, "64", 0)).toBe("0 back");
    expect(await call(app, "send", fd, "x")).toBe(`${BUSY} 0`);
    expect(waits(app)).toEqual(["write"]);
    expect(await peer.read(8_000_001)).toHaveLength(8_000_001);
    expect(await sending).toBe("0 8000001");
  });

  test("reads fill the buffers in turn, and wait for all of them when they are asked to", async () => {
    const { app, peer, fd } = await connect();
    await peer.write("hello world");
    await call(app, "pollSockets", `r${fd}`);
    expect(await call(app, "receive", fd, "0,2,3", 0)).toBe("0 hello");
    expect(await call(app, "readSocket", fd, "4,9")).toBe("0  world");
    const all = call(app, "receive", fd, "3,3", WAITALL);
    await untilWaiting(app, "read");
    await peer.write("abcd");
    await peer.write("efgh");
    expect(await all).toBe("0 abcdef");
    const rest = call(app, "receive", fd, "3,3", WAITALL);
    peer.end();
    expect(await rest).toBe("0 gh");
    expect(await call(app, "receive", fd, "3", 0)).toBe("0 ");
    expect(await call(app, "receive", fd, "0", 0)).toBe("0 ");
  });

  test("shutdown for writing ends what the peer reads, for reading what the program does", async () => {
    const { app, peer, fd } = await connect();
    expect(await call(app, "writeSocket", fd, "bye")).toBe("0 3");
    expect(await call(app, "shutdown", fd, WR)).toBe(0);
    expect(await call(app, "shutdown", fd, WR)).toBe(0);
    expect(String(await peer.read(10))).toBe("bye");
    expect(await call(app, "send", fd, "more")).toBe(`${PIPE} 0`);
    await peer.write("unread");
    expect(await call(app, "shutdown", fd, RD)).toBe(0);
    expect(await call(app, "receive", fd, "9", 0)).toBe("0 ");
    expect(await call(app, "pollSockets", `r${fd}`)).toBe("0 0:1:0:0:1");
  });

  test("closing ends the calls that wait, and frees the number", async () => {
    const { app, scene, peer, fd } = await connect();
    const receiving = call(app, "receive", fd, "9", 0);
    const accepting = call(app, "accept", 3, 0);
    await untilWaiting(app, "accept", "read");
    expect(await call(app, "receive", fd, "9", 0)).toBe(`${BUSY} `);
    expect(await call(app, "close", fd)).toBe(0);
    expect(await receiving).toBe(`${BADF} `);
    expect(await call(app, "close", fd)).toBe(BADF);
    expect(await peer.read(1)).toHaveLength(0);
    await scene.connect(app.ports[0] ?? 0);
    expect(await accepting).toBe(fd);
    const waiting = call(app, "accept", 3, 0);
    const polling = call(app, "pollSockets", `r3 r${fd}`);
    await untilWaiting(app, "accept", "accept", "read", "read");
    expect(await call(app, "close", 3)).toBe(0);
    expect(await waiting).toBe(-BADF);
    expect(await polling).toBe(`0 0:1:${BADF}:0:0`);
    expect(app.fibers()).toEqual([]);
  });

  test("calls that are cancelled leave nothing behind", async () => {
    const { app, scene, peer, fd } = await connect();
    expect(await call(app, "cancelAll", 3, fd)).toBe("5 5 5");
    expect(app.fibers()).toEqual([]);
    await peer.write("kept");
    expect(await call(app, "receive", fd, "9", 0)).toBe("0 kept");
    await scene.connect(app.ports[0] ?? 0);
    expect(await call(app, "accept", 3, 0)).toBe(fd + 1);
    expect(await call(app, "takeLog")).toBe("");
  });

  test("poll_oneoff tells which of several is ready", async () => {
    const { app, scene, peer, fd } = await connect();
    expect(await call(app, "pollSockets", `r3 r${fd} c1`)).toBe("0 2:0:0:0:0");
    expect(await call(app, "pollSockets", `w${fd} r${fd}`)).toBe("0 0:2:0:0:0");
    const polling = call(app, "pollSockets", `r3 r${fd} r0 r${fd} c60000`);
    await untilWaiting(app, "accept", "read", "read", "read");
    await peer.write("hello");
    expect(await polling).toBe("0 1:1:0:5:0 3:1:0:5:0");
    expect(await call(app, "receive", fd, "9", 0)).toBe("0 hello");
    const both = call(app, "pollSockets", `r3 r${fd}`);
    await scene.connect(app.ports[0] ?? 0);
    expect(await both).toBe("0 0:1:0:0:0");
    expect(await call(app, "pollSockets", `r3 w${fd}`)).toBe("0 0:1:0:0:0 1:2:0:0:0");
    expect(await call(app, "accept", 3, 0)).toBe(fd + 1);
    peer.end();
    expect(await call(app, "pollSockets", `r${fd}`)).toBe("0 0:1:0:0:1");
    expect(app.fibers()).toEqual([]);
  });

  test("poll_oneoff tells what is wrong with one in its event", async () => {
    const { app, fd } = await connect();
    expect(await call(app, "pollSockets", `r${fd} r99 w3 w1`)).toBe(`0 1:1:${BADF}:0:0 2:2:${NOTCONN}:0:0 3:2:0:0:0`);
    expect(await call(app, "pollSockets", `r${fd + 1}`)).toBe(`0 0:1:${BADF}:0:0`);
    const receiving = call(app, "receive", fd, "9", 0);
    await untilWaiting(app, "read");
    expect(await call(app, "pollSockets", `r${fd} c1`)).toBe(`0 0:1:${BUSY}:0:0`);
    await call(app, "close", fd);
    await receiving;
  });

  test("what shall not wait gives EAGAIN, and takes nothing", async () => {
    const { app, scene, peer, fd } = await connect();
    expect(await call(app, "setFlags", 3, NONBLOCK)).toBe(0);
    expect(await call(app, "setFlags", fd, NONBLOCK)).toBe(0);
    expect(await call(app, "accept", 3, 0)).toBe(-6);
    expect(await call(app, "receive", fd, "9", 0)).toBe("6 ");
    await peer.write("now");
    await scene.connect(app.ports[0] ?? 0);
    await call(app, "pollSockets", `r${fd}`);
    expect(await call(app, "receive", fd, "9", WAITALL)).toBe("0 now");
    await call(app, "pollSockets", "r3");
    expect(await call(app, "accept", 3, NONBLOCK)).toBe(fd + 1);
    expect(await call(app, "receive", fd + 1, "9", 0)).toBe("6 ");
    expect(await call(app, "fdstat", fd + 1)).toMatch(/^0 6:4:/);
  });

  test("listeners that accepted ahead close what nobody took", async () => {
    const { app, scene } = await open(2);
    const peer = await scene.connect(app.ports[1] ?? 0);
    expect(await call(app, "pollSockets", "r3 r4")).toBe("0 1:1:0:0:0");
    expect(await call(app, "close", 4)).toBe(0);
    await expect(peer.read(1).catch(() => "")).resolves.toHaveLength(0);
    expect(await call(app, "accept", 4, 0)).toBe(-BADF);
  });
});

/** A program in a simulated world, with one connection. */
async function loadVirtual(wasi: WasiHost = newWasi()) {
  const driver = virtualDriver();
  const app = await load(binary, { driver, wasi, listen: [{ port: 8080 }, { port: 0, descriptor: 700 }] });
  cleanups.push(() => app.terminate());
  expect(app.ports).toEqual([8080, expect.any(Number)]);
  const peer = await driver.network.connect(8080);
  return { app, peer, fd: (await call(app, "accept", 3, 0)) as number };
}

test("the others run on: ticks come between what is received", async () => {
  const driver = virtualDriver({ latency: 0.1 });
  const app = await load(binary, { driver, wasi: newWasi(), listen: [0] });
  cleanups.push(() => app.terminate());
  // a speaks at 4, 8 and 12 ms, b at 13, 26 and 39, c at 1000, 2000 and 3000; each a little later, by what the network takes.
  expect(await call(app, "echoAmongTicks", app.ports[0] ?? 0)).toBe(
    "a1 a2 tick a3 end b1 tick b2 tick b3 end tick tick tick c1 c2 c3 end",
  );
});

test("the wrong kind of descriptor is told as on other WASI hosts", async () => {
  const wasi = await createWasi({ base: "node:wasi", waiting: "atomics" });
  cleanups.push(() => wasi.close());
  const { app, fd } = await loadVirtual(wasi);
  expect(await call(app, "accept", fd, 0)).toBe(-INVAL);
  expect(await call(app, "accept", 0, 0)).toBe(-NOTSOCK);
  expect(await call(app, "accept", 99, 0)).toBe(-BADF);
  expect(await call(app, "accept", FIRST + 1, 0)).toBe(-BADF);
  expect(await call(app, "receive", 3, "9", 0)).toBe(`${NOTCONN} `);
  expect(await call(app, "receive", 0, "9", 0)).toBe(`${NOTSOCK} `);
  expect(await call(app, "receive", 2 ** 32 - 1, "9", 0)).toBe(`${BADF} `);
  expect(await call(app, "readSocket", 700, "9")).toBe(`${NOTCONN} `);
  expect(await call(app, "send", 3, "9")).toBe(`${NOTCONN} 0`);
  expect(await call(app, "send", 99, "9")).toBe(`${BADF} 0`);
  expect(await call(app, "writeSocket", 3, "9")).toBe(`${NOTCONN} 0`);
  expect(await call(app, "shutdown", 3, WR)).toBe(NOTCONN);
  expect(await call(app, "shutdown", 1, WR)).toBe(NOTSOCK);
  expect(await call(app, "fdstat", 99)).toMatch(/^8 /);
});

test("so are flags", async () => {
  const { app, fd } = await loadVirtual();
  expect(await call(app, "receive", fd, "9", PEEK)).toBe(`${NOTSUP} `);
  expect(await call(app, "receive", fd, "9", 4)).toBe(`${INVAL} `);
  expect(await call(app, "rawSend", fd, 0, 0, 1, 0)).toBe(INVAL);
  expect(await call(app, "shutdown", fd, 0)).toBe(INVAL);
  expect(await call(app, "shutdown", fd, 4)).toBe(INVAL);
  expect(await call(app, "accept", 3, 1)).toBe(-NOTSUP);
  expect(await call(app, "setFlags", fd, 32)).toBe(INVAL);
  const rights = (...bits: number[]) => bits.reduce((sum, bit) => sum + 2 ** bit, 0);
  expect(await call(app, "fdstat", 3)).toBe(`0 6:0:${rights(3, 27, 29)}`);
  expect(await call(app, "fdstat", fd)).toBe(`0 6:0:${rights(1, 3, 6, 27, 28)}`);
});

test("addresses outside of memory are EFAULT, and cost nothing", async () => {
  const { app, peer, fd } = await loadVirtual();
  await peer.write("still here");
  const list = (await call(app, "makeList", 1024, 0)) as number;
  for (const [name, values] of [
    ["rawAccept", [3, 0, OUTSIDE + 15]],
    ["rawReceive", [fd, OUTSIDE, 1, 0, 1024, 1024]],
    ["rawReceive", [fd, OUTSIDE, 3, 0, 1024, 1024]],
    ["rawReceive", [fd, list, 2 ** 32 - 1, 0, 1024, 1024]],
    ["rawReceive", [fd, list, 1, 0, OUTSIDE, 1024]],
    ["rawReceive", [fd, list, 1, 0, 1024, OUTSIDE + 15]],
    ["rawSend", [fd, OUTSIDE, 1, 0, 1024]],
    ["rawSend", [fd, list, 1, 0, OUTSIDE]],
    ["rawRead", [fd, OUTSIDE, 1, 1024]],
    ["rawRead", [fd, list, 1, OUTSIDE]],
    ["rawRead", [0, OUTSIDE, 1, 1024]],
    ["rawRead", [0, list, 1, OUTSIDE]],
    ["rawWrite", [fd, list, 1, OUTSIDE]],
    ["rawStat", [fd, OUTSIDE]],
    ["rawPoll", [OUTSIDE, 1024, 1, 1024]],
    ["rawPoll", [1024, OUTSIDE, 1, 1024]],
    ["rawPoll", [1024, 1024, 2 ** 31, 1024]],
    ["rawPoll", [1024, 1024, 1, OUTSIDE + 14]],
  ] as const) {
    expect(await call(app, name, ...values), `${name}(${values.join()})`).toBe(FAULT);
  }
  for (const [pointer, length] of [
    [OUTSIDE, 1],
    [1024, 2 ** 32 - 1],
    [OUTSIDE, 32],
  ] as const) {
    const wrong = (await call(app, "makeList", pointer, length)) as number;
    expect(await call(app, "rawReceive", fd, wrong, 1, 0, 1024, 1024)).toBe(FAULT);
    expect(await call(app, "rawSend", fd, wrong, 1, 0, 1024)).toBe(FAULT);
    expect(await call(app, "rawRead", 0, wrong, 1, 1024)).toBe(FAULT);
  }
  expect(await call(app, "receive", fd, "64", 0)).toBe("0 still here");
});

describe("the option listen", () => {
  const listen = (value: unknown) => load(binary, { driver: virtualDriver(), wasi: newWasi(), listen: value as [] });

  test.each([
    ["a port that does not exist", [65_536]],
    ["no list", 8080],
    ["nothing", [null]],
    ["an empty host", [{ host: "", port: 0 }]],
    ["a standard stream's descriptor", [{ port: 0, descriptor: 2 }]],
    ["a connection's descriptor", [{ port: 0, descriptor: FIRST }]],
    ["one descriptor twice", [0, { port: 0, descriptor: 3 }]],
  ])("refuses %s", async (_, value) => {
    await expect(listen(value)).rejects.toMatchObject({ code: "E_INVALID_OPTION" });
  });

  test("says what the system says, and holds nothing open", async () => {
    await expect(listen([8080, 8080])).rejects.toMatchObject({
      code: "EADDRINUSE",
      message: "cannot listen on 127.0.0.1:8080: the system says EADDRINUSE",
    });
  });

  test("is refused for a program that does not accept by WASI", async () => {
    const loading = load(guest("host-life").binary, { driver: virtualDriver(), listen: [0] });
    await expect(loading).rejects.toMatchObject({ code: "E_INVALID_OPTION" });
  });
});

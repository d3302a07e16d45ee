/** The driver `selector` beyond the contract: a thread that blocks, and what it shares with Node's event loop. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Writable } from "node:stream";
import { type App, type Driver, load, nodeDriver, selectorDriver, type SelectorDriverOptions } from "as-fibers";
import { compile } from "as-fibers/compiler";
import { expect, onTestFinished, test } from "vitest";
import { describeBackEnds } from "../setup/describe.ts";
import { exampleOutputs, withoutOrderInTime } from "../setup/example-outputs.ts";
import { guest } from "../setup/guests.ts";
import { isHere, realDrivers } from "../setup/real-drivers.ts";

const life = new WebAssembly.Module(guest("host-life").binary as BufferSource);
const network = new WebAssembly.Module(guest("driver").binary as BufferSource);

async function loadOn(module: WebAssembly.Module, options: SelectorDriverOptions): Promise<App> {
  const app = await load(module, {
    driver: await selectorDriver(options),
    imports: { app: { isStopped: () => 0 } },
    onUnobserved: () => {},
  });
  onTestFinished(() => app.close());
  return app;
}

describeBackEnds("runSync", (backEnd) => {
  test("blocks until the call has ended, and returns what it returns", async () => {
    const app = await loadOn(life, { backEnd });
    let hasRun = false;
    setImmediate(() => (hasRun = true));
    const slept = app.runSync("measureSleep", 20) as bigint;
    expect(slept).toBeGreaterThanOrEqual(20_000_000n);
    expect(hasRun).toBe(false);
  });

  test("throws what the call fails with", async () => {
    const app = await loadOn(life, { backEnd });
    expect(() => app.runSync("failAfter", 1)).toThrow(expect.objectContaining({ code: "E_NO_EXPORT" }) as Error);
    expect(() => app.runSync("sleepFor", "soon")).toThrow(
      expect.objectContaining({ code: "E_INVALID_ARGUMENT" }) as Error,
    );
    expect(() => app.runSync("sleepFor", -1)).toThrow(expect.objectContaining({ code: "E_INVALID_DURATION" }) as Error);
  });

  test("knows a standstill", async () => {
    const app = await loadOn(life, { backEnd });
    expect(() => app.runSync("joinRing")).toThrow(expect.objectContaining({ code: "E_DEADLOCK" }) as Error);
    expect(app.runSync("sleepFor", 1)).toBe(1);
  });

  test("serves all fibers meanwhile, and what is left goes on with the event loop", async () => {
    const app = await loadOn(life, { backEnd });
    const longer = app.exports.sleepFor?.(300);
    const shorter = app.exports.sleepFor?.(5);
    app.runSync("sleepFor", 20);
    expect(app.fibers().map(({ name }) => name)).toEqual(["sleepFor"]);
    expect(await shorter).toBe(5);
    expect(await longer).toBe(300);
  });

  test("server and client in one thread: every byte goes through the kernel", async () => {
    const app = await loadOn(network, { backEnd });
    const listener = app.runSync("listen", "127.0.0.1", 0) as number;
    const accepted = app.exports.accept?.(listener);
    const client = app.runSync("connect", "127.0.0.1", app.runSync("portOf", listener) as number) as number;
    const server = (await accepted) as number;
    const received = app.exports.receivePattern?.(server, 1000);
    // More than the kernel holds: it ends only if the other fiber reads in the same blocked thread.
    app.runSync("sendPattern", client, 20_000_000, 65_536);
    app.runSync("shutdown", client);
    expect(await received).toBe(20_000_000);
    app.runSync("closeStream", client);
    expect(app.runSync("read", server, 10)).toBe("");
  });

  test("datagrams, to a name too; Unix sockets", async () => {
    const app = await loadOn(network, { backEnd });
    const socket = app.runSync("bindUdp", "localhost", 0) as number;
    const port = app.runSync("udpPort", socket) as number;
    app.runSync("sendUdp", socket, "to itself", "localhost", port);
    expect(app.runSync("receive", socket, 100)).toBe(`to itself from 127.0.0.1 ${port}`);
    const at = path.join(tmpdir(), `as-fibers-${process.pid}-${backEnd}.sock`);
    const accepted = app.exports.acceptUnix?.(app.runSync("listenUnix", at) as number);
    const client = app.runSync("connectUnix", at) as number;
    app.runSync("write", client, "hello");
    expect(app.runSync("read", (await accepted) as number, 100)).toBe("hello");
    await app.close();
    expect(existsSync(at)).toBe(false);
  });

  test("looks up names, which Node could not meanwhile", async () => {
    const app = await loadOn(network, { backEnd });
    const listener = app.runSync("listen", "localhost", 0) as number;
    const port = app.runSync("portOf", listener) as number;
    expect(port).toBeGreaterThan(0);
    expect(() => app.runSync("listen", "no.such.name.invalid", 0)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) as string }) as Error,
    );
  });

  test("leaves no descriptor behind", async () => {
    const { readdirSync } = await import("node:fs");
    const count = () => readdirSync("/proc/self/fd").length;
    const rounds = async () => {
      const app = await load(network, { driver: await selectorDriver({ backEnd }) });
      const listener = app.runSync("listen", "127.0.0.1", 0) as number;
      const accepted = app.exports.accept?.(listener);
      app.runSync("connect", "127.0.0.1", app.runSync("portOf", listener) as number);
      await accepted;
      await app.close();
    };
    await rounds();
    const before = count();
    for (let i = 0; i < 5; i++) await rounds();
    expect(count()).toBeLessThanOrEqual(before);
  });
});

test("a driver that needs the event loop cannot block", async () => {
  const app = await load(life, { driver: nodeDriver(), imports: { app: { isStopped: () => 0 } } });
  expect(() => app.runSync("sleepFor", 1)).toThrow(expect.objectContaining({ code: "E_CANNOT_BLOCK" }) as Error);
  await app.close();
});

describeBackEnds("the driver", (backEnd) => {
  test("runSync does not work inside of a turn", async () => {
    const codes: unknown[] = [];
    const app: App = await load(new WebAssembly.Module(guest("reports").binary as BufferSource), {
      driver: await selectorDriver({ backEnd }),
      imports: {
        app: {
          note() {
            try {
              app.runSync("noteWithin");
            } catch (error) {
              codes.push((error as { code: unknown }).code);
            }
          },
        },
      },
    });
    app.runSync("noteWithin");
    expect(codes).toEqual(["E_IN_TURN"]);
    app.terminate();
  });
});

/** The examples, compiled once: the very module that the driver node runs, since a guest never learns who serves it. */
const examples = new Map<string, ReturnType<typeof compile>>();

async function outputOn(driver: (stdout: Writable) => Driver | Promise<Driver>, name: string): Promise<string> {
  if (!examples.has(name)) examples.set(name, compile(`examples/${name}.ts`, { target: "debug" }));
  const { binary, sourceMap } = await (examples.get(name) as ReturnType<typeof compile>);
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(binary as BufferSource));
  expect(imports.map(({ module, name: imported }) => `${module}.${imported}`).toSorted()).toEqual(IMPORTS);
  let output = "";
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      output += chunk.toString();
      done();
    },
  });
  const app = await load(binary, { driver: await driver(stdout), sourceMap });
  await app.exports.main?.();
  await app.close();
  return withoutOrderInTime(name, output);
}

/** All that a program may need of a driver: none is named there. */
const IMPORTS = ["as-fibers.choose", "as-fibers.now", "as-fibers.submit", "as-fibers.trace", "env.abort"];

const makeDrivers: Record<string, (stdout: Writable) => Driver | Promise<Driver>> = {
  node: (stdout) => nodeDriver({ stdout }),
  epoll: (stdout) => selectorDriver({ backEnd: "epoll", stdout }),
  poll: (stdout) => selectorDriver({ backEnd: "poll", stdout }),
};

for (const { name: driver } of realDrivers) {
  test.skipIf(!isHere(driver)).each(["reverse-responses", "five-at-once"])(
    `the same module of the example %s, on ${driver}`,
    async (name) => {
      const expected = withoutOrderInTime(name, exampleOutputs[name]);
      expect(await outputOn(makeDrivers[driver] as (typeof makeDrivers)[string], name)).toBe(expected);
    },
  );
}

test.skipIf(!isHere("poll"))("asking for another system's queue says what there is, on poll", async () => {
  await expect(selectorDriver({ backEnd: "kqueue" })).rejects.toMatchObject({ code: "E_NO_BACK_END" });
});

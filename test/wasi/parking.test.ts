/** WASI calls that park: programs that know nothing of fibers wait by poll_oneoff and fd_read, and the others run on. */
import path from "node:path";
import { PassThrough } from "node:stream";
import { WASI } from "node:wasi";
import { type App, load, nodeDriver, type VirtualDriver, virtualDriver } from "as-fibers";
import { compile } from "as-fibers/compiler";
import { afterEach, describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";

const apps: App[] = [];
afterEach(() => {
  for (const app of apps.splice(0)) app.terminate();
});

const newWasi = () => new WASI({ version: "preview1" });

async function loadVirtual(driver: VirtualDriver): Promise<App> {
  const app = await load(guest("wasi-parking").binary, { driver, wasi: newWasi() });
  apps.push(app);
  return app;
}

describe("poll_oneoff", () => {
  test("of clocks parks until the nearest one, and tells that one", async () => {
    const driver = virtualDriver();
    const app = await loadVirtual(driver);
    expect(await app.exports["pollClocks"]?.(3)).toBe("0 7:0:0:0:0, 2 ticks");
    expect(driver.now()).toBe(3e6);
  });

  test.each([0, 1])("of a time of clock %d is never early", async (clock) => {
    const app = await loadVirtual(virtualDriver());
    expect(await app.exports["pollAbsolute"]?.(clock, 50)).toBe(`0 18446744073709551615:0:0:0:0, 5 ticks`);
  });

  test("of standard input tells how much is there", async () => {
    const app = await loadVirtual(virtualDriver({ stdin: "hello" }));
    expect(await app.exports["pollInput"]?.(3)).toBe("0 1:1:0:5:0, 0 ticks");
    // Nothing was taken.
    expect(await app.exports["readInput"]?.()).toMatch(/^0 hello,/);
  });

  test("of standard input that has ended tells so", async () => {
    const app = await loadVirtual(virtualDriver());
    expect(await app.exports["pollInput"]?.(3)).toBe("0 1:1:0:0:1, 0 ticks");
  });

  test("of standard input ends with the clock when nobody types", async () => {
    const app = await loadVirtual(virtualDriver({ stdin: null }));
    expect(await app.exports["pollInput"]?.(3)).toBe("0 2:0:0:0:0, 2 ticks");
    expect(app.fibers().map(({ reason }) => reason)).toEqual(["sleep"]);
  });

  test("of anything else is answered by the host", async () => {
    const app = await loadVirtual(virtualDriver());
    expect(await app.exports["pollOutput"]?.()).toMatch(/^0 3:2:0:\d+:0, 0 ticks$/);
    expect(await app.exports["pollNothing"]?.()).toMatch(/^28/);
  });
});

describe("fd_read", () => {
  test("of standard input parks until something comes", async () => {
    const stdin = new PassThrough();
    const app = await load(guest("wasi-parking").binary, { driver: nodeDriver({ stdin }), wasi: newWasi() });
    apps.push(app);
    const reading = app.exports["readInput"]?.();
    while (app.fibers().length !== 1 || app.fibers()[0]?.reason !== "read") await new Promise(setImmediate);
    stdin.write("typed");
    expect(await reading).toBe("0 typed, 5 ticks");
  });

  test("at the end reads nothing", async () => {
    const app = await loadVirtual(virtualDriver());
    expect(await app.exports["readInput"]?.()).toBe("0 , 0 ticks");
  });

  test("of another descriptor, and outside of fibers, is the host's", async () => {
    const app = await loadVirtual(virtualDriver());
    expect(await app.exports["readOther"]?.(99)).toBe(8);
    expect(await app.exports["readAtStart"]?.()).toBe(8);
  });
});

test("a library that reads by WASI parks: process.stdin of @assemblyscript/wasi-shim", async () => {
  const shim = path.resolve("node_modules/@assemblyscript/wasi-shim/assembly");
  const names = ["abort", "trace", "seed", "console", "crypto", "performance", "process", "Date"];
  const aliases = ["ASC_WASI=1", ...names.map((name) => `${name}=wasi_${name}`)];
  const flags = ["--lib", shim, ...aliases.flatMap((alias) => ["--use", alias])];
  const { binary } = await compile("test/guests/wasi-shim/echo.ts", { flags: ["--optimizeLevel", "2", ...flags] });
  const stdin = new PassThrough();
  const app = await load(binary, { driver: nodeDriver({ stdin }), wasi: newWasi() });
  apps.push(app);
  const reading = app.exports["readWhileTicking"]?.();
  while (app.fibers().length !== 1 || app.fibers()[0]?.reason !== "read") await new Promise(setImmediate);
  stdin.write("from the shim");
  expect(await reading).toBe("3 ticks, then from the shim");
});

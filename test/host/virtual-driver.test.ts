/** The driver with a simulated clock: time stands still while anything is ready, and jumps when all wait. */
import { type App, load, virtualDriver } from "as-fibers";
import { expect, test } from "vitest";
import { guest } from "../setup/guests.ts";

const module = new WebAssembly.Module(guest("host-life").binary as BufferSource);

async function loadLife(options?: Parameters<typeof virtualDriver>[0], isStopped: () => boolean = () => true) {
  const driver = virtualDriver(options);
  const app = await load(module, { driver, imports: { app: { isStopped } } });
  return { app, driver };
}

const call = (app: App, name: string, ...values: (number | string)[]) =>
  app.exports[name]?.(...values) ?? Promise.reject(new Error(name));

test("a sleep takes exactly its time, and none of ours", async () => {
  const { app, driver } = await loadLife();
  const begin = performance.now();
  const year = 365 * 86_400_000;
  expect(await call(app, "measureSleep", year)).toBe(BigInt(year) * 1_000_000n);
  expect(await call(app, "measureSleep", 0.25)).toBe(250_000n);
  expect(driver.now()).toBe((year + 0.25) * 1e6);
  expect(performance.now() - begin).toBeLessThan(10_000);
});

test("sleepers wake in the order of their deadlines, those of one deadline in the order of their calls", async () => {
  const { app } = await loadLife();
  const order: number[] = [];
  const times = [30, 10, 20, 10, 30, 0];
  await Promise.all(times.map((milliseconds, i) => call(app, "sleepFor", milliseconds).then(() => order.push(i))));
  expect(order).toEqual([5, 1, 3, 2, 0, 4]);
});

test("time stands still while a fiber is ready", async () => {
  const { app, driver } = await loadLife({ turnSwitches: 10 });
  const sleeping = call(app, "sleepFor", 5).catch(() => "cut off");
  void call(app, "spinForever").catch(() => {});
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  expect(Number(await call(app, "countRounds"))).toBeGreaterThan(50);
  expect(driver.now()).toBe(0);
  app.terminate();
  expect(await sleeping).toBe("cut off");
});

test("a turn ends after so many switches, and JavaScript has its share", async () => {
  let asked = 0;
  const { app } = await loadLife({ turnSwitches: 7 }, () => ++asked > 50);
  let immediates = 0;
  const count = () => {
    immediates++;
    if (asked <= 50) setImmediate(count);
  };
  setImmediate(count);
  expect(await call(app, "spin")).toBe(50);
  expect(app.switches).toBe(51);
  expect(immediates).toBeGreaterThanOrEqual(7);
});

test("output is kept, however much it is", async () => {
  const { app, driver } = await loadLife();
  await call(app, "printLines", 2000, 100);
  expect(driver.output).toBe(`started\n${`${"x".repeat(99)}\n`.repeat(2000)}`);
});

test("two runs are the same run", async () => {
  const trace = async () => {
    const { app, driver } = await loadLife();
    const ended: string[] = [];
    const calls = [3, 1, 2].map((value) =>
      call(app, "sleepFor", value).then(() => ended.push(`${value}@${driver.now()}`)),
    );
    calls.push(call(app, "printNumbers", 20).then(() => ended.push(`printed@${driver.now()}`)));
    await Promise.all(calls);
    return { ended, output: driver.output, switches: app.switches };
  };
  const first = await trace();
  expect(first.ended).toEqual(["printed@0", "1@1000000", "2@2000000", "3@3000000"]);
  expect(await trace()).toEqual(first);
});

test("datagrams are lost as often as is said, the same ones each time, and in order", async () => {
  const run = async (datagramLoss: number) => {
    const driver = virtualDriver({ datagramLoss, seed: 7 });
    const app = await load(guest("driver").binary, { driver });
    const socket = driver.network.post.open();
    const sending = (await app.exports["bindUdp"]?.("127.0.0.1", 0)) as number;
    const arrived: string[] = [];
    const receiving = (async () => {
      for (let text = ""; text !== "last"; arrived.push(text)) text = (await socket.receive()).bytes.toString();
    })();
    for (let i = 0; i < 200; i++) await app.exports["sendUdp"]?.(sending, `${i}`, "127.0.0.1", socket.port);
    for (let i = 0; i < 20; i++) await app.exports["sendUdp"]?.(sending, "last", "127.0.0.1", socket.port);
    await receiving;
    await app.close();
    return arrived.slice(0, -1).map(Number);
  };
  expect(await run(0)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  const some = await run(0.25);
  expect(some).toEqual(some.toSorted((a, b) => a - b));
  expect(some.length).toBeGreaterThan(130);
  expect(some.length).toBeLessThan(170);
  expect(await run(0.25)).toEqual(some);
});

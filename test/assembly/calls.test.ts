/** Calls from JavaScript: many at once, each with its own fiber and its own answer. */
import { expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";

const start = () => loadWatched(guest("calls").binary);

test("1,000 calls at once: each gets its own answer, whenever it ends", async () => {
  const app = await start();
  const calls = Array.from({ length: 1000 }, (_, i) => app.exports["sleepAndEcho"]?.(`text ${i}`, (i * 7919) % 1000));
  expect(app.pendingCalls).toBe(1000);
  expect(await Promise.all(calls)).toEqual(calls.map((_, i) => `text ${i}!`));
  expect(app.pendingCalls).toBe(0);
  expect(app.fibers()).toEqual([]);
});

test("they end in the order of their sleeps", async () => {
  const app = await start();
  const ended: number[] = [];
  const durations = [5, 3, 4, 3, 0, 1];
  await Promise.all(durations.map((d, i) => app.exports["sleepAndEcho"]?.("", d).then(() => ended.push(i))));
  expect(ended).toEqual([4, 5, 1, 3, 2, 0]);
});

test("some fail, the others do not notice", async () => {
  const app = await start();
  const calls = await Promise.allSettled(Array.from({ length: 100 }, (_, i) => app.exports["failOdd"]?.(i)));
  calls.forEach((call, i) => {
    if (i % 2) expect(call).toMatchObject({ status: "rejected", reason: { code: "E_ODD", message: `${i} is odd` } });
    else expect(call).toEqual({ status: "fulfilled", value: i * 10 });
  });
});

test("every call is a new fiber, named after its function", async () => {
  const app = await start();
  const first = (await app.exports["myId"]?.()) as bigint;
  expect(await app.exports["myId"]?.()).toBe(first + 1n);
  expect(await app.exports["myName"]?.()).toBe("myName");
  expect(await app.exports["nothing"]?.()).toBeUndefined();
});

test("ended calls leave nothing behind", async () => {
  const app = await start();
  const burst = () => Promise.all(Array.from({ length: 200 }, (_, i) => app.exports["add"]?.(i, 1)));
  await burst();
  app.collect();
  const before = await readHeap(app);
  for (let i = 0; i < 20; i++) expect((await burst())[199]).toBe(200);
  app.collect();
  expect(await readHeap(app)).toEqual(before);
});

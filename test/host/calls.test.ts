/** Calls of exports from JavaScript: when they start, in which order they run and end, and what is refused. */
import { type App, FibersError, load, virtualDriver } from "as-fibers";
import { beforeEach, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";

let app: App;
let noted: number[];
beforeEach(async () => {
  noted = [];
  app = await load(guest("host-imports").binary, {
    driver: virtualDriver(),
    imports: {
      app: { note: (value: number) => noted.push(value), ask: (value: number) => value },
      env: { add64: (a: bigint, b: bigint) => a + b },
      "host-imports": { own: () => true },
    },
  });
});

const call = (name: string, ...values: (number | bigint)[]) =>
  app.exports[name]?.(...values) ?? Promise.reject(new Error(name));

test("a call never runs inside its caller", async () => {
  const promise = call("noteOnce", 1);
  expect(noted).toEqual([]);
  expect(app.pendingCalls).toBe(1);
  await Promise.resolve();
  expect(noted).toEqual([]);
  expect(await promise).toBe(1);
  expect(noted).toEqual([1]);
  expect(app.pendingCalls).toBe(0);
});

test("calls start in their order, and go on in turn", async () => {
  const results = await Promise.all([1, 2, 3].map((value) => call("noteTwice", value)));
  expect(results).toEqual([2, 4, 6]);
  expect(noted).toEqual([1, 2, 3, -1, -2, -3]);
});

test("each promise settles when its own call has ended, whatever came before", async () => {
  const ended: number[] = [];
  const calls = [300, 100, 200].map((milliseconds) =>
    call("sleepFor", milliseconds).then((value) => ended.push(value as number)),
  );
  await Promise.all(calls);
  expect(ended).toEqual([100, 200, 300]);
});

test("a call that is made while others wait runs beside them", async () => {
  const sleeping = call("sleepFor", 1e6);
  const sleepingLonger = call("sleepFor", 2e6);
  expect(await call("noteTwice", 4)).toBe(8);
  expect(app.pendingCalls).toBe(2);
  // No time has passed for that: something was ready all along.
  expect(await call("performanceNow")).toBe(0);
  expect(await sleeping).toBe(1e6);
  expect(await call("performanceNow")).toBe(1e6);
  expect(await sleepingLonger).toBe(2e6);
});

test("a call from the continuation of another", async () => {
  let value = 1;
  for (let i = 0; i < 50; i++) value = ((await call("noteTwice", value)) as number) - value + 1;
  expect(value).toBe(51);
  expect(app.fibers()).toEqual([]);
});

test("ten thousand calls at once", async () => {
  const results = await Promise.all(Array.from({ length: 10_000 }, (_, i) => call("noteTwice", i)));
  expect(results).toEqual(Array.from({ length: 10_000 }, (_, i) => i * 2));
  expect(app.pendingCalls).toBe(0);
  expect(app.fibers()).toEqual([]);
});

test("an export that does not exist: E_NO_EXPORT names those that do", () => {
  expect(() => app.exports["missing"]).toThrow(FibersError);
  expect(() => app.exports["missing"]).toThrow(/exports no function "missing"; it exports useAll, noteTwice/);
  try {
    void app.exports["missing"];
  } catch (error) {
    expect(error).toMatchObject({ code: "E_NO_EXPORT" });
  }
});

test("the exports are an object like others", async () => {
  expect(Object.keys(app.exports)).toContain("noteOnce");
  expect("noteOnce" in app.exports).toBe(true);
  expect("missing" in app.exports).toBe(false);
  expect(String(app.exports)).toBe("[object Object]");
  // `await` asks for `then`.
  expect(await app.exports).toBe(app.exports);
  const { noteOnce } = app.exports;
  expect(await noteOnce?.(7)).toBe(7);
});

/** What an app tells about its fibers: the list, the dump, failures that nobody looked at, and standstill. */
import { type App, FiberError, load, type LoadOptions, virtualDriver } from "as-fibers";
import { describe, expect, test } from "vitest";
import { GUEST_EXPORTS } from "../../host/abi.ts";
import { RECORD_SIZE } from "../../host/fiber-records.ts";
import { guest } from "../setup/guests.ts";
import { placeOf } from "../setup/source.ts";

const { binary, sourceMap } = guest("host-life");
const module = new WebAssembly.Module(binary as BufferSource);

function loadLife(options: LoadOptions = {}): Promise<App> {
  return load(module, { driver: virtualDriver(), imports: { app: { isStopped: () => 0 } }, sourceMap, ...options });
}

const call = (app: App, name: string, ...values: number[]) =>
  app.exports[name]?.(...values) ?? Promise.reject(new Error(name));

async function rounds(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

const codeOf = (error: unknown) => (error as { code: unknown }).code;

describe("fibers", () => {
  test("lists those that have not ended, the oldest first, and what each does", async () => {
    const app = await loadLife();
    const asleep = call(app, "sleepFor", Infinity).catch(codeOf);
    await call(app, "startSleepers", 2, Infinity);
    const ring = call(app, "joinRing").catch(codeOf);
    const spinning = call(app, "spinForever").catch(codeOf);
    expect(app.fibers().map(({ name, state }) => `${name} ${state}`)).toEqual([
      "sleepFor parked",
      "sleeper 0 parked",
      "sleeper 1 parked",
      "joinRing ready",
      "spinForever ready",
    ]);
    await rounds(3);
    expect(app.fibers()).toMatchObject([
      { id: 1, name: "sleepFor", state: "parked", reason: "sleep", joins: 0 },
      { id: 3, name: "sleeper 0", state: "parked", reason: "sleep" },
      { id: 4, name: "sleeper 1", state: "parked", reason: "sleep" },
      { id: 5, name: "joinRing", state: "parked", reason: "join", joins: 7 },
      { id: 6, name: "spinForever", state: "ready", reason: "" },
      { id: 7, name: "first", state: "parked", reason: "join", joins: 8 },
      { id: 8, name: "second", state: "parked", reason: "join", joins: 7 },
    ]);
    for (const { savedBytes } of app.fibers()) expect(savedBytes).toBeGreaterThan(0);
    app.terminate();
    expect(await Promise.all([asleep, ring, spinning])).toEqual(Array(3).fill("E_INSTANCE_CLOSED"));
  });

  test("dump tells what each waits for, and where", async () => {
    // A debug build: in a release build, a verb that was inlined may show the line of its neighbour.
    const debug = guest("host-life", { target: "debug" });
    const app = await load(debug.binary, {
      driver: virtualDriver(),
      imports: { app: { isStopped: () => 0 } },
      sourceMap: debug.sourceMap,
    });
    void call(app, "sleepAndClean", Infinity, 1).catch(() => {});
    void call(app, "joinRing").catch(() => {});
    const place = (marked: string) => {
      const { file, line, column } = placeOf("host-life", marked);
      return `${file}:${line}:${column}`;
    };
    await rounds(3);
    expect(app.dump().split("\n")).toEqual([
      'fiber 1 "sleepAndClean": parked (sleep)',
      `    at sleepAndClean (${place('|sleep(milliseconds);\n  print("woke up")')})`,
      'fiber 2 "joinRing": parked (join of fiber 3)',
      `    at joinRing (${place("|first!.join();\n}\n\nfunction sleeping")})`,
      'fiber 3 "first": parked (join of fiber 4)',
      `    at joinSecond (${place("|second!.join()")})`,
      `    started at ${place('|run(joinSecond, "first")')}`,
      'fiber 4 "second": parked (join of fiber 3)',
      `    at joinFirst (${place("|first!.join();\n}\n\n/** Joins two")})`,
      `    started at ${place('|run(joinFirst, "second")')}`,
      "these fibers wait for each other in a circle:",
      '╭─▶ fiber 3 "first"',
      "│      waits for the end of",
      '│   fiber 4 "second"',
      "│      waits for the end of",
      '╰── fiber 3 "first"',
    ]);
    // Reading stacks has changed nothing.
    expect(app.isIntact).toBe(true);
    await app.close();
    expect(app.dump()).toBe("no fibers");
  });

  test("a fiber that was dumped goes on as if nothing had been", async () => {
    const app = await loadLife();
    const measured = call(app, "measureSleep", 5);
    app.dump();
    await rounds(1);
    for (let i = 0; i < 10; i++) app.dump();
    expect(await measured).toBe(5_000_000n);
  });
});

describe("failures that nobody has looked at", () => {
  test("are reported once, when the last call has ended", async () => {
    const reported: FiberError[] = [];
    const app = await loadLife({ onUnobserved: (error) => reported.push(error as FiberError) });
    await call(app, "startFailing", 2, 5);
    const longer = call(app, "sleepFor", 10);
    expect(reported).toEqual([]);
    await longer;
    expect(reported.map(({ code, fiber, message }) => [code, fiber, message]).toSorted()).toEqual([
      ["E_EXAMPLE", "failing 0", "failed after 5.0"],
      ["E_EXAMPLE", "failing 1", "failed after 5.0"],
    ]);
    expect(reported[0]?.location).toMatchObject({ line: placeOf("host-life", "|fail(`failed after").line });
    await call(app, "sleepFor", 1);
    expect(reported).toHaveLength(2);
    expect(app.warnings.toSorted()).toEqual([
      "E_EXAMPLE: failed after 5.0 (fiber failing 0)",
      "E_EXAMPLE: failed after 5.0 (fiber failing 1)",
    ]);
  });

  test("are reported when their fibers are collected, while calls go on", async () => {
    const reported: FiberError[] = [];
    const app = await loadLife({ onUnobserved: (error) => reported.push(error as FiberError) });
    const pending = call(app, "sleepFor", Infinity).catch(codeOf);
    await call(app, "startFailing", 3, 0);
    await rounds(3);
    expect(reported).toEqual([]);
    app.collect();
    // The next turn reports.
    void call(app, "sleepFor", Infinity).catch(() => {});
    await rounds(2);
    expect(reported.map(({ fiber }) => fiber).toSorted()).toEqual(["failing 0", "failing 1", "failing 2"]);
    app.terminate();
    await pending;
  });

  test("a callback that throws is an uncaught exception, and fibers go on", async () => {
    const uncaught: unknown[] = [];
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => uncaught.push(error));
    try {
      const thrown = new Error("the callback's own");
      const app = await loadLife({
        onUnobserved() {
          throw thrown;
        },
      });
      await call(app, "startSleepers", 1, 50);
      await call(app, "startFailing", 2, 1);
      await call(app, "sleepFor", 10);
      await rounds(3);
      expect(uncaught).toEqual([thrown, thrown]);
      // Its timer was armed after that.
      expect(app.fibers()).toEqual([]);
    } finally {
      process.removeAllListeners("uncaughtException");
      for (const listener of listeners) process.on("uncaughtException", listener);
    }
  });

  test("are not reported when somebody looked", async () => {
    const app = await loadLife();
    expect(await call(app, "lookAtFailing")).toBe("E_EXAMPLE");
    expect(app.warnings).toEqual([]);
  });

  test("go to standard error when nobody else wants them", async () => {
    const written: string[] = [];
    const write = process.stderr.write.bind(process.stderr);
    process.stderr.write = ((text: string) => (written.push(text), true)) as typeof write;
    try {
      const app = await loadLife();
      await call(app, "startFailing", 1, 0);
      await call(app, "sleepFor", 1);
    } finally {
      process.stderr.write = write;
    }
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(
      /^as-fibers: nobody looked at this failure:\nFiberError \[E_EXAMPLE\]: failed after 0\.0\n {4}in fiber "failing 0" \(2\)\n {4}at failing \(host-life\.ts:\d+:\d+\)\n/,
    );
  });
});

describe("assertIdle", () => {
  test("fails the calls that nothing can end: E_DEADLOCK names every fiber", async () => {
    const app = await loadLife();
    const ring = call(app, "joinRing").catch((error: unknown) => error);
    await rounds(4);
    app.assertIdle();
    const error = (await ring) as Error;
    expect(error).toMatchObject({ code: "E_DEADLOCK" });
    expect(error.message).toMatch(
      /^nothing can wake these fibers any more:\nfiber 1 "joinRing": parked \(join of fiber 2\)\n.*\nfiber 2 "first": parked \(join of fiber 3\)\n.*\n.*\nfiber 3 "second": parked \(join of fiber 2\)\n/,
    );
    expect(app.pendingCalls).toBe(0);
    // The instance itself is well.
    expect(await call(app, "sleepFor", 1)).toBe(1);
  });

  test("sleeping for ever is a deadlock too", async () => {
    const app = await loadLife();
    const asleep = call(app, "sleepFor", Infinity).catch(codeOf);
    await rounds(2);
    app.assertIdle();
    expect(await asleep).toBe("E_DEADLOCK");
  });

  test("does nothing while something can happen, nor when nothing is pending", async () => {
    const app = await loadLife();
    app.assertIdle();
    const ring = call(app, "joinRing").catch(codeOf);
    app.assertIdle(); // has not started
    expect(app.pendingCalls).toBe(1);
    const ticking = call(app, "sleepFor", 100);
    await new Promise(setImmediate);
    app.assertIdle(); // a timer runs
    expect(app.pendingCalls).toBe(2);
    expect(await ticking).toBe(100);
    const spinning = call(app, "spinForever").catch(codeOf);
    await rounds(3);
    app.assertIdle(); // a fiber is ready
    expect(app.pendingCalls).toBe(2);
    app.terminate();
    expect(await Promise.all([ring, spinning])).toEqual(["E_INSTANCE_CLOSED", "E_INSTANCE_CLOSED"]);
  });
});

test("both sides of the border agree", async () => {
  const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
  for (const name of Object.values(GUEST_EXPORTS)) expect(exported).toContain(name);
  const instance = await WebAssembly.instantiate(module, {
    env: new Proxy({}, { get: () => () => 0 }),
    app: { isStopped: () => 0 },
    "as-fibers": new Proxy({}, { get: () => () => 0 }),
  });
  const { __fibers_record_size: recordSize } = instance.exports as { __fibers_record_size: () => number };
  expect(recordSize()).toBe(RECORD_SIZE);
});

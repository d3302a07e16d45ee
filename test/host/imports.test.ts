/** What a program imports: functions that the user gives, and AssemblyScript's standard library, bound to the driver. */
import { type App, FiberError, load, type LoadOptions, virtualDriver } from "as-fibers";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { guest } from "../setup/guests.ts";
import { placeOf } from "../setup/source.ts";

interface Given {
  note?: (value: number) => void;
  ask?: (value: number) => number;
}

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await WebAssembly.compile(guest("host-imports").binary as BufferSource);
});

function importsOf({ note = () => {}, ask = (value) => value }: Given = {}) {
  return {
    app: { note, ask },
    env: { add64: (a: bigint, b: bigint) => a + b },
    "host-imports": { own: (value: number) => value === 7 },
  };
}

function loadWith(given: Given = {}, options: LoadOptions = {}): Promise<App> {
  const { sourceMap } = guest("host-imports");
  return load(module, { driver: virtualDriver(), imports: importsOf(given), sourceMap, ...options });
}

afterEach(() => {
  vi.restoreAllMocks();
});

const call = (app: App, name: string, ...values: (number | bigint)[]) =>
  app.exports[name]?.(...values) ?? Promise.reject(new Error(name));

describe("given by the user", () => {
  test("of the module that the program names, of env, and of the one named after the file", async () => {
    const noted: number[] = [];
    const app = await loadWith({ note: (value) => noted.push(value), ask: (value) => value * 3 });
    expect(await call(app, "useAll")).toBe(`1.5 ${2n ** 40n + 2n} true`);
    expect(noted).toEqual([1]);
  });

  test("when some are missing: E_MISSING_IMPORT names all of them", async () => {
    const { app: _, ...others } = importsOf();
    await expect(load(module, { driver: virtualDriver(), imports: others })).rejects.toMatchObject({
      code: "E_MISSING_IMPORT",
      message: expect.stringMatching(/app\.note, app\.ask: give it by load\(source, \{ imports/) as string,
    });
  });

  test.each([undefined, null, 5, {}])("when one is %s instead of a function: E_MISSING_IMPORT", async (value) => {
    const imports = { ...importsOf(), "host-imports": { own: value } } as unknown as WebAssembly.Imports;
    await expect(load(module, { driver: virtualDriver(), imports })).rejects.toMatchObject({
      code: "E_MISSING_IMPORT",
      message: expect.stringContaining("host-imports.own") as string,
    });
  });
});

describe("an import that throws fails the fiber that called it, with the line of the call", () => {
  test.each([
    ["an Error", new TypeError("no answer"), "no answer"],
    ["a string", "no answer", "no answer"],
    ["nothing", undefined, "undefined"],
    ["null", null, "null"],
    ["a symbol", Symbol("no"), "Symbol(no)"],
    ["an object that has no text", Object.create(null) as unknown, "[object Object]"],
    ["an error of WebAssembly", new WebAssembly.RuntimeError("made by hand"), "made by hand"],
  ])("%s", async (_name, thrown, message) => {
    const noted: number[] = [];
    const app = await loadWith({
      note: (value) => noted.push(value),
      ask() {
        throw thrown;
      },
    });
    const other = call(app, "noteTwice", 5);
    const failing = call(app, "useAll").catch((error: unknown) => error);
    const error = (await failing) as FiberError;
    expect(error).toBeInstanceOf(FiberError);
    expect(error).toMatchObject({ code: "E_IMPORT_THREW", message: `an imported function threw: ${message}` });
    expect(error.fiber).toBe("useAll");
    expect(error.location).toEqual(placeOf("host-imports", "|ask(0.5)"));
    // Nothing else is lost.
    expect(await other).toBe(10);
    expect(noted).toEqual([5, 1, -5]);
    expect(await call(app, "noteOnce", 6)).toBe(6);
  });

  test("in a fiber that nobody waits for: it is reported", async () => {
    const unobserved: FiberError[] = [];
    const app = await loadWith(
      {
        ask() {
          throw new Error("no answer");
        },
      },
      { onUnobserved: (error) => unobserved.push(error as FiberError) },
    );
    await call(app, "askInFiber", 1);
    await call(app, "noteOnce", 1);
    expect(unobserved.map(({ code, fiber }) => [code, fiber])).toEqual([["E_IMPORT_THREW", "asker"]]);
    expect(app.fibers()).toEqual([]);
  });
});

describe("an export that an import calls during a turn", () => {
  test("starts after the turn, behind all that was ready, and has its own result", async () => {
    const noted: number[] = [];
    const results: Promise<unknown>[] = [];
    const app = await loadWith({
      note(value) {
        noted.push(value);
        // The guest is on the stack here: entering it would corrupt it.
        if (value === 1) results.push(call(app, "noteTwice", 10), call(app, "noteOnce", 20));
      },
    });
    results.push(call(app, "noteTwice", 1), call(app, "noteTwice", 2));
    expect(await Promise.all(results)).toEqual([2, 4]);
    expect(noted.slice(0, 4)).toEqual([1, 2, -1, -2]);
    expect(await Promise.all(results)).toEqual([2, 4, 20, 20]);
    expect(noted).toEqual([1, 2, -1, -2, 10, 20, -10]);
  });

  test("is checked at once: wrong arguments do not wait", async () => {
    const errors: unknown[] = [];
    const app = await loadWith({
      note() {
        void call(app, "noteOnce", 1n).catch((error: unknown) => errors.push(error));
      },
    });
    await call(app, "noteOnce", 1);
    expect(errors).toMatchObject([{ code: "E_INVALID_ARGUMENT" }]);
  });

  test("rejects when the import has ended the instance", async () => {
    const errors: unknown[] = [];
    const noted: number[] = [];
    const app = await loadWith({
      note(value) {
        noted.push(value);
        if (value !== 1) return;
        app.terminate();
        void call(app, "noteOnce", 3).catch((error: unknown) => errors.push(error));
      },
    });
    const pending = [call(app, "noteTwice", 1), call(app, "sleepFor", 1e9)].map((promise) =>
      promise.catch((error: unknown) => error),
    );
    expect(await Promise.all(pending)).toMatchObject([{ code: "E_INSTANCE_CLOSED" }, { code: "E_INSTANCE_CLOSED" }]);
    await new Promise(setImmediate);
    expect(errors).toMatchObject([{ code: "E_INSTANCE_CLOSED" }]);
    expect(noted).not.toContain(3);
  });
});

test("close, called by an import, waits for the end of the turn", async () => {
  const noted: number[] = [];
  let closing: Promise<void> | undefined;
  const app = await loadWith({
    note(value) {
      noted.push(value);
      if (value === 1) closing = app.close();
    },
  });
  const calls = [call(app, "noteOnce", 1), call(app, "noteOnce", 2), call(app, "sleepFor", 1e9)];
  expect(await Promise.allSettled(calls)).toMatchObject([
    { status: "fulfilled", value: 1 },
    { status: "fulfilled", value: 2 },
    { status: "rejected", reason: { code: "E_INSTANCE_CLOSED" } },
  ]);
  await closing;
  expect(noted).toEqual([1, 2]);
});

test("during a turn, fibers can be listed, and garbage cannot be collected", async () => {
  const listed: string[] = [];
  const app = await loadWith({
    note() {
      listed.push(app.dump());
      app.collect();
    },
  });
  const sleeping = call(app, "sleepFor", 10);
  await expect(call(app, "noteOnce", 1)).rejects.toMatchObject({ code: "E_IMPORT_THREW" });
  expect(listed).toEqual(['fiber 1 "sleepFor": parked (sleep)\n    10 ms left\nfiber 2 "noteOnce": running']);
  expect(await sleeping).toBe(10);
});

describe("AssemblyScript's standard library", () => {
  test("performance.now is the driver's clock", async () => {
    const app = await loadWith();
    expect(await call(app, "performanceNow")).toBe(0);
    await call(app, "sleepFor", 1500.25);
    expect(await call(app, "performanceNow")).toBe(1500.25);
  });

  test("Math.random is seeded by the driver", async () => {
    const randomWith = async (seed: number) => call(await loadWith({}, { driver: virtualDriver({ seed }) }), "random");
    const values = await Promise.all([1, 2, 3].map(randomWith));
    for (const value of values) expect(Number(value) >= 0 && Number(value) < 1).toBe(true);
    expect(new Set(values).size).toBe(3);
    expect(await randomWith(2)).toBe(values[1]);
  });

  test("Date.now is a time of this century", async () => {
    const app = await loadWith();
    const before = Date.now();
    const now = Number(await call(app, "dateNow"));
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  test("console and trace write to the console, print to the driver", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const driver = virtualDriver();
    const app = await loadWith({}, { driver });
    await call(app, "logAll");
    expect(log.mock.calls).toEqual([["to log"], ["to info"]]);
    expect(error.mock.calls).toEqual([["to warn"], ["to error"], ["trace: to trace 1.5 2.5"]]);
    expect(driver.output).toBe("to print\n");
  });

  test("the user's own functions of env take precedence", async () => {
    const imports = importsOf();
    const app = await loadWith({}, { imports: { ...imports, env: { ...imports.env, "Date.now": () => 12 } } });
    expect(await call(app, "dateNow")).toBe(12);
  });
});

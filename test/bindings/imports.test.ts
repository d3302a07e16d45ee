/** Imports that JavaScript serves with a promise or with a value: with bindings, and by `load` for plain types. */
import { getEventListeners } from "node:events";
import { readFileSync } from "node:fs";
import { type App, currentSignal, FiberError, FibersError, load, virtualDriver } from "as-fibers";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runNode } from "../setup/command.ts";
import { type AnyFunction, buildGuest, type BuiltModule, type BuiltProgram } from "./built.ts";

type Imports = Record<string, Record<string, unknown>>;
type AnyApp = App<Record<string, AnyFunction>>;

let program: BuiltProgram;
let built: BuiltModule;
beforeAll(async () => {
  program = await buildGuest("imports");
  built = await program.open();
});

let noted: string[];
beforeEach(() => {
  noted = [];
});

/** Everything that the program imports, with what a test gives in place of some of it. */
function importsOf(app: Record<string, unknown> = {}): Imports {
  return {
    app: {
      fetchText: async (url: string) => `text of ${url}`,
      add: (a: number, b: bigint, c: number, d: boolean) => a + Number(b) + c + (d ? 0.25 : 0),
      addOrError: async () => Promise.reject(new Error("no sum")),
      big: async (value: bigint) => value * 2n,
      pause: () => undefined,
      delay: async (_milliseconds: number, request: string) => request,
      note: (text: string) => noted.push(text),
      ...app,
    },
    "more-imports": { callOther: async (value: string) => `other ${value}` },
  };
}

const reject = (error: unknown) => ({ fetchText: () => Promise.reject(error) });
const never = () => new Promise<never>(() => {});

const loaders: [string, (imports: Imports) => Promise<AnyApp>][] = [
  [
    "with bindings",
    (imports) => built.instantiate({ imports: imports as WebAssembly.Imports, driver: virtualDriver() }),
  ],
  [
    "by load",
    async (imports) => {
      const options = { imports: withStrings(imports) as WebAssembly.Imports, driver: virtualDriver() };
      const sourceMap = readFileSync(`${program.base}.wasm.map`, "utf8");
      return (await load(readFileSync(`${program.base}.wasm`), { ...options, sourceMap })) as unknown as AnyApp;
    },
  ],
];

/** `load` gives other imports what WebAssembly has: an address for a string. */
function withStrings(imports: Imports): Imports {
  return { ...imports, app: { ...imports["app"], note: () => {} } };
}

const call = (app: AnyApp, name: string, ...values: unknown[]) => (app.exports[name] as AnyFunction)(...values);
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as FiberError,
  );

describe.each(loaders)("%s", (_name, open) => {
  test("the fiber waits for a promise, and takes a value as it is", async () => {
    const app = await open(importsOf());
    expect(await call(app, "title", "a")).toBe("<text of a>");
    expect(await call(app, "sum", 1)).toBe(6.75);
    expect(await call(app, "doubled", 2n ** 63n - 1n)).toBe(2n ** 64n - 2n);
    expect(await call(app, "other", "x")).toBe("other x");
    expect(await call(app, "pausing", "x")).toBeUndefined();
    expect(await call(app, "title", "b")).toBe("<text of b>");
    await app.close();
  });

  test("a thenable is waited for, and answers once", async () => {
    const gives: ((text: string) => void)[] = [];
    // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
    const thenable = { then: (give: (text: string) => void) => gives.push(give) };
    const app = await open(importsOf({ fetchText: (url: string) => (url === "a" ? thenable : `text of ${url}`) }));
    const first = call(app, "title", "a");
    while (!gives.length) await new Promise(setImmediate);
    gives[0]?.("later");
    expect(await first).toBe("<later>");
    const second = call(app, "title", "b");
    gives[0]?.("again");
    expect(await second).toBe("<text of b>");
    await app.close();
  });

  const thrown: [string, unknown, string, string][] = [
    ["an Error", new TypeError("no answer"), "E_IMPORT_REJECTED", "TypeError: no answer"],
    ["one with a code", Object.assign(new Error("gone"), { code: "ENOENT" }), "ENOENT", "Error: gone"],
    ["a text", "no answer", "E_IMPORT_REJECTED", "no answer"],
    ["null", null, "E_IMPORT_REJECTED", "null"],
  ];
  test.each(thrown)("a rejection with %s fails the fiber, with the line of the call", async (_, error, code, text) => {
    const app = await open(importsOf(reject(error)));
    const failure = await failureOf(call(app, "title", "a"));
    expect(failure).toBeInstanceOf(FiberError);
    expect(failure).toMatchObject({ code, message: `the import app.fetchText rejected: ${text}`, fiber: "title" });
    expect(failure?.cause).toBe(error);
    expect(failure?.location).toMatchObject({ file: "imports.ts", line: 33 });
    expect(await call(app, "sum", 1)).toBe(6.75);
    await app.close();
  });

  test("a function that throws rejects", async () => {
    const error = new RangeError("at once");
    const fetchText = () => {
      throw error;
    };
    const app = await open(importsOf({ fetchText }));
    const failure = await failureOf(call(app, "title", "a"));
    expect(failure).toMatchObject({ code: "E_IMPORT_REJECTED", cause: error });
    await app.close();
  });

  test("whoever joins the fiber gets the same code, and the error at the end of the causes", async () => {
    const error = new Error("no answer");
    const app = await open(importsOf(reject(error)));
    const failure = await failureOf(call(app, "joining", "a"));
    expect(failure).toMatchObject({ code: "E_IMPORT_REJECTED", fiber: "joining" });
    expect(failure?.cause).toMatchObject({ code: "E_IMPORT_REJECTED", fiber: "fetcher" });
    expect(failure).toHaveProperty("cause.cause", error);
    await app.close();
  });

  test("the form that ends in OrError leaves the code", async () => {
    const app = await open(importsOf(reject(Object.assign(new Error("gone"), { code: "ENOENT" }))));
    expect(await call(app, "titleOrError", "a")).toBe("null ENOENT");
    expect(await call(app, "sumOrError", 1)).toBe("0.0 E_IMPORT_REJECTED");
    await app.close();
    const better = await open(importsOf());
    expect(await call(better, "titleOrError", "a")).toBe("text of a ");
    await better.close();
  });

  test.each([5, null, undefined, {}, ["a"]])("a result of a wrong type, %j: E_IMPORT_RESULT", async (value) => {
    const app = await open(importsOf({ fetchText: async () => value }));
    const failure = await failureOf(call(app, "title", "a"));
    expect(failure).toMatchObject({
      code: "E_IMPORT_RESULT",
      message: expect.stringMatching(/^the import app.fetchText: its result is of type string, and got/) as string,
    });
    expect(await call(app, "sum", 1)).toBe(6.75);
    await app.close();
  });

  test("a promise that never settles: close rejects the call, and aborts the signal", async () => {
    const signals: AbortSignal[] = [];
    const fetchText = () => {
      signals.push(currentSignal());
      return never();
    };
    const app = await open(importsOf({ fetchText }));
    const pending = failureOf(call(app, "title", "a"));
    await new Promise(setImmediate);
    app.assertIdle();
    expect(app.dump()).toContain('"title": parked (import)');
    await app.close();
    expect(await pending).toMatchObject({ code: "E_INSTANCE_CLOSED" });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(await failureOf(call(app, "title", "a"))).toMatchObject({ code: "E_INSTANCE_CLOSED" });
  });

  test("what is answered after the instance has ended goes nowhere", async () => {
    const signals: AbortSignal[] = [];
    let answer = (_text: string) => {};
    const fetchText = () => {
      signals.push(currentSignal());
      return new Promise<string>((resolve) => (answer = resolve));
    };
    const app = await open(importsOf({ fetchText }));
    const pending = failureOf(call(app, "title", "a"));
    while (!signals.length) await new Promise(setImmediate);
    app.terminate();
    answer("too late");
    expect(await pending).toMatchObject({ code: "E_INSTANCE_CLOSED" });
    expect(signals[0]?.aborted).toBe(true);
    expect(app.pendingCalls).toBe(0);
    expect(await failureOf(call(app, "title", "b"))).toMatchObject({ code: "E_INSTANCE_CLOSED" });
    expect(signals).toHaveLength(1);
  });

  test("one that is missing: E_MISSING_IMPORT", async () => {
    const error = await failureOf(open(importsOf({ fetchText: undefined, add: 5 })));
    expect(error).toBeInstanceOf(FibersError);
    expect(error).toMatchObject({ code: "E_MISSING_IMPORT" });
    expect(error?.message).toMatch(/imports (app\.fetchText, app\.add|app\.add, app\.fetchText): give it by load/);
  });
});

const openBuilt = (app: Record<string, unknown> = {}) => (loaders[0] as (typeof loaders)[0])[1](importsOf(app));

describe("while a fiber waits", () => {
  test("others run, and answers are taken in the order in which they come", async () => {
    const gates: (() => void)[] = [];
    const app = await openBuilt({ pause: () => new Promise<void>((resolve) => gates.push(resolve)) });
    const calls = ["one", "two", "three"].map((name) => call(app, "pausing", name));
    await call(app, "ticking", 2);
    expect(noted).toEqual(["one begins", "two begins", "three begins", "tick 0", "tick 1"]);
    for (const index of [2, 0, 1]) gates[index]?.();
    await Promise.all(calls);
    expect(noted.slice(5)).toEqual(["three ends", "one ends", "two ends"]);
    await app.close();
  });

  test("garbage is collected, and the answer is not", async () => {
    const app = await openBuilt({ fetchText: async (url: string) => url.repeat(100) });
    const results = await Promise.all(Array.from({ length: 50 }, (_, i) => call(app, "collecting", `${i},`)));
    expect(results).toEqual(Array.from({ length: 50 }, (_, i) => `${`${i},`.repeat(100).slice(0, 20)}1999`));
    await app.close();
  });
});

describe("signals", () => {
  function waiting() {
    const signals: AbortSignal[] = [];
    const answers: ((text: string) => void)[] = [];
    const fetchText = () => {
      signals.push(currentSignal());
      expect(currentSignal()).toBe(signals.at(-1));
      return new Promise<string>((resolve) => answers.push(resolve));
    };
    return { signals, answers, fetchText };
  }

  test("cancelling the fiber aborts its signal; what is answered later goes nowhere", async () => {
    const { signals, answers, fetchText } = waiting();
    const app = await openBuilt({ fetchText });
    expect(await call(app, "cancelling", "a")).toBe("E_CANCELLED: enough");
    expect(signals[0]?.aborted).toBe(true);
    expect(signals[0]?.reason).toMatchObject({
      code: "E_CANCELLED",
      message: expect.stringContaining("app.fetchText") as string,
    });
    answers[0]?.("late");
    await new Promise(setImmediate);
    expect(await call(app, "plain", 1)).toBe(2);
    expect(app.fibers()).toEqual([]);
    await app.close();
  });

  test("cancelled before it is answered, or after that: the next call gets its own answer", async () => {
    const { answers, fetchText } = waiting();
    const app = await openBuilt({ fetchText });
    for (const isAnswered of [false, true]) {
      const controller = new AbortController();
      const first = failureOf(call(app, "title", "a", { signal: controller.signal }));
      while (answers.length < 1) await new Promise(setImmediate);
      if (isAnswered) answers[0]?.("first");
      // The answer has come, and is not delivered.
      await new Promise(process.nextTick);
      controller.abort(new Error("enough"));
      expect(await first).toMatchObject({ code: "E_CANCELLED", message: "enough" });
      const second = call(app, "title", "b");
      while (answers.length < 2) await new Promise(setImmediate);
      answers[0]?.("late");
      answers[1]?.("second");
      expect(await second).toBe("<second>");
      answers.length = 0;
    }
    // Calls that have ended are not counted twice: this one still may be answered.
    const last = call(app, "title", "c");
    while (!answers.length) await new Promise(setImmediate);
    app.assertIdle();
    answers[0]?.("last");
    expect(await last).toBe("<last>");
    await app.close();
  });

  test("a call with { signal } is cancelled by it: its cleanups run, then the promise rejects", async () => {
    const { signals, fetchText } = waiting();
    const app = await openBuilt({ fetchText });
    const controller = new AbortController();
    const reason = new Error("not needed any more");
    const pending = failureOf(call(app, "cleaning", "a", { signal: controller.signal }));
    await call(app, "plain", 1);
    controller.abort(reason);
    const failure = await pending;
    expect(failure).toMatchObject({ code: "E_CANCELLED", message: "not needed any more", cause: reason });
    expect(noted).toEqual(["cleaned a"]);
    expect(signals[0]?.aborted).toBe(true);
    await app.close();
  });

  test("one that is aborted already refuses the call; one that is aborted later does nothing, and holds nothing", async () => {
    const app = await openBuilt();
    const aborted = await failureOf(call(app, "title", "a", { signal: AbortSignal.abort(new Error("before")) }));
    expect(aborted).toMatchObject({ code: "E_CANCELLED", message: "before" });
    const controller = new AbortController();
    expect(await call(app, "title", "a", { signal: controller.signal })).toBe("<text of a>");
    expect(await call(app, "title", "a", { signal: undefined })).toBe("<text of a>");
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    controller.abort();
    expect(await call(app, "title", "b")).toBe("<text of b>");
    await app.close();
  });

  test("aborted between the call and its turn, and inside of a turn", async () => {
    const controller = new AbortController();
    const app = await openBuilt({ pause: () => controller.abort("from inside") });
    const waitingCall = failureOf(call(app, "cleaning", "a", { signal: controller.signal }));
    const own = failureOf(call(app, "pausing", "x", { signal: controller.signal }));
    const failures = await Promise.all([waitingCall, own]);
    expect(failures).toMatchObject([{ code: "E_CANCELLED", message: "from inside" }, { code: "E_CANCELLED" }]);
    const second = new AbortController();
    const ready = failureOf(call(app, "plain", 1, { signal: second.signal }));
    second.abort();
    expect(await ready).toMatchObject({ code: "E_CANCELLED" });
    await app.close();
  });

  test("outside of an import: E_NOT_IN_IMPORT", async () => {
    expect(() => currentSignal()).toThrow(expect.objectContaining({ code: "E_NOT_IN_IMPORT" }));
    const app = await openBuilt({
      fetchText: async () => {
        await undefined;
        return String(currentSignal());
      },
    });
    expect(await failureOf(call(app, "title", "a"))).toMatchObject({ code: "E_NOT_IN_IMPORT" });
    await app.close();
  });
});

describe("re-entrancy", () => {
  test("an import that calls exports of the same instance, and waits for them", async () => {
    const order: string[] = [];
    const app: AnyApp = await openBuilt({
      fetchText: async (url: string) => {
        order.push(url);
        if (url.length >= 4) return "end";
        const [inner, other] = await Promise.all([call(app, "title", `${url}+`), call(app, "plain", 1)]);
        return `${String(inner)}${String(other)}`;
      },
    });
    expect(await call(app, "title", "a")).toBe("<<<<end>2>2>2>");
    expect(order).toEqual(["a", "a+", "a++", "a+++"]);
    await app.close();
  });

  test("exports that are called when others end", async () => {
    const app = await openBuilt();
    const chain = Array.from({ length: 20 }, async (_, i) => {
      const first = await call(app, "title", `${i}`);
      return call(app, "plain", String(first).length);
    });
    expect(await Promise.all(chain)).toEqual(Array.from({ length: 20 }, (_, i) => `<text of ${i}>`.length + 1));
    await app.close();
  });

  test("an import that closes the instance", async () => {
    const app: AnyApp = await openBuilt({ fetchText: async () => (await app.close(), "closed") });
    expect(await failureOf(call(app, "title", "a"))).toMatchObject({ code: "E_INSTANCE_CLOSED" });
  });
});

test("10,000 calls at once that await three promises each: all right, the memory is as before, and the process ends", async () => {
  const script = `
    const { instantiate } = await import(process.argv[1]);
    const unused = () => 0;
    const app = await instantiate({
      imports: {
        app: { add: async (a, b) => a + Number(b), fetchText: unused, addOrError: unused, big: unused, pause: unused, delay: unused, note: unused },
        "more-imports": { callOther: unused },
      },
    });
    const countRight = async (count) => {
      const results = await Promise.all(Array.from({ length: count }, (_, i) => app.exports.thrice(i)));
      return results.filter((result, i) => result === i + 3).length;
    };
    const memory = () => {
      app.collect();
      gc();
      return { guest: app.liveBytes, heap: process.memoryUsage().heapUsed };
    };
    await countRight(1); // what is made once
    const before = memory();
    const right = await countRight(10_000);
    const after = memory();
    console.log(JSON.stringify({
      right,
      guest: after.guest - before.guest,
      heap: after.heap - before.heap,
      pending: app.pendingCalls,
      fibers: app.fibers(),
    }));`;
  const words = ["--expose-gc", "--input-type=module", "--eval", script, `${program.base}.js`];
  const { code, stdout, stderr } = await runNode(words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { heap, ...found } = JSON.parse(stdout) as { heap: number };
  expect(found).toEqual({ right: 10_000, guest: 0, pending: 0, fibers: [] });
  expect(Math.abs(heap)).toBeLessThan(1e6);
});

test("twelve instances: each has its five answers in the time of its slowest request", async () => {
  const world = new DelayWorld(60);
  const instances = await Promise.all(Array.from({ length: 12 }, () => openBuilt({ delay: world.delay })));
  const delays = (i: number) => [50 - i, 10, 40, 20, 30];
  const calls = instances.map(async (app, i) => {
    const answers = await call(app, "sendAll", delays(i), `instance ${i}`);
    return { answers, endedAt: world.now };
  });
  expect(await Promise.all(calls)).toEqual(
    instances.map((_, i) => ({
      answers: delays(i).map((milliseconds) => `instance ${i}: after ${milliseconds}`),
      endedAt: Math.max(...delays(i)),
    })),
  );
  await Promise.all(instances.map((app) => app.close()));
});

/** A world of delays. Its clock goes on when as many requests as are expected have come, one deadline after the other. */
class DelayWorld {
  now = 0;
  readonly #expected: number;
  readonly #waiting: { at: number; answer: () => void }[] = [];

  constructor(expected: number) {
    this.#expected = expected;
  }

  readonly delay = (milliseconds: number, request: string): Promise<string> => {
    const answered = new Promise<string>((resolve) => {
      this.#waiting.push({ at: this.now + milliseconds, answer: () => resolve(request) });
    });
    if (this.#waiting.length === this.#expected) void this.#run();
    return answered;
  };

  async #run(): Promise<void> {
    for (const { at, answer } of this.#waiting.toSorted((a, b) => a.at - b.at)) {
      if (at > this.now) await settled();
      this.now = at;
      answer();
    }
  }
}

/** Until all that can go on has gone on: each step of an instance takes one turn of the event loop. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise(setImmediate);
}

test("failures that nobody looked at are reported with their cause", async () => {
  const error = new Error("nobody looks");
  const reported: FiberError[] = [];
  const app = await built.instantiate({
    imports: importsOf(reject(error)) as WebAssembly.Imports,
    onUnobserved: (failure) => reported.push(failure as FiberError),
  });
  await call(app, "unseen", "a");
  expect(reported).toMatchObject([{ code: "E_IMPORT_REJECTED", fiber: "unseen", cause: error }]);
  await app.close();
});

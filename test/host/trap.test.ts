/** Traps: which of them fail a fiber, and which kill the instance. */
import { type App, FibersError, load, virtualDriver } from "as-fibers";
import { describe, expect, test } from "vitest";
import type { SectionContent } from "../../host/section.ts";
import { AbortError, ImportError, judgeTrap } from "../../host/trap.ts";
import { guest } from "../setup/guests.ts";

const call = (app: App, name: string, ...values: (number | string)[]) =>
  app.exports[name]?.(...values) ?? Promise.reject(new Error(name));

async function rounds(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

describe("judgeTrap", () => {
  const USER = 40;
  const SCHEDULER = 7;
  const ALLOCATOR = 5;
  const section = {
    runtimeFunctions: [ALLOCATOR, SCHEDULER],
    allocatorFunctions: [ALLOCATOR],
    stackEnd: 0,
    stackSize: 1024,
  } as unknown as SectionContent;

  function withStack<E extends Error>(error: E, ...frames: (number | string)[]): E {
    const lines = frames.map((frame) =>
      typeof frame === "string" ? `    at ${frame}` : `    at wasm://wasm/0003ba9a:wasm-function[${frame}]:0x2c52`,
    );
    error.stack = [`${error.name}: ${error.message}`, ...lines].join("\n");
    return error;
  }

  const judge = (error: unknown) => {
    const { isIsolated, code } = judgeTrap(error, section, undefined);
    return `${code} ${isIsolated ? "isolated" : "dead"}`;
  };
  const trap = (message: string, ...frames: (number | string)[]) =>
    judge(withStack(new WebAssembly.RuntimeError(message), ...frames));
  const exhaustion = (...frames: (number | string)[]) =>
    judge(withStack(new RangeError("Maximum call stack size exceeded"), ...frames));
  const abort = (text: string, file: string) =>
    judge(withStack(new AbortError(text, { file, line: 1, column: 1 }), "abort (file:///index.js:1:1)", USER));

  test("a trap in the program is the fiber's", () => {
    expect(trap("divide by zero", USER, SCHEDULER)).toBe("E_TRAP isolated");
    expect(trap("unreachable", USER)).toBe("E_TRAP isolated");
    expect(exhaustion(USER, USER, SCHEDULER)).toBe("E_STACK_EXHAUSTED isolated");
  });

  test("one in allocator, collector or scheduler leaves something half done", () => {
    expect(trap("memory access out of bounds", ALLOCATOR, USER)).toBe("E_TRAP dead");
    expect(trap("memory access out of bounds", SCHEDULER)).toBe("E_TRAP dead");
    expect(trap("unreachable", SCHEDULER, USER)).toBe("E_TRAP dead");
    expect(exhaustion(ALLOCATOR, USER, USER)).toBe("E_STACK_EXHAUSTED dead");
  });

  test("the allocator's `unreachable` is exhausted memory, before which it has changed nothing", () => {
    expect(trap("unreachable", ALLOCATOR, USER)).toBe("E_OUT_OF_MEMORY isolated");
    expect(trap("unreachable", ALLOCATOR, SCHEDULER, USER)).toBe("E_OUT_OF_MEMORY isolated");
  });

  test("a stack that cannot be read, or does not begin in the module, proves nothing", () => {
    expect(trap("divide by zero")).toBe("E_TRAP dead");
    expect(trap("divide by zero", "f (file:///index.js:1:1)")).toBe("E_TRAP dead");
    expect(exhaustion("f (file:///index.js:1:1)", USER)).toBe("E_STACK_EXHAUSTED dead");
    const unreadable = new WebAssembly.RuntimeError("divide by zero");
    unreadable.stack = [] as unknown as string;
    expect(judge(unreadable)).toBe("E_TRAP dead");
  });

  test("an abort of the program is the fiber's, one of the runtime is not", () => {
    expect(abort("went wrong", "assembly/index.ts")).toBe("E_ABORTED isolated");
    expect(abort("Index out of range", "~lib/array.ts")).toBe("E_ABORTED isolated");
    expect(abort("", "~lib/rt/itcms.ts")).toBe("E_ABORTED dead");
    expect(abort("a state that cannot be", "~lib/as-fibers/assembly/scheduler.ts")).toBe("E_ABORTED dead");
  });

  test("a code before the message is taken", () => {
    expect(abort("E_MINE: with a code", "assembly/index.ts")).toBe("E_MINE isolated");
    expect(abort("E_NOT_IN_FIBER: …", "~lib/as-fibers/assembly/context.ts")).toBe("E_NOT_IN_FIBER isolated");
    expect(abort("allocation too large", "~lib/rt/itcms.ts")).toBe("E_OUT_OF_MEMORY isolated");
  });

  test("whatever an import threw is the fiber's, a trap of another module included", () => {
    const thrown = withStack(new WebAssembly.RuntimeError("unreachable"), ALLOCATOR);
    expect(judge(withStack(new ImportError(thrown), "guard (file:///index.js:1:1)", USER))).toBe(
      "E_IMPORT_THREW isolated",
    );
    expect(judge(undefined)).toBe("E_IMPORT_THREW isolated");
    expect(judge(new TypeError("x"))).toBe("E_IMPORT_THREW isolated");
  });
});

describe("an instance that died", () => {
  test.each([
    ["corruptHeap", [], "E_TRAP: memory access out of bounds"],
    ["recurseAllocating", [1e6], "E_STACK_EXHAUSTED: the engine's stack is exhausted"],
  ] as [string, number[], string][])("%s", async (name, values, reason) => {
    const driver = virtualDriver();
    const app = await load(guest("host-failures").binary, { driver });
    const bystander = call(app, "stand", 1e6).catch((error: unknown) => error);
    const sleeping = call(app, "sleepFor", Infinity).catch((error: unknown) => error);
    await rounds(3);
    const killing = call(app, name, ...values).catch((error: unknown) => error);
    const behind = call(app, "sleepFor", 1).catch((error: unknown) => error);
    for (const promise of [killing, bystander, sleeping, behind]) {
      const error = (await promise) as FibersError;
      expect(error).toBeInstanceOf(FibersError);
      expect(error.code).toBe("E_INSTANCE_DEAD");
      expect(error.message).toContain(reason);
      expect(error.cause).toBeInstanceOf(Error);
    }
    await expect(call(app, "sleepFor", 1)).rejects.toMatchObject({ code: "E_INSTANCE_DEAD" });
    // Nothing of it runs again.
    const { switches } = app;
    const time = driver.now();
    await rounds(5);
    expect(app.switches).toBe(switches);
    expect(driver.now()).toBe(time);
    expect(app.pendingCalls).toBe(0);
    expect(app.fibers()).toEqual([]);
    expect(app.dump()).toBe("no fibers");
    expect(() => app.collect()).toThrow(expect.objectContaining({ code: "E_INSTANCE_DEAD" }) as Error);
    app.assertIdle();
    app.terminate();
    await app.close();
  });

  test("calls that imports made in that turn are refused too", async () => {
    const refused: unknown[] = [];
    const app: App = await load(guest("host-imports").binary, {
      driver: virtualDriver(),
      imports: {
        app: {
          note: () => void call(app, "noteOnce", 2).catch((error: unknown) => refused.push(error)),
          ask: (value: number) => value,
        },
        env: { add64: (a: bigint) => a },
        "host-imports": { own: () => true },
      },
    });
    const limit = Error.stackTraceLimit;
    try {
      // Without a stack, nobody knows where it trapped.
      Error.stackTraceLimit = 0;
      await expect(call(app, "trapAfterNote", 1)).rejects.toMatchObject({ code: "E_INSTANCE_DEAD" });
    } finally {
      Error.stackTraceLimit = limit;
    }
    await rounds(1);
    expect(refused).toMatchObject([{ code: "E_INSTANCE_DEAD" }]);
  });

  test("a stack trace that somebody else has formatted can be read; one that is no text cannot", async () => {
    const { prepareStackTrace } = Error;
    const codeOf = async () => {
      const app = await load(guest("host-failures").binary, { driver: virtualDriver() });
      return call(app, "divide", 1, 0).catch((error: FibersError) => error.code);
    };
    try {
      Error.prepareStackTrace = (error, sites) => [String(error), ...sites.map((site) => `   at ${site}`)].join("\n");
      expect(await codeOf()).toBe("E_TRAP");
      Error.prepareStackTrace = (_error, sites) => sites;
      expect(await codeOf()).toBe("E_INSTANCE_DEAD");
    } finally {
      Error.prepareStackTrace = prepareStackTrace as NonNullable<typeof prepareStackTrace>;
    }
  });

  test("another instance of the same module is well", async () => {
    const { binary } = guest("host-failures");
    const [dying, other] = await Promise.all([1, 2].map(() => load(binary, { driver: virtualDriver() })));
    if (!dying || !other) throw new Error("not loaded");
    const standing = call(other, "stand", 8);
    await expect(call(dying, "corruptHeap")).rejects.toMatchObject({ code: "E_INSTANCE_DEAD" });
    expect(await standing).toBe("8 9 10 11 12 13 14 15 ");
  });
});

describe("a fiber whose frames do not fit on the stack any more", () => {
  const descend = (depth: number, then: () => void): void => (depth > 0 ? descend(depth - 1, then) : then());

  /** A driver whose turns are taken that deep in JavaScript. */
  function deepDriver() {
    const driver = virtualDriver();
    const state = { depth: 0 };
    const open = driver.open.bind(driver);
    driver.open = (sink) =>
      open({
        complete: (operation, outcome, detail) => sink.complete(operation, outcome, detail),
        turn: () => descend(state.depth, () => sink.turn()),
      });
    return { driver, state };
  }

  test("when it is resumed: it fails, and the others go on", async () => {
    const { driver, state } = deepDriver();
    const app = await load(guest("host-failures").binary, { driver, stackLimit: 2 ** 20 });
    const deep = call(app, "suspendAt", 9000).catch((error: unknown) => error);
    const shallow = call(app, "suspendAt", 10);
    const bystander = call(app, "stand", 8);
    await new Promise(setImmediate);
    state.depth = 5000;
    expect(await deep).toMatchObject({ code: "E_STACK_EXHAUSTED", fiber: "suspendAt" });
    expect(await shallow).toBe(55n);
    expect(await bystander).toBe("8 9 10 11 12 13 14 15 ");
    state.depth = 0;
    expect(await call(app, "suspendAt", 9000)).toBe(40_504_500n);
    expect(app.isIntact).toBe(true);
  });

  test("when its stack is read: it is listed without a place, and goes on", async () => {
    const app = await load(guest("host-failures").binary, { driver: virtualDriver(), stackLimit: 2 ** 20 });
    const deep = call(app, "suspendAt", 9000);
    await new Promise(setImmediate);
    let dump = "";
    descend(5000, () => (dump = app.dump()));
    expect(dump).toMatch(/^fiber 1 "suspendAt": parked \(sleep\)\n {4}\d+ ms left$/);
    expect(await deep).toBe(40_504_500n);
    expect(app.isIntact).toBe(true);
  });
});

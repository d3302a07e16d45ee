/** What a program does wrong, and what becomes of it: a stable code, the fiber's name, file and line, and nothing else lost. */
import { type App, FiberError, load, type LoadOptions, virtualDriver } from "as-fibers";
import { describe, expect, test } from "vitest";
import { describeLocation } from "../../host/errors.ts";
import { type Guest, guest } from "../setup/guests.ts";
import { placeOf } from "../setup/source.ts";

type Build = Parameters<typeof guest>[1];

/** An app with a bystander: a call that yields and sleeps while others fail. */
async function loadWithBystander(
  build: Build,
  options: LoadOptions = {},
): Promise<{ app: App; bystander: Promise<unknown> }> {
  const { binary, sourceMap }: Guest = guest("host-failures", build);
  const app = await load(binary, { driver: virtualDriver(), sourceMap, ...options });
  return { app, bystander: call(app, "stand", 8) };
}

const BYSTANDER_RESULT = "8 9 10 11 12 13 14 15 ";

const call = (app: App, name: string, ...values: (number | string)[]) =>
  app.exports[name]?.(...values) ?? Promise.reject(new Error(name));

async function failureOf(promise: Promise<unknown>): Promise<FiberError> {
  const error = await promise.then(
    (value) => `it returned ${String(value)}`,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FiberError);
  return error as FiberError;
}

interface Case {
  name: string;
  values?: (number | string)[];
  code: string;
  message: string | RegExp;
  /** Text of the line; null when a release build cannot tell. */
  at: string;
  /** Only the debug build has a line: what failed is inlined from the library, and nothing else is left of the function. */
  isOnlyLibrary?: true;
}

const cases: Case[] = [
  {
    name: "sleepFor",
    values: [-1],
    code: "E_INVALID_DURATION",
    message: "cannot sleep for -1.0 milliseconds: it takes 0 or more",
    at: "|sleep(milliseconds)",
  },
  {
    name: "sleepFor",
    values: [NaN],
    code: "E_INVALID_DURATION",
    message: "cannot sleep for NaN milliseconds: it takes 0 or more",
    at: "|sleep(milliseconds)",
  },
  {
    name: "sleepFor",
    values: [-Infinity],
    code: "E_INVALID_DURATION",
    message: /-Infinity/,
    at: "|sleep(milliseconds)",
  },
  {
    name: "joinSelf",
    code: "E_JOIN_SELF",
    message: /cannot join itself/,
    at: "|Fiber.current().join()",
    isOnlyLibrary: true,
  },
  { name: "tryJoinSelf", code: "E_JOIN_SELF", message: /cannot join itself/, at: "return |Fiber.current().tryJoin()" },
  { name: "failWith", values: ["no luck", "E_LUCK"], code: "E_LUCK", message: "no luck", at: "|fail(message, code)" },
  { name: "failWith", values: ["", ""], code: "", message: "", at: "|fail(message, code)" },
  {
    name: "throwError",
    values: ["went wrong"],
    code: "E_ABORTED",
    message: "went wrong",
    at: "|throw new Error(message)",
  },
  {
    name: "throwError",
    values: ["E_MINE: with a code"],
    code: "E_MINE",
    message: "with a code",
    at: "|throw new Error(message)",
  },
  {
    name: "throwError",
    values: ["E_lower: is no code"],
    code: "E_ABORTED",
    message: "E_lower: is no code",
    at: "|throw new Error(message)",
  },
  {
    name: "assertPositive",
    values: [0],
    code: "E_ABORTED",
    message: "the value is positive",
    at: '|assert(value > 0, "',
  },
  { name: "assertSilently", values: [0], code: "E_ABORTED", message: /aborted/, at: "|assert(value > 0);" },
  { name: "divide", values: [1, 0], code: "E_TRAP", message: "divide by zero", at: "return |a / b" },
  {
    name: "divide",
    values: [-(2 ** 31), -1],
    code: "E_TRAP",
    message: "divide result unrepresentable",
    at: "return |a / b",
  },
  { name: "trap", code: "E_TRAP", message: "unreachable", at: "|unreachable()" },
  {
    name: "loadFrom",
    values: [2 ** 32 - 8],
    code: "E_TRAP",
    message: "memory access out of bounds",
    at: "return |load<i32>(address)",
  },
  { name: "at", values: [3], code: "E_ABORTED", message: "Index out of range", at: "return |values[index + cleaned]" },
  { name: "nextOfChain", code: "E_ABORTED", message: /null/, at: "return |chain.next!.value" },
  { name: "readTask", code: "E_NO_VALUE", message: /has not ended/, at: 'return |spawn(square, 3, "squaring").value' },
  {
    name: "repeat",
    values: ["ab", 2 ** 29],
    code: "E_ABORTED",
    message: "Invalid length",
    at: "return |text.repeat(times)",
  },
  {
    name: "recurse",
    values: [1e6],
    code: "E_STACK_EXHAUSTED",
    message: /engine's stack is exhausted: recurse less deep, or raise node's --stack-size/,
    at: "|return depth == 0 ? 0 : recurse(depth - 1)",
  },
  {
    name: "recurseManaged",
    values: [1e6],
    code: "E_STACK_EXHAUSTED",
    message: /shadow stack of 262144 bytes is exhausted: .*"stackSize"/,
    at: "|if (depth == 0) return 0;",
  },
];

const titled = cases.map((one) => [`${one.name}(${(one.values ?? []).join(", ")})`, one] as const);

describe.each(["debug", "release"] as const)("in a %s build", (target) => {
  test.each(titled)("%s", async (_title, { name, values = [], code, message, at, isOnlyLibrary }) => {
    const { app, bystander } = await loadWithBystander({ target });
    const error = await failureOf(call(app, name, ...values));
    expect(error.code).toBe(code);
    expect(error.message).toEqual(typeof message === "string" ? message : (expect.stringMatching(message) as string));
    expect(error.fiber).toBe(name);
    expect(error.fiberId).toBe(2);
    const { file, line, column } = placeOf("host-failures", at);
    // Of what a release build inlines from the library, the line is left, not the column.
    if (target === "debug" || !isOnlyLibrary) expect(error.location).toMatchObject({ file, line });
    // Of deep recursion, the engine notes the innermost frames only.
    expect(error.frames.at(-1)?.functionName).toBe(name === "recurseManaged" ? "linked" : name);
    if (code === "E_TRAP" && at.includes("|")) expect(error.location).toMatchObject({ column });
    expect(await bystander).toBe(BYSTANDER_RESULT);
    expect(await call(app, "sleepFor", 2)).toBe(2);
    expect(app.fibers().filter((fiber) => fiber.name !== "squaring")).toEqual([]);
    expect(app.warnings).toEqual([]);
  });
});

describe.each(["minimal", "stub"] as const)("with the runtime %s", (runtime) => {
  const chosen = titled.filter(([, { name }]) => runtime !== "stub" || name !== "recurseManaged");
  test.each(chosen)("%s", async (_title, { name, values = [], code, message }) => {
    const { app, bystander } = await loadWithBystander({ runtime, target: "debug" });
    const error = await failureOf(call(app, name, ...values));
    expect(error).toMatchObject({ code, fiber: name });
    expect(error.message).toEqual(typeof message === "string" ? message : (expect.stringMatching(message) as string));
    expect(await bystander).toBe(BYSTANDER_RESULT);
    expect(await call(app, "sleepFor", 2)).toBe(2);
  });
});

describe("suspending from too deep", () => {
  test("E_STACK_TOO_DEEP tells the bytes and the limit; what fits, suspends", async () => {
    const { app, bystander } = await loadWithBystander({}, { stackLimit: 4096 });
    expect(await call(app, "suspendAt", 10)).toBe(55n);
    const error = await failureOf(call(app, "suspendAt", 5000));
    expect(error.code).toBe("E_STACK_TOO_DEEP");
    const needed = Number(/its frames need (\d+) bytes, and the limit is 4096: .*stackLimit/.exec(error.message)?.[1]);
    expect(needed).toBeGreaterThan(5000 * 8);
    expect(error.location).toMatchObject({ file: "host-failures.ts" });
    expect(error.frames.length).toBeGreaterThan(10);
    expect(await bystander).toBe(BYSTANDER_RESULT);
    expect(await call(app, "suspendAt", 10)).toBe(55n);
  });

  test("the limit is exact: what one fiber needs is enough, and four bytes less is not", async () => {
    const refusing = await loadWithBystander({}, { stackLimit: 64 });
    await refusing.bystander.catch(() => {});
    const { message } = await failureOf(call(refusing.app, "suspendAt", 100));
    const needed = Number(/need (\d+) bytes/.exec(message)?.[1]);
    const enough = await loadWithBystander({}, { stackLimit: needed });
    expect(await call(enough.app, "suspendAt", 100)).toBe(5050n);
    const less = await loadWithBystander({}, { stackLimit: needed - 4 });
    expect(await failureOf(call(less.app, "suspendAt", 100))).toMatchObject({ code: "E_STACK_TOO_DEEP" });
  });

  test("cleanups of the fiber run", async () => {
    const { app } = await loadWithBystander({}, { stackLimit: 4096 });
    await expect(call(app, "cleanAndSuspendAt", 5000)).rejects.toMatchObject({ code: "E_STACK_TOO_DEEP" });
    expect(await call(app, "takeCleaned")).toBe(1);
  });
});

describe("after a trap", () => {
  test("the cleanups of the fiber have run, which may wait, before its promise rejects", async () => {
    const { app } = await loadWithBystander({});
    await expect(call(app, "cleanAndTrap", 0)).rejects.toMatchObject({ code: "E_TRAP" });
    expect(await call(app, "takeCleaned")).toBe(11);
    expect(await call(app, "cleanAndTrap", 1)).toBe(7);
    expect(await call(app, "takeCleaned")).toBe(11);
    await expect(call(app, "cleanAndRecurse", 1e6)).rejects.toMatchObject({ code: "E_STACK_EXHAUSTED" });
    expect(await call(app, "takeCleaned")).toBe(1);
  });

  test("who joins the fiber fails with its code and both names, and has its failure as the cause", async () => {
    const { app } = await loadWithBystander({});
    const error = await failureOf(call(app, "joinTrapped"));
    expect(error).toMatchObject({
      code: "E_TRAP",
      fiber: "joinTrapped",
      message: 'joined fiber "divider", which failed: divide by zero',
      location: {
        file: "host-failures.ts",
        line: placeOf("host-failures", '|return spawn(trapLater, 0, "divider").join()').line,
      },
    });
    expect(error.cause).toBeInstanceOf(FiberError);
    expect(error.cause).toMatchObject({
      code: "E_TRAP",
      fiber: "divider",
      message: "divide by zero",
      location: placeOf("host-failures", "return |1 / divisor"),
    });
  });

  test("the guest sees the failure", async () => {
    const { app } = await loadWithBystander({});
    expect(await call(app, "errorOfTrapped")).toBe("E_TRAP: divide by zero");
  });

  test("in a fiber that nobody waits for, it is reported once, with its line", async () => {
    const reported: Error[] = [];
    const { app, bystander } = await loadWithBystander({}, { onUnobserved: (error) => reported.push(error) });
    await call(app, "forget");
    await bystander;
    await call(app, "sleepFor", 1);
    expect(reported).toHaveLength(1);
    expect(reported[0]).toMatchObject({
      code: "E_TRAP",
      fiber: "forgotten",
      location: { file: "host-failures.ts", line: placeOf("host-failures", "print(`${|1 / divisor}`)").line },
      startedAt: describeLocation(placeOf("host-failures", '|go(trapAtOnce, 0, "forgotten")')),
    });
    expect(reported[0]?.stack).toContain('in fiber "forgotten" (3)\n    at ');
    expect(app.warnings).toEqual(["E_TRAP: divide by zero (fiber forgotten)"]);
  });

  test("twenty thousand traps leave an instance as it was", async () => {
    const { app, bystander } = await loadWithBystander({});
    await bystander;
    const trapOften = async (count: number) => {
      for (let i = 0; i < count; i += 500) {
        const calls = Array.from({ length: 500 }, () =>
          call(app, "trapBelow", 20).catch((error: FiberError) => error.code),
        );
        expect(new Set(await Promise.all(calls))).toEqual(new Set(["E_TRAP"]));
      }
      app.collect();
      return app.memory.buffer.byteLength;
    };
    const bytes = await trapOften(5000);
    expect(await trapOften(15_000)).toBe(bytes);
    expect(app.fibers()).toEqual([]);
    expect(await call(app, "stand", 8)).toBe(BYSTANDER_RESULT);
  });
});

test("an error prints itself: name, code, message, fiber, and lines that a terminal links", async () => {
  const { app } = await loadWithBystander({ target: "debug" });
  const error = await failureOf(call(app, "trapBelow", 2));
  const { line } = placeOf("host-failures", "return depth == 0 ? |1 / cleaned");
  expect(error.name).toBe("FiberError");
  expect(error.stack?.split("\n")).toEqual([
    "FiberError [E_TRAP]: divide by zero",
    '    in fiber "trapBelow" (2)',
    `    at trapBelow (host-failures.ts:${line}:23)`,
    `    at trapBelow (host-failures.ts:${line}:37)`,
    `    at trapBelow (host-failures.ts:${line}:37)`,
  ]);
  expect(error.frames.map(({ functionName }) => functionName)).toEqual(["trapBelow", "trapBelow", "trapBelow"]);
});

test("without a source map, an error has its code, its fiber and no location", async () => {
  const app = await load(guest("host-failures").binary, { driver: virtualDriver() });
  expect(await failureOf(call(app, "trap"))).toMatchObject({
    code: "E_TRAP",
    fiber: "trap",
    location: null,
    frames: [{ functionName: "trap", location: null }],
  });
  expect(await failureOf(call(app, "failWith", "no luck", "E_LUCK"))).toMatchObject({
    code: "E_LUCK",
    location: null,
    frames: [{ functionName: "failWith", location: null }],
  });
});

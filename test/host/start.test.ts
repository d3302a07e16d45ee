/** Top-level statements: what they may do, and how `load` tells that one of them failed. */
import { FiberError, load, type LoadOptions, virtualDriver } from "as-fibers";
import { describe, expect, test, vi } from "vitest";
import { guest } from "../setup/guests.ts";
import { placeOf } from "../setup/source.ts";

/** As in the guest. */
const Choice = {
  SLEEP: 1,
  YIELD: 2,
  CURRENT: 3,
  FAIL: 4,
  THROW: 5,
  TRAP: 6,
  GO: 7,
  GO_AND_FAIL: 8,
  DEFER: 9,
  JOIN: 10,
  ABORT_IN_CALL: 11,
};

type Target = "debug" | "release";

function loadChoosing(choice: number, target: Target = "release", options: LoadOptions = {}) {
  const { binary, sourceMap } = guest("host-start", { target });
  return load(binary, { driver: virtualDriver(), sourceMap, imports: { app: { choice: () => choice } }, ...options });
}

async function failureOf(choice: number, target: Target): Promise<FiberError> {
  const error = await loadChoosing(choice, target).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FiberError);
  return error as FiberError;
}

describe.each(["debug", "release"] as const)("in a %s build", (target) => {
  test.each([
    ["SLEEP", "if (chosen == Choice.SLEEP) |sleep(1)"],
    ["YIELD", "if (chosen == Choice.YIELD) |yieldNow()"],
    ["CURRENT", "if (chosen == Choice.CURRENT) |Fiber.current()"],
    ["FAIL", "if (chosen == Choice.FAIL) |fail("],
    ["DEFER", "if (chosen == Choice.DEFER) |defer("],
    ["JOIN", "run(failing).|join()"],
  ] as const)("%s needs a fiber: load rejects with E_NOT_IN_FIBER and the line", async (name, marked) => {
    const error = await failureOf(Choice[name], target);
    expect(error.code).toBe("E_NOT_IN_FIBER");
    expect(error.message).toMatch(/only in a fiber, and none is running: .* go, spawn or run/);
    const { file, line } = placeOf("host-start", marked);
    expect(error.location).toMatchObject({ file, line });
    expect(error.fiber).toBe("top-level statements");
  });

  test("what a statement throws, load rejects with, and its line and column", async () => {
    const error = await failureOf(Choice.THROW, target);
    expect(error).toMatchObject({ code: "E_ABORTED", message: "thrown at the top" });
    expect(error.location).toEqual(placeOf("host-start", "(chosen == Choice.THROW) |throw"));
  });

  test("what a function throws that a statement calls", async () => {
    const error = await failureOf(Choice.ABORT_IN_CALL, target);
    expect(error).toMatchObject({ code: "E_ABORTED", message: "thrown in a function" });
    expect(error.location).toEqual(placeOf("host-start", '|throw new Error("thrown in a function")'));
  });

  test("a trap", async () => {
    const error = await failureOf(Choice.TRAP, target);
    expect(error).toMatchObject({ code: "E_TRAP", message: "unreachable" });
    expect(error.location).toEqual(placeOf("host-start", "(chosen == Choice.TRAP) |unreachable()"));
    expect(error.cause).toBeInstanceOf(WebAssembly.RuntimeError);
  });
});

test("a fiber that a top-level statement starts runs after load, and calls see what it did", async () => {
  const driver = virtualDriver();
  const app = await loadChoosing(Choice.GO, "release", { driver });
  expect(driver.output).toBe("top-level statements have ended\n");
  expect(app.fibers().map(({ name, state }) => [name, state])).toEqual([
    ["first", "ready"],
    ["second", "ready"],
    ["third", "ready"],
  ]);
  expect(await app.exports["joinStarted"]?.()).toBe(144);
  expect(await app.exports["sumOfStarted"]?.()).toBe(3);
  expect(driver.output).toBe("top-level statements have ended\nworked on 1\nworked on 2\n");
});

test("a fiber of a top-level statement that fails is reported when a call has ended", async () => {
  const unobserved: Error[] = [];
  const app = await loadChoosing(Choice.GO_AND_FAIL, "release", { onUnobserved: (error) => unobserved.push(error) });
  await app.exports["sumOfStarted"]?.();
  expect(unobserved).toHaveLength(1);
  expect(unobserved[0]).toBeInstanceOf(FiberError);
  expect(unobserved[0]).toMatchObject({
    code: "E_EXAMPLE",
    fiber: "forgotten",
    location: placeOf("host-start", '|fail("nobody waits for me"'),
  });
  expect(app.warnings).toEqual(["E_EXAMPLE: nobody waits for me (fiber forgotten)"]);
});

test("or when the instance is closed, if nobody calls", async () => {
  const unobserved: Error[] = [];
  const app = await loadChoosing(Choice.GO_AND_FAIL, "release", { onUnobserved: (error) => unobserved.push(error) });
  await new Promise(setImmediate);
  expect(unobserved).toEqual([]);
  await app.close();
  expect(unobserved).toMatchObject([{ code: "E_EXAMPLE", fiber: "forgotten" }]);
});

test("a load that failed lets go of its driver", async () => {
  const driver = virtualDriver();
  const close = vi.spyOn(driver, "close");
  await expect(loadChoosing(Choice.THROW, "release", { driver })).rejects.toMatchObject({ code: "E_ABORTED" });
  expect(close).toHaveBeenCalledTimes(1);
});

/** Cleanups: run exactly once, when they should, last first, whatever ends the fiber. */
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";

const start = () => loadWatched(guest("cleanup").binary);
const call = async (name: string, ...values: (string | number)[]) => (await start()).exports[name]?.(...values);
const lines = (...list: string[]) => list.join("\n");

describe("what a fiber owes is done when it ends, last first", () => {
  test.each([
    ["returns", 0, "true 3"],
    ["fails", 1, "false 4"],
    ["is cancelled", 2, "false 5"],
    ["traps", 3, "false 4"],
  ])("when it %s", async (_how, how, end) => {
    expect(await call("order", how)).toBe(lines("body", "cleanup three", "cleanup two", "cleanup one", end));
  });
});

describe("run() and forget()", () => {
  test.each([
    ["neither: all in the end", 0, ["body ends", "cleanup four", "cleanup three", "cleanup two", "cleanup one"]],
    ["run() twice: once, and at once", 1, ["cleanup two", "body ends", "cleanup four", "cleanup three", "cleanup one"]],
    ["forget(): never, not even by run()", 2, ["body ends", "cleanup four", "cleanup two", "cleanup one"]],
    ["run() of the last one", 4, ["cleanup four", "body ends", "cleanup three", "cleanup two", "cleanup one"]],
    ["all of these", 7, ["cleanup two", "cleanup four", "body ends", "cleanup one"]],
  ])("%s", async (_what, how, expected) => {
    expect(await call("runEarly", how)).toBe(lines(...expected));
  });

  test("a helper may owe and pay by itself", async () => {
    expect(await call("helpers")).toBe(
      lines("helper a", "cleanup a", "helper b", "cleanup b", "body ends", "cleanup of the body"),
    );
  });

  test("another fiber may run it; after its fiber has ended it does nothing", async () => {
    expect(await call("byAnother")).toBe(
      lines("cleanup owner, run by byAnother", "owner has ended", "owner goes on", "cleanup of second"),
    );
  });

  test("of 10,000: a third forgotten, a third run early, a third in the end", async () => {
    expect(await call("many", 9999)).toBe("3333 early, 6666 in the end");
  });
});

describe("a cleanup may wait", () => {
  test("in the end: joiners wait for it, others go on", async () => {
    expect(await call("slow", 0)).toBe(
      lines(
        "body ends",
        "tick 0",
        "cleanup last",
        "cleanup slow begins",
        "tick 1",
        "tick 2",
        "cleanup slow goes on",
        "cleanup slow ends",
        "cleanup first",
        "joined",
        "tick 3",
      ),
    );
  });

  test("at run(): its caller waits for it", async () => {
    expect(await call("slow", 1)).toBe(
      lines(
        "cleanup slow begins",
        "tick 0",
        "tick 1",
        "tick 2",
        "cleanup slow goes on",
        "cleanup slow ends",
        "body ends",
        "cleanup last",
        "cleanup first",
        "joined",
        "tick 3",
      ),
    );
  });

  test("and join other fibers", async () => {
    expect(await call("joining")).toBe(lines("slept", "cleanup joins: true", "false true"));
  });

  test("a call's promise waits for the cleanups, too", async () => {
    const app = await start();
    expect(await app.exports["inCall"]?.()).toBe("result");
    expect(await app.exports["readLog"]?.()).toBe(
      lines("cleanup of the call begins", "cleanup of the call goes on", "cleanup of the call ends"),
    );
  });
});

describe("a cleanup that fails or traps", () => {
  const all = ["failing four", "cleanup three", "failing two", "cleanup one"];

  test("does not keep the others from running; a fiber that had returned fails by the first of them", async () => {
    expect(await call("failures", 0)).toBe(lines(...all, "false E_CLEANUP: cleanup four"));
  });

  test("does not hide an earlier failure", async () => {
    expect(await call("failures", 1)).toBe(lines(...all, "false E_BODY: body failed"));
  });

  test("does not hide a cancellation", async () => {
    expect(await call("failuresWhenCancelled")).toBe(lines(...all, "false E_CANCELLED: stopped"));
  });

  test("a trap counts as a failure", async () => {
    const trapping = ["cleanup three", "trapping two", "cleanup one"];
    expect(await call("traps", 0)).toBe(lines(...trapping, "false E_TRAP: unreachable"));
    expect(await call("traps", 1)).toBe(lines(...trapping, "false E_BODY: body failed"));
  });
});

test("a cleanup may defer another, which runs next", async () => {
  expect(await call("nested")).toBe(lines("cleanup inner defers", "cleanup inner's", "cleanup outer"));
});

test("arguments of every type are kept until then, across collections", async () => {
  expect(await call("everyType")).toBe(
    lines(
      "null true",
      "array a,b7",
      "bool true",
      "f64 0.1",
      "f32 -1.5",
      "i64 -9223372036854775808",
      "u32 4294967295",
      "i8 -5",
    ),
  );
});

test("nothing is left of what has been run or forgotten", async () => {
  const app = await start();
  await app.exports["many"]?.(300);
  app.collect();
  const before = await readHeap(app);
  for (let i = 0; i < 20; i++) await app.exports["many"]?.(300);
  app.collect();
  expect(await readHeap(app)).toEqual(before);
});

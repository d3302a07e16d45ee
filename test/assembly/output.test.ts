/** print: every line, whole and in order, however much it is. */
import { load, virtualDriver } from "as-fibers";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";

async function start() {
  const driver = virtualDriver();
  const app = await load(guest("output").binary, { driver });
  return { app, driver };
}

test.each([
  ["nothing", ""],
  ["a line", "a line"],
  ["what is not ASCII", "drei ③ 🧵 é"],
  ["two lines", "two\nlines"],
  ["200,000 characters", "x".repeat(200_000)],
])("print writes %s and a line end", async (_what, line) => {
  const { app, driver } = await start();
  await app.exports["printLine"]?.(line);
  expect(driver.output).toBe(`${line}\n`);
});

test("what cannot be encoded becomes the replacement character", async () => {
  const { app, driver } = await start();
  await app.exports["printLine"]?.("a\ud800b");
  expect(driver.output).toBe("a\ufffdb\n");
});

test("lines of several fibers come in the order in which they were printed", async () => {
  const { app, driver } = await start();
  await app.exports["inTurn"]?.();
  expect(driver.output).toBe("a 0\nb 0\na 1\nb 1\na 2\n");
});

describe("beyond 64 KiB that the host has not written", () => {
  test("a fiber waits, and others run meanwhile; nothing is lost", async () => {
    const { app, driver } = await start();
    expect(await app.exports["printMuch"]?.(2000, 100)).toBeGreaterThan(0);
    const expected = Array.from({ length: 2000 }, (_, i) => `much ${i} ${"x".repeat(100)}\n`).join("");
    expect(driver.output).toBe(expected);
  });

  test("below that, it does not", async () => {
    const { app } = await start();
    expect(await app.exports["printMuch"]?.(500, 100)).toBe(0);
  });

  test("those who wait go on in their order", async () => {
    const { app } = await start();
    expect(await app.exports["order"]?.(4, 70_000)).toBe(
      ["started", "yielded", "f0 goes on", "f1 goes on", "f2 goes on", "f3 goes on"].join("\n"),
    );
  });

  test("each fiber's own lines stay in order", async () => {
    const { app, driver } = await start();
    await app.exports["printTogether"]?.(5, 300, 200);
    const lines = driver.output.trimEnd().split("\n");
    expect(lines.length).toBe(5 * 300);
    for (let fiber = 0; fiber < 5; fiber++) {
      const own = lines.filter((line) => line.startsWith(`f${fiber} `));
      expect(own).toEqual(Array.from({ length: 300 }, (_, i) => `f${fiber} ${i} ${"x".repeat(200)}`));
    }
  });

  test("it goes on when the host has written, not when the next sleeper wakes", async () => {
    const { app } = await start();
    expect(await app.exports["whileSleeping"]?.(2000, 100)).toBe("printed, sleeper 2");
  });
});

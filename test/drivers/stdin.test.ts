/** Standard input: lines as they were typed, one reader at a time. */
import { afterEach, expect, test } from "vitest";
import { describeOn } from "../setup/describe.ts";
import { closeScenes, openProgram, untilWaiting, waiting } from "../setup/driver-program.ts";
import { worlds } from "../setup/world.ts";

/** The most bytes in one line. */
const LIMIT = 1 << 20;

afterEach(closeScenes);

describeOn(worlds, "points 3, 6 and 8", (world) => {
  test.each([
    ["", ""],
    ["one\ntwo\n", "[one][two]"],
    ["one\r\ntwo\r\n", "[one][two]"],
    ["no end", "[no end]"],
    ["one\nlast without end", "[one][last without end]"],
    ["\n\n \n", "[][][ ]"],
    ["\r\n\r\r\n", "[][\r]"],
    ["naïve Ω 漢字\n👩‍🚀\n", "[naïve Ω 漢字][👩‍🚀]"],
    ["\0\n", "[\0]"],
  ])("%j", async (stdin, lines) => {
    const program = await openProgram(world, { stdin });
    expect(await program.call("readLines")).toBe(lines);
    expect(await program.call("readLine")).toBe("(end)");
    expect(await program.call("readLine")).toBe("(end)");
  });

  test("many lines", async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}`);
    const program = await openProgram(world, { stdin: lines.join("\n") });
    expect(await program.call("readLines")).toBe(lines.map((line) => `[${line}]`).join(""));
  });

  test("a line at the limit is read, one above it fails with E_LINE_TOO_LONG", async () => {
    const longest = "x".repeat(LIMIT);
    const good = await openProgram(world, { stdin: `${longest}\nnext\n` });
    expect(await good.call("readLine")).toBe(`[${longest}]`);
    expect(await good.call("readLine")).toBe("[next]");
    const bad = await openProgram(world, { stdin: `${longest}x\nnext\n` });
    await expect(bad.call("readLine")).rejects.toMatchObject({
      code: "E_LINE_TOO_LONG",
      message: `cannot read a line of more than ${LIMIT} bytes`,
    });
  });

  test("nobody types: the fiber waits, others go on, and it can be cancelled", async () => {
    const program = await openProgram(world);
    const job = await program.begin("readLine", 0);
    await untilWaiting(program, "read", 1);
    await program.call("measure", 1);
    expect(await waiting(program, "read")).toBe(1);
    await program.call("cancel", job);
    expect(await program.end(job)).toBe("E_CANCELLED");
    await program.begin("readLine", 0);
    await untilWaiting(program, "read", 1);
  });

  test("a second reader: E_BUSY, and the first goes on", async () => {
    const program = await openProgram(world);
    await program.begin("readLine", 0);
    await untilWaiting(program, "read", 1);
    await expect(program.call("readLine")).rejects.toMatchObject({
      code: "E_BUSY",
      message: "cannot read from standard input: another fiber is doing that already; one at a time",
    });
    expect(await waiting(program, "read")).toBe(1);
  });
});

/** Every example, run as a newcomer runs it. */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { asFibers } from "./setup/command.ts";

const run = (name: string, ...words: string[]) => asFibers(["run", `examples/${name}.ts`, ...words]);

/** What each example must show. A new one must be added here. */
const examples: Record<string, () => Promise<void>> = {
  async "two-counters"() {
    const expected = [];
    for (let i = 1; i <= 15; i++) expected.push(...(i <= 10 ? [`first ${i}`] : []), `second ${i}`);
    expect(await run("two-counters")).toEqual({ code: 0, stdout: `${expected.join("\n")}\n`, stderr: "" });
  },

  async "nested-spawn"() {
    const { code, stdout, stderr } = await run("nested-spawn");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [first, second, third, last] = stdout.split("\n");
    expect([first, second, third]).toEqual(["slept 50 ms", "slept 100 ms", "slept 200 ms"]);
    const elapsed = Number(/^350 ms of sleep in (\d+) ms$/.exec(last ?? "")?.[1]);
    expect(elapsed).toBeGreaterThanOrEqual(200);
  },

  async "sleep-sort"() {
    expect(await run("sleep-sort")).toEqual({ code: 0, stdout: "1 2 3 5 8 9\n", stderr: "" });
  },

  async cleanup() {
    expect(await run("cleanup")).toEqual({
      code: 0,
      stdout: `\
the book is taken
the key is taken
the lamp is taken
the umbrella is taken
the book is given back
the key is given back
reader: done
guest: E_LOCKED: the door is locked
the umbrella is given back
the lamp is given back
waiter: E_CANCELLED: closing time
`,
      stderr: "",
    });
  },

  async trap() {
    const { code, stdout, stderr } = await run("trap");
    expect(code).toBe(1);
    expect(stdout).toBe(`\
best of 1: 3
best of 2: 3
best of 3: 4
best of 4: 4
best of 5: 5
best of 6: failed
`);
    expect(stderr).toContain('because fiber "best of 6" (7) failed: Index out of range');
    expect(stderr).toContain("at best (examples/trap.ts:10:24)");
  },

  async million() {
    const { code, stdout, stderr } = await run("million", "--target", "release");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [started, switched, waiting, ended] = stdout.split("\n");
    expect(started).toMatch(/^1000000 fibers started: \d+ ns each$/);
    expect(switched).toMatch(/^10000000 switches: \d+ ns each$/);
    expect(ended).toMatch(/^1000000 fibers ended: \d+ ns each$/);
    const bytes = Number(/^1000000 fibers waiting: (\d+) bytes each$/.exec(waiting ?? "")?.[1]);
    expect(bytes).toBeLessThan(200);
  },

  async showcase() {
    const { code, stdout, stderr } = await run("showcase");
    expect(code).toBe(1);
    expect(stdout).toContain("second 15\nbest of 1: 3\n");
    expect(stderr).toContain("✘ E_ABORTED");
  },
};

test("every example is tested", () => {
  const files = readdirSync("examples").filter((file) => file.endsWith(".ts"));
  expect(Object.keys(examples).toSorted()).toEqual(files.map((file) => file.slice(0, -3)).toSorted());
});

test.each(Object.keys(examples))("%s", async (name) => {
  await examples[name]?.();
});

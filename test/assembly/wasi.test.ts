/** The life of a program that carries its own driver: how it begins, waits and ends, on a host that does what the test says. */
import path from "node:path";
import { compile } from "as-fibers/compiler";
import { beforeAll, describe, expect, test } from "vitest";
import { root } from "../setup/command.ts";
import { type FakeOptions, type Ran, runFake } from "../setup/fake-wasi.ts";

/** Not optimized, which takes a fifth of the time; test/command/build.test.ts runs an optimized one. */
async function build(name: string): Promise<Uint8Array> {
  return (await compile(path.join(root, `test/guests/wasi/${name}.ts`), { host: "wasi", target: "debug" })).binary;
}

let life: Uint8Array;
let streams: Uint8Array;

beforeAll(async () => {
  life = await build("life");
  streams = await build("streams");
});

/** Runs `life.ts` with these words; without the line that its top level prints. */
async function live(words: string, options: FakeOptions = {}): Promise<Ran> {
  const args = words.split(" ");
  const ran = await runFake(life, { args, ...options });
  const first = `top level, ${args.length} words\n`;
  expect(ran.stdout.slice(0, first.length)).toBe(first);
  return { ...ran, stdout: ran.stdout.slice(first.length) };
}

describe("main", () => {
  test("gets the words of the command line by the types of its parameters, and what it returns is printed", async () => {
    const { code, stdout, stderr } = await live("values -0x10 2.5e1 true");
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "values -0x10 2.5e1 true: -16 25.0 true\n-400\n",
      stderr: "",
    });
    expect((await live("values")).stdout).toBe("values: 3 0.5 false\n1.5\n");
  });

  test.each([
    ["values 2147483647", 0],
    ["values -2147483648", 0],
    ["values 2147483648", 2],
    ["values -2147483649", 2],
    ["values 18446744073709551617", 2],
    ["values 1.5", 2],
    ["values -", 2],
    ["values 0x", 2],
    ["values 12a", 2],
    ["values 1 1e400", 0],
    ["values 1 -Infinity", 0],
    ["values 1 two", 2],
    ["values 1 1 yes", 2],
    ["values 1 1 true more", 2],
  ])("%s ends with %i", async (words, expected) => {
    const { code, stdout, stderr } = await live(words);
    expect(code).toBe(expected);
    if (code === 0) return;
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^✘ E_INVALID_ARGUMENT .*\n/);
    expect(stderr).toContain(
      "\n  → the program declares main(way: string, number?: i32, factor?: f64, flag?: bool): f64\n",
    );
  });

  test("must be given what it cannot do without", async () => {
    const { code, stdout, stderr } = await runFake(life);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "top level, 0 words\n" });
    expect(stderr).toContain("E_INVALID_ARGUMENT main takes 1 to 4 arguments and got 0\n");
  });
});

describe("the end", () => {
  test("comes when main returns: other fibers are cancelled, and their cleanups run", async () => {
    const { code, stdout, elapsed } = await live("background");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "1.5\nworker is cleaned up\n" });
    expect(elapsed).toBe(26);
  });

  test("is no standstill, although nothing is left to happen", async () => {
    const { code, stdout, stderr } = await runFake(streams, { args: ["quiet"] });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("waits a second for cleanups, and no longer", async () => {
    const { code, stdout, elapsed } = await live("endless");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "1.5\nworker is cleaned up\n" });
    expect(elapsed).toBe(1000);
  });

  test("a failure of main is told with its causes", async () => {
    const { code, stdout, stderr } = await live("fail 7");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(`\
✘ E_PURPOSE joined fiber "outer", which failed: joined fiber "inner", which failed: on purpose 7
  in fiber "main" (1)
  because fiber "outer" (2) failed: joined fiber "inner", which failed
  because fiber "inner" (3) failed: on purpose 7
`);
  });

  test("a failure that nobody looked at is told once", async () => {
    const { code, stdout, stderr } = await live("unobserved");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "1.5\n" });
    expect(stderr).toBe(`\
as-fibers: nobody looked at the failure of this fiber:
✘ E_PURPOSE on purpose 3
  in fiber "lost" (2)
`);
  });

  test("at a standstill, every fiber is told, and cleanups run", async () => {
    const { code, stdout, stderr } = await live("deadlock");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "receiver is cleaned up\n" });
    expect(stderr).toBe(`\
✘ E_DEADLOCK nothing can wake these fibers any more:
  fiber 1 "main": parked (receive)
  fiber 2 "receiver": parked (receive)
`);
  });

  test.each([
    ["throw", "E_MINE thrown", 'throw new Error("E_MINE: thrown")'],
    ["assert", "E_ABORTED not so", 'assert(false, "not so")'],
  ])("%s ends the program, with its line", async (way, headline) => {
    const { code, stderr } = await live(way);
    expect(code).toBe(255);
    expect(stderr).toMatch(new RegExp(`^✘ ${headline}\\n  in fiber "main" \\(1\\)\\n    at life\\.ts:\\d+:\\d+\\n$`));
  });

  test("a trap is the host's to tell", async () => {
    await expect(live("trap")).rejects.toThrow(WebAssembly.RuntimeError);
  });
});

describe("the world", () => {
  test("is that of the host, for AssemblyScript's library too", async () => {
    const { code, stdout, stderr } = await live("world", { env: { OTHER: "x", HOME: "/home/ada" } });
    expect(code).toBe(0);
    expect(stdout).toBe("/home/ada\nno hom\n5000 true false\nlogged\n1.5\n");
    expect(stderr).toBe("an error\ntrace: traced 1.0 2.5\n");
  });

  test("sleeping is waiting for the clock alone", async () => {
    const { stdout, polls } = await live("sleep");
    expect(stdout).toBe("2500000\n1.5\n");
    expect(polls).toEqual(["clock 1"]);
  });
});

describe("standard output", () => {
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}\n`).join("") + `${count / 2}\n`;

  test("takes as much as it likes", async () => {
    const { stdout } = await live("lines 30000");
    expect(stdout).toBe(lines(30_000));
  });

  test("may take a part, or nothing for now: order and bytes stay", async () => {
    const takes = Array.from({ length: 20_000 }, (_, i) => [30, 3, 0, 1, 0, 0, 7, 100][i % 8] as number);
    const { stdout, polls } = await runFake(life, { args: ["lines", "10000"], takes });
    expect(stdout).toBe(`top level, 2 words\n${lines(10_000)}`);
    expect(polls).toContain("write 1");
  });

  test("interrupted, it is asked again", async () => {
    const { stdout } = await runFake(life, { args: ["lines", "2"], takes: [-27, -27, 4] });
    expect(stdout).toBe(`top level, 2 words\n${lines(2)}`);
  });

  test("without anybody who reads it, the program ends", async () => {
    const { code, stdout } = await runFake(life, { args: ["lines", "100000"], takes: [1000, 20, -64] });
    expect({ code, lines: stdout.split("\n").length }).toEqual({ code: 1, lines: 3 });
  });

  test("closed, what is printed is lost, and the program goes on", async () => {
    const takes = Array.from({ length: 10 }, () => -8);
    const { code, stdout } = await runFake(life, { args: ["lines", "9"], takes });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "4.5\n" });
  });
});

describe("standard input", () => {
  const input = [
    { at: 15, text: "one\ntw" },
    { at: 25, text: "o\n" },
    { at: 45, text: "three" },
  ];

  test("is waited for beside the clock: other fibers go on meanwhile", async () => {
    const { code, stdout, polls } = await runFake(streams, { args: ["stdin"], input });
    expect(code).toBe(0);
    expect(stdout).toBe("tick 1\n> one\ntick 2\n> two\ntick 3\ntick 4\n> three\n");
    expect(polls).toContain("read 0, clock 1");
  });

  test("when the host cannot wait for it, it is read at once, and the program waits for it as a whole", async () => {
    const { code, stdout, polls } = await runFake(streams, { args: ["stdin"], input, refusesInput: true });
    expect(code).toBe(0);
    expect(stdout.replace(/tick.*\n/g, "")).toBe("> one\n> two\n> three\n");
    // Asked once together, once alone, and never again.
    expect(polls.filter((poll) => poll.includes("read 0"))).toHaveLength(2);
  });
});

test("what no WASI host has is refused", async () => {
  const { code, stdout } = await runFake(streams, { args: ["refused"] });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "connect: ENOTSUP\nbind: ENOTSUP\nlookup: ENOTSUP\n" });
});

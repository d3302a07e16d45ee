/** `as-fibers run`: what main gets and gives, how a program ends, and what the command says about it. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { describeBackEnds } from "../setup/describe.ts";
import { asFibers, type CommandOptions, type Ended } from "../setup/command.ts";
import { placeOf } from "../setup/source.ts";

/** Runs `test/guests/command/<name>.ts`. */
function run(name: string, words: string[] = [], options: CommandOptions = {}): Promise<Ended> {
  return asFibers(["run", `test/guests/command/${name}.ts`, ...words], options);
}

function placeIn(name: string, marked: string): string {
  const { line, column } = placeOf(`command/${name}`, marked);
  return `test/guests/command/${name}.ts:${line}:${column}`;
}

/** What is said of the fiber that "leave" leaves. */
const left = `\
✘ E_LEAK nobody waits for these fibers any more, and they have not ended:
  fiber 2 "background": parked (sleep)
      at wait (${placeIn("ends", "|sleep(A_WEEK);\n}\n\nfunction spin")})
      7 days left
      started at ${placeIn("ends", '|go(wait, "background"')}
`;

describe("main", () => {
  test("gets the words of the command line by the types of its parameters, and what it returns is printed", async () => {
    const ended = await run("values", ["--", "-7", "0xff", "-9223372036854775808", "1e3", "a b", "true"]);
    expect(ended).toEqual({ code: 0, stdout: "-7 255 -9223372036854775808 1000.0 a b true initial\n", stderr: "" });
  });

  test("ends the program when it returns: the other fibers are cancelled, and their cleanups run", async () => {
    expect(await run("ends", ["leave"])).toEqual({ code: 0, stdout: "background is cleaned up\n", stderr: left });
  });

  test("prints as much as it likes", async () => {
    const { code, stdout } = await run("ends", ["lines"]);
    expect(code).toBe(0);
    expect(stdout).toBe(Array.from({ length: 30_000 }, (_, i) => `line ${i}\n`).join(""));
  });

  test("ends without a word when nobody reads what it prints any more", async () => {
    const { stderr } = await run("ends", ["lines"], {
      onOutput: (_, child) => child.stdout?.destroy(),
    });
    expect(stderr).toBe("");
  });
});

describe("a failure of main", () => {
  test("is reported with the source, the stack and its causes", async () => {
    const { code, stdout, stderr } = await run("failure");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(`\
✘ E_ABORTED joined fiber "middle", which failed: joined fiber "reader", which failed: Index out of range
  in fiber "main" (1)

    13 │ export function main(index: i32 = 3): i32 {
    14 │   return spawn(middle, index, "middle").join();
       │          ^
    at main (test/guests/command/failure.ts:14:10)

  because fiber "middle" (2) failed: joined fiber "reader", which failed

     9 │ function middle(index: i32): i32 {
    10 │   return spawn(read, index, "reader").join();
       │          ^
    at middle (test/guests/command/failure.ts:10:10)
    started at test/guests/command/failure.ts:14:10

  because fiber "reader" (3) failed: Index out of range

    5 │   const values = [1, 2, 3];
    6 │   return values[index];
      │          ^
    at Array<i32>#__get (~lib/array.ts:114:42)
    at read (test/guests/command/failure.ts:6:10)
    started at test/guests/command/failure.ts:10:10

`);
  });

  test("is reported in colours on request", async () => {
    const { stderr } = await run("failure", [], { environment: { FORCE_COLOR: "1" } });
    expect(stderr).toContain("\u001b[1m\u001b[31mE_ABORTED\u001b[39m\u001b[22m joined");
  });

  test.each([
    ["fail", "debug", "E_PURPOSE failed on purpose", 'fail("failed on purpose", "E_PURPOSE")'],
    ["throw", "release", "E_ABORTED thrown on purpose", 'throw new Error("thrown on purpose")'],
  ])("by %s names its line, optimized or not (%s)", async (way, target, headline, marked) => {
    const { code, stderr } = await run("ends", ["--target", target, way]);
    expect(code).toBe(1);
    expect(stderr).toContain(`✘ ${headline}\n  in fiber "main" (1)\n`);
    expect(stderr).toContain(`at main (${placeIn("ends", marked)})`);
  });

  test("in a top-level statement is reported", async () => {
    const { code, stderr } = await run("top-level");
    expect(code).toBe(1);
    expect(stderr).toContain("✘ E_ABORTED Index out of range\n  in the top-level statements\n");
    expect(stderr).toContain(placeIn("top-level", "= |values[0]"));
  });

  test("of another fiber that nobody looks at is reported, and main goes on", async () => {
    const { code, stderr } = await run("ends", ["unseen"]);
    expect(code).toBe(0);
    expect(stderr).toContain("nobody looked at the failure of this fiber:\n✘ E_ALONE nobody joins this\n");
    expect(stderr).toContain('in fiber "unseen" (2)\n');
    expect(stderr).toContain(placeIn("ends", 'fail("nobody joins this", "E_ALONE")'));
  });
});

test("a standstill ends the program with what each fiber waits for, and where", async () => {
  const { code, stderr } = await run("ends", ["deadlock"]);
  expect(code).toBe(1);
  expect(stderr).toBe(`\
✘ E_DEADLOCK nothing can wake these fibers any more:
  fiber 1 "main": parked (join of fiber 2)
      at main (${placeIn("ends", 'run(joinPartner, "partner")')})
  fiber 2 "partner": parked (join of fiber 1)
      at joinPartner (${placeIn("ends", "fiber.join()")})
      started at ${placeIn("ends", 'run(joinPartner, "partner")')}
  these fibers wait for each other in a circle:
  ╭─▶ fiber 1 "main"
  │      waits for the end of
  │   fiber 2 "partner"
  │      waits for the end of
  ╰── fiber 1 "main"
`);
});

describe("fibers that are left when main has returned", () => {
  test("--leaks error: are a failure", async () => {
    const ended = await run("ends", ["--leaks", "error", "leave"]);
    expect(ended).toEqual({ code: 1, stdout: "background is cleaned up\n", stderr: left });
  });

  test("--leaks error: so is a failure that nobody looked at", async () => {
    const { code, stderr } = await run("ends", ["--leaks", "error", "unseen"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/✘ E_LEAK nobody looked at:\n {2}E_ALONE: nobody joins this \(fiber unseen\)\n$/);
  });

  test("--leaks takes no other word", async () => {
    expect(await run("ends", ["--leaks", "loud", "leave"])).toMatchObject({ code: 2 });
  });
});

describe("while a program runs", () => {
  test("SIGUSR2 lists its fibers, and it goes on", async () => {
    const ended = await run("ends", ["wait"], {
      onOutput: (stdout, child) => stdout === "waiting\n" && child.kill("SIGUSR2"),
      onError: (stderr, child) => stderr.includes("left\n") && child.kill("SIGINT"),
    });
    expect(ended).toEqual({
      code: 130,
      stdout: "waiting\nmain is cleaned up\n",
      stderr: `\
fiber 1 "main": parked (sleep)
    at wait (${placeIn("ends", "|sleep(A_WEEK);\n}\n\nfunction spin")})
    at main (${placeIn("ends", 'wait("main");\n  } else if (way == "spin")')})
    7 days left
`,
    });
  });

  test("SIGUSR2 says so when a fiber does not yield", async () => {
    const { stderr } = await run("ends", ["busy"], {
      onOutput: (stdout, child) => stdout === "waiting\n" && child.kill("SIGUSR2"),
      onError(text, child) {
        const isAsked = text.includes("listed when it does");
        // Until it no longer yields, it answers.
        for (const signal of isAsked ? (["SIGINT", "SIGTERM"] as const) : (["SIGUSR2"] as const)) child.kill(signal);
      },
    });
    expect(stderr).toContain("as-fibers: a fiber does not yield: the fibers are listed when it does\n");
  });

  test("a circle of fibers that wait for each other is told, once", async () => {
    const ended = await run("ends", ["circle"], {
      onError: (stderr, child) => stderr.includes("started at") && child.kill("SIGINT"),
    });
    expect(ended.code).toBe(130);
    expect(ended.stderr).toMatch(/^as-fibers: these fibers wait for each other in a circle:\n╭─▶ fiber 2 "first"\n/);
    expect(ended.stderr.match(/in a circle/g)).toHaveLength(1);
  });
});

describe("Ctrl-C", () => {
  const interrupt = (stdout: string, child: { kill(signal: NodeJS.Signals): boolean }) => {
    if (stdout === "waiting\n") child.kill("SIGINT");
  };

  test("cancels the fibers, and their cleanups run", async () => {
    const ended = await run("ends", ["wait"], { onOutput: interrupt });
    expect(ended).toEqual({ code: 130, stdout: "waiting\nmain is cleaned up\n", stderr: "" });
  });

  test("a second time ends it at once, whatever it does", async () => {
    // Two signals of a kind could become one on the way.
    const ended = await run("ends", ["spin"], {
      onOutput: (_, child) => void (child.kill("SIGINT") && child.kill("SIGTERM")),
    });
    // Which of them comes last is the system's to say.
    expect(ended).toEqual({ code: expect.toBeOneOf([130, 143]) as number, stdout: "waiting\n", stderr: "" });
  });

  test("works when a fiber never yields", async () => {
    const ended = await run("ends", ["spin"], { onOutput: interrupt });
    expect(ended.code).toBe(130);
    expect(ended.stderr).toBe("as-fibers: a fiber does not yield: ended without running the cleanups\n");
  });
});

test("SIGTERM does the same, with its own exit code", async () => {
  const ended = await run("ends", ["wait"], {
    onOutput(stdout, child) {
      if (stdout === "waiting\n") child.kill("SIGTERM");
    },
  });
  expect(ended).toEqual({ code: 143, stdout: "waiting\nmain is cleaned up\n", stderr: "" });
});

describeBackEnds("--driver: the thread sleeps in the operating system's event queue", (driver) => {
  // What is the same for both is asked of one.
  const once = test.runIf(driver === "epoll");
  const blocking = (words: string[], options?: CommandOptions) => run("ends", ["--driver", driver, ...words], options);

  once("prints, and ends with main", async () => {
    const { code, stdout, stderr } = await blocking(["lines"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(Array.from({ length: 30_000 }, (_, i) => `line ${i}\n`).join(""));
  });

  once("a standstill is known", async () => {
    const { code, stderr } = await blocking(["deadlock"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^✘ E_DEADLOCK nothing can wake these fibers any more:\n {2}fiber 1 "main": parked \(join/);
  });

  test("wakes for signals: SIGUSR2 lists the fibers, SIGINT cancels them, and their cleanups run", async () => {
    const ended = await blocking(["wait"], {
      onOutput: (stdout, child) => stdout === "waiting\n" && child.kill("SIGUSR2"),
      onError: (stderr, child) => stderr.includes("left\n") && child.kill("SIGINT"),
    });
    expect(ended.code).toBe(130);
    expect(ended.stdout).toBe("waiting\nmain is cleaned up\n");
    expect(ended.stderr).toMatch(/^fiber 1 "main": parked \(sleep\)\n/);
  });

  once("reads standard input", async () => {
    const lines = path.join(mkdtempSync(path.join(tmpdir(), "as-fibers-")), "lines");
    onTestFinished(() => rmSync(path.dirname(lines), { recursive: true }));
    writeFileSync(lines, "one\ntwo\nthree");
    const stdin = openSync(lines, "r");
    onTestFinished(() => closeSync(stdin));
    expect(await run("input", ["--driver", driver, "count"], { stdin })).toEqual({
      code: 0,
      stdout: "3 lines, 11 characters\n",
      stderr: "",
    });
  });
});

describe("--driver virtual", () => {
  test("lets a week pass at once", async () => {
    const ended = await run("ends", ["--driver", "virtual", "wait"]);
    expect(ended).toEqual({ code: 0, stdout: "waiting\nmain is cleaned up\n", stderr: "" });
  });

  test("prints as much as the program likes", async () => {
    const { code, stdout } = await run("ends", ["--driver", "virtual", "lines"]);
    expect(code).toBe(0);
    expect(stdout).toBe(Array.from({ length: 30_000 }, (_, i) => `line ${i}\n`).join(""));
  });

  test("ends a program at a standstill: nobody else is there who could connect", async () => {
    const { code, stderr } = await run("ends", ["--driver", "virtual", "accept"]);
    expect(code).toBe(1);
    expect(stderr).toBe(`\
✘ E_DEADLOCK nothing can wake these fibers any more:
  fiber 1 "main": parked (accept)
      at accept (${placeIn("ends", 'TcpListener.bind("127.0.0.1", 0).accept()')})
      at main (${placeIn("ends", '|accept();\n  else if (way == "deep")')})
      waits for socket 3
`);
  });
});

describe("options", () => {
  test("--stack-limit limits what a fiber may save", async () => {
    const { code, stderr } = await run("ends", ["--stack-limit", "1000", "deep"]);
    expect(code).toBe(1);
    expect(stderr).toContain("✘ E_STACK_TOO_DEEP");
  });

  test("--runtime chooses how garbage is collected", async () => {
    const ended = await run("ends", ["--runtime", "stub", "--leaks", "ignore", "leave"]);
    expect(ended).toEqual({
      code: 0,
      stdout: "background is cleaned up\n",
      stderr: "as-fibers: the runtime stub never frees memory\n",
    });
  });
});

test("errors of the compiler are shown with their places", async () => {
  const { code, stdout, stderr } = await run("broken");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain("✘ E_COMPILE the program does not compile\n");
  expect(stderr).toContain('const count: i32 = "three";');
  expect(stderr).toContain(`in ${placeIn("broken", '"three"')}\n`);
  expect(stderr).toContain(`in ${placeIn("broken", "missing(")}\n`);
  expect(stderr.match(/2 compile error/g)).toHaveLength(1);
});

describe("a wrong call of the command", () => {
  const program = (name: string) => `test/guests/command/${name}.ts`;

  test.each<[string[], string, string]>([
    [["run"], "E_NO_FILE run takes the file of a program", "as-fibers run examples/two-counters.ts"],
    [["run", "nothing.ts"], "E_NO_FILE there is no file nothing.ts", "looked in "],
    [["run", "test"], "E_NO_FILE test is not a file", "looked in "],
    [["run", "examples/trap"], "E_NO_FILE there is no file examples/trap", "there is examples/trap.ts"],
    [["run", program("no-main")], "E_NO_MAIN", "it exports start; "],
    [["run", program("wrong-types")], "E_UNSUPPORTED_TYPE", "numbers, bool and string"],
    [["run", program("failure"), "--loud"], "E_INVALID_OPTION unknown option '--loud'", "as-fibers run --help"],
    [
      ["run", program("failure"), "--driver", "uring"],
      'E_INVALID_OPTION --driver got "uring"',
      "node, epoll, poll, virtual",
    ],
    [["run", program("failure"), "--target", "fast"], 'E_INVALID_OPTION --target got "fast"', "debug, release"],
    [
      ["run", program("failure"), "--runtime", "none"],
      'E_INVALID_OPTION --runtime got "none"',
      "incremental, minimal, stub",
    ],
    [["run", program("failure"), "--stack-limit", "1k"], 'E_INVALID_OPTION --stack-limit got "1k"', "from 64 to"],
    [["run", program("failure"), "3.5"], "E_INVALID_ARGUMENT index is a whole number", "main(index?: i32): i32"],
    [["walk"], 'E_NO_COMMAND there is no command "walk"', "as-fibers --help"],
    [["a.ts"], 'E_NO_COMMAND there is no command "a.ts"', "as-fibers run a.ts"],
    [["--loud"], 'E_INVALID_OPTION there is no option "--loud"', "as-fibers --help"],
    [["demo", "nothing"], 'E_NO_DEMO there is no example "nothing"', "there are showcase, "],
    [["demo", "--loud"], "E_INVALID_OPTION unknown option '--loud'", "lists them"],
  ])("%j says what is wrong and what is right", async (words, message, hint) => {
    const { code, stdout, stderr } = await asFibers(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    const [headline, advice] = stderr.split("\n");
    expect(headline).toContain(`✘ ${message}`);
    expect(advice).toMatch(/^ {2}→ /);
    expect(advice).toContain(hint);
  });

  test("finds no file from another folder either", async () => {
    const { code, stderr } = await asFibers(["run", "run.test.ts.missing"], { cwd: path.join("test", "command") });
    expect(code).toBe(2);
    expect(stderr).toContain(path.join("test", "command"));
  });
});

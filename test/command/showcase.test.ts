/** The showcase, as `npm start` runs it: what stands on the screen, in a pipe and on a terminal. */
import { PassThrough } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { Screen } from "../../host/command/showcase/screen.ts";
import { asFibers } from "../setup/command.ts";

const COLUMNS = 80;

const ESCAPE = "\u001b";
const CLEAR_LINE = `\r${" ".repeat(COLUMNS - 1)}\r`;

test("in a pipe, shows all four parts as plain text within 80 columns", async () => {
  const { code, stdout, stderr } = await asFibers(["demo", "showcase"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).not.toContain(ESCAPE);
  expect(stdout).not.toContain("\r");
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(COLUMNS);
  expect(stdout).toContain(`
     first   1   2   3   4   5   6   7   8   9   10
     second    1   2   3   4   5   6   7   8   9    10 11 12 13 14 15
`);
  expect(stdout).toMatch(/started +1,000,000 fibers +[\d,]+ ns each\n/);
  expect(stdout).toMatch(/switched +10,000,000 times, in turn +[\d,]+ ns each\n/);
  expect(stdout).toMatch(/ended +1,000,000 fibers +[\d,]+ ns each\n/);
  for (const row of ["fiber", "generator"]) expect(stdout).toMatch(new RegExp(`${row}( +[\\d.]+){3} +\\d+\n`));
  expect(stdout).toMatch(/await( +[\d.]+){2} +– +\d+\n/);
  for (let first = 1; first < 100; first += 10) {
    const [, begin, end] =
      new RegExp(` ${first}–${first + 9} [▁-█ ]{53} +(\\d+)–(\\d+) ms\n`).exec(stdout)?.map(Number) ?? [];
    expect(begin).toBeGreaterThanOrEqual(first * 10);
    expect(end).toBeGreaterThanOrEqual((first + 9) * 10);
  }
  expect(stdout).toMatch(/answered 100 requests, none early +[\d.]+ ms late at most\n/);
  expect(stdout).toMatch(/waited +50\.50 s, if one after the other +\d\.\d\d s, all at once\n/);
  expect(stdout).toMatch(/held +100 connections, a fiber each +[\d,]+ bytes each\n/);
  expect(stdout).toContain("✔ best of 5: 5    ✘ best of 6\n");
  expect(stdout).toContain("at examples/trap.ts:10:24\n");
});

describe("the screen", () => {
  const environment = { ...process.env };

  afterEach(() => {
    process.env = environment;
  });

  /** A screen, and what it writes. */
  function makeScreen(
    isTerminal: boolean,
    variables: Record<string, string> = {},
  ): { screen: Screen; written(): string } {
    const { NO_COLOR: _, FORCE_COLOR: _force, ...others } = environment;
    process.env = { ...others, TERM: "xterm", ...variables };
    const stream = new PassThrough();
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    const screen = new Screen(Object.assign(stream, { isTTY: isTerminal }) as unknown as NodeJS.WriteStream);
    return { screen, written: () => Buffer.concat(chunks).toString() };
  }

  test("on a terminal has colours, and a line that tells what is being done and is gone afterwards", async () => {
    const { screen, written } = makeScreen(true);
    await screen.during(
      () => "counting",
      () => setTimeout(0),
    );
    screen.write(screen.colours.green("done"));
    const [before, drawn, after] = written().split(CLEAR_LINE);
    expect(before).toBe("");
    expect(drawn).toContain("counting");
    expect(after).toBe(`  ${ESCAPE}[32mdone${ESCAPE}[39m\n`);
  });

  test("keeps that line below what is written meanwhile", async () => {
    const { screen, written } = makeScreen(true, { NO_COLOR: "1" });
    await screen.during(
      () => "counting",
      async () => screen.write("one"),
    );
    const parts = written()
      .split(CLEAR_LINE)
      .map((part) => part.trim().replace(/^\S {2}/, ""));
    expect(parts).toEqual(["", "counting", "one", "counting", ""]);
    expect(written()).not.toContain(ESCAPE);
  });

  test("in a pipe has neither", async () => {
    const { screen, written } = makeScreen(false);
    await screen.during(
      () => "counting",
      () => setTimeout(0),
    );
    screen.write(screen.colours.green("done"), "");
    expect(written()).toBe("  done\n\n");
  });
});

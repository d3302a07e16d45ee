/** Standard input of a program that `as-fibers run` runs: from a pipe, a file and a terminal, and how it ends. */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Running, startFibers, startOnTerminal } from "../setup/command.ts";

const PROGRAM = "test/guests/command/input.ts";

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), "as-fibers-input-"))));
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts the program with this input, by default a pipe. */
function start(way: string, stdin: "ignore" | "pipe" | number = "pipe", ...options: string[]): Running {
  return startFibers(["run", PROGRAM, ...options, way], { stdin });
}

/** Runs the program with a file as its input; what it has left of that is counted. */
async function runWithFile(way: string, file: string): Promise<{ stdout: string; left: number }> {
  const descriptor = openSync(file, "r");
  try {
    const { stdout } = await start(way, descriptor).ended;
    // The position is the same for both processes.
    return { stdout, left: countBytes(descriptor) };
  } finally {
    closeSync(descriptor);
  }
}

function countBytes(descriptor: number): number {
  const buffer = new Uint8Array(1 << 20);
  for (let bytes = 0; ;) {
    const count = readSync(descriptor, buffer, 0, buffer.length, null);
    if (!count) return bytes;
    bytes += count;
  }
}

const succeeded = (stdout: string) => ({ code: 0, stdout, stderr: "" });

describe("a pipe", () => {
  test("brings its lines as they come, and its end", async () => {
    const { child, ended, printed } = start("all");
    child.stdin?.write("first\n");
    await printed(/\[first\]\n/);
    child.stdin?.write("séc");
    child.stdin?.end("ond\r\n\nlast");
    expect(await ended).toEqual(succeeded("[first]\n[sécond]\n[]\n[last]\nend\n"));
  });

  test.each([
    ["is not read", "none", "not read\n"],
    ["is read", "one", "[first]\n"],
  ])("that stays open does not hold up a program by which it %s", async (_, way, stdout) => {
    const { child, ended } = start(way);
    child.stdin?.write("first\nsecond\n");
    expect(await ended).toEqual(succeeded(stdout));
    child.stdin?.destroy();
  });

  test("loses nothing to a read that was cancelled", async () => {
    const { child, ended, printed } = start("cancel, one");
    await printed(/E_CANCELLED\n/);
    child.stdin?.end("first\n");
    expect(await ended).toEqual(succeeded("E_CANCELLED\n[first]\n"));
  });

  test.each([
    ["one, stop", "[first]\n"],
    ["cancel, stop", "E_CANCELLED\n"],
  ])("that stays open does not hide a standstill (%s)", async (way, printed) => {
    const { child, ended } = start(way);
    if (way.startsWith("one")) child.stdin?.write("first\n");
    const { code, stdout, stderr } = await ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: printed });
    expect(stderr).toContain("✘ E_DEADLOCK");
    child.stdin?.destroy();
  });

  test("that brings nothing leaves the program to an interrupt", async () => {
    const { child, ended, printed } = start("cancel, one");
    await printed(/E_CANCELLED\n/);
    child.kill("SIGINT");
    expect(await ended).toEqual({ code: 130, stdout: "E_CANCELLED\n", stderr: "" });
    child.stdin?.destroy();
  });
});

describe("a file", () => {
  test("is read to its end", async () => {
    const file = path.join(folder, "lines");
    const lines = Array.from({ length: 100_000 }, (_, i) => `line ${i}\n`).join("");
    writeFileSync(file, lines);
    const stdout = `100000 lines, ${lines.length - 100_000} characters\n`;
    expect(await runWithFile("count", file)).toEqual({ stdout, left: 0 });
  });

  test("is not touched by a program that does not read", async () => {
    const file = path.join(folder, "untouched");
    writeFileSync(file, "first\nsecond\n");
    expect(await runWithFile("none", file)).toEqual({ stdout: "not read\n", left: 13 });
  });

  test("of 100 MB is read no further than a little ahead of the program", async () => {
    const file = path.join(folder, "large");
    writeFileSync(file, "first\n");
    truncateSync(file, 100e6);
    const { stdout, left } = await runWithFile("slowly", file);
    expect(stdout).toBe("[first]\n");
    expect(left).toBeGreaterThan(90e6);
  });

  test("that cannot be read fails the reader", async () => {
    const descriptor = openSync(path.join(folder, "written"), "w");
    try {
      const { code, stderr } = await start("one", descriptor).ended;
      expect(code).toBe(1);
      expect(stderr).toContain("cannot read from standard input");
    } finally {
      closeSync(descriptor);
    }
  });

  test("with nothing in it is at its end", async () => {
    expect(await start("all", "ignore").ended).toEqual(succeeded("end\n"));
  });
});

describe("on simulated time", () => {
  test("all of it is there when the program begins", async () => {
    const { child, ended } = start("all", "pipe", "--driver", "virtual");
    child.stdin?.write("first\n");
    child.stdin?.end("second");
    expect(await ended).toEqual(succeeded("[first]\n[second]\nend\n"));
  });
});

// The program that makes a terminal is that of util-linux.
const hasTerminal = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") ?? false;

describe.skipIf(!hasTerminal)("a terminal", () => {
  test("brings lines, and its end when that is typed", async () => {
    const { child, ended, printed } = startOnTerminal(["run", PROGRAM, "all"]);
    child.stdin?.write("typed\n");
    await printed(/\[typed\]\r\n/);
    child.stdin?.write("\u0004");
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/\[typed\]\r\nend\r\n$/);
    child.stdin?.destroy();
  });

  test("is left alone by a program that does not read", async () => {
    const { child, ended } = startOnTerminal(["run", PROGRAM, "none"]);
    expect(await ended).toMatchObject({ code: 0, stdout: "not read\r\n" });
    child.stdin?.destroy();
  });
});

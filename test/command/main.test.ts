/** `as-fibers` itself: help and version. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { asFibers } from "../setup/command.ts";

test.each([[[]], [["help"]], [["--help"]], [["-h"]]])("%j prints the help", async (words) => {
  const { code, stdout, stderr } = await asFibers(words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("as-fibers run <file.ts> [options] [-- arguments]\n");
  expect(stdout).toContain("as-fibers demo [name]\n");
});

test.each([
  [
    ["run", "--help"],
    ["--target debug|release", "--runtime incremental|minimal|stub", "--stack-limit <bytes>", "130"],
  ],
  [["demo", "--help"], ["as-fibers demo showcase"]],
])("%j prints the help of that command", async (words, parts) => {
  const { code, stdout } = await asFibers(words);
  expect(code).toBe(0);
  for (const part of parts) expect(stdout).toContain(part);
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

test("--version prints the version of the package", async () => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  for (const option of ["--version", "-v"]) {
    expect(await asFibers([option])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  }
});

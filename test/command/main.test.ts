/** `as-fibers` itself: help and version. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { asFibers } from "../setup/command.ts";

/** Fits a terminal of the usual width. */
function expectNarrow(text: string): void {
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
}

test.each([[[]], [["help"]], [["--help"]], [["-h"]]])("%j prints the help", async (words) => {
  const { code, stdout, stderr } = await asFibers(words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("as-fibers run <file.ts> [options] [-- arguments]\n");
  expect(stdout).toContain("as-fibers demo [name] [-- arguments]\n");
  expectNarrow(stdout);
});

test.each([
  [
    ["run", "--help"],
    [
      "--driver node|epoll|poll|virtual",
      "--target debug|release",
      "--runtime incremental|minimal|stub",
      "--stack-limit <bytes>",
      "--watch",
      "130",
      "143",
    ],
  ],
  [
    ["demo", "--help"],
    ["as-fibers demo showcase", "as-fibers demo delay-server -- 8080"],
  ],
  [
    ["init", "--help"],
    ["as-fibers init [folder]", "npm install"],
  ],
])("%j prints the help of that command", async (words, parts) => {
  const { code, stdout } = await asFibers(words);
  expect(code).toBe(0);
  for (const part of parts) expect(stdout).toContain(part);
  expectNarrow(stdout);
});

test("--version prints the version of the package", async () => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  for (const option of ["--version", "-v"]) {
    expect(await asFibers([option])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  }
});

/** The examples that JavaScript calls, as their readers build and run them: a real server, real files. */
import { cpSync, rmSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { asFibers, root, runNode } from "../setup/command.ts";
import { buildHere } from "./built.ts";

/** In a folder where it can be built. */
function copyOf(example: string): string {
  const folder = path.join(root, `.cache/bindings/example-${example}`);
  rmSync(folder, { recursive: true, force: true });
  cpSync(path.join(root, "examples", example), folder, { recursive: true });
  return folder;
}

test("examples/calling-javascript builds, runs, and prints what it says", async () => {
  const folder = copyOf("calling-javascript");
  const words = ["build", "program.ts", "-o", "build/app", "--imports", "host.mjs", "--debug"];
  expect(await asFibers(words, { cwd: folder })).toEqual({ code: 0, stdout: "", stderr: "" });
  const { code, stdout, stderr } = await runNode(["main.mjs"], { cwd: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.split("\n")).toEqual([
    "Page one: 36 bytes",
    "Page two: 36 bytes",
    "Page three: 38 bytes",
    "Page four",
    "3 lines",
    expect.stringMatching(/^E_STATUS: .*the import program.fetchText rejected: Error: \/missing answers 404$/),
    "E_CANCELLED: nobody waits for it",
    "",
  ]);
});

test("examples/streams: a compressed log goes through the program, from file to file", async () => {
  const folder = copyOf("streams");
  await buildHere(path.join(folder, "program.ts"), path.join(folder, "build/app"));
  const { code, stdout, stderr } = await runNode(["main.mjs"], { cwd: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.split("\n")).toEqual([
    "200: 18000",
    "404: 1800",
    "500: 200",
    "- GET /page/257/größe 200",
    "20000 lines, and fewer bytes: true",
    "- GET /page/0/größe 500, and that is enough: false",
    "the file is let go: true",
    "",
  ]);
});

/** The example in examples/calling-javascript, as its readers build and run it: a real server, a real file. */
import { cpSync, rmSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { asFibers, root, runNode } from "../setup/command.ts";

test("examples/calling-javascript builds, runs, and prints what it says", async () => {
  const folder = path.join(root, ".cache/bindings/example");
  rmSync(folder, { recursive: true, force: true });
  cpSync(path.join(root, "examples/calling-javascript"), folder, { recursive: true });
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

/** docs/calling-javascript.md: its programs are built and run as it says, and print what stands below them. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { asFibers, root, runNode } from "../setup/command.ts";
import { type Block, readBlocks } from "../setup/markdown.ts";

interface Shown {
  files: Record<string, string>;
  output: string;
}

/** A program, what it imports, a script and its output: each file says in its first line what it is called. */
function readShown(): Shown[] {
  const shown: Shown[] = [];
  let files: Record<string, string> = {};
  for (const { language, text } of readBlocks("docs/calling-javascript.md") as Block[]) {
    if (language === "text") {
      shown.push({ files, output: text });
      files = {};
    } else if (language === "ts" || language === "js") {
      files[/^\/\/ (\S+)\n/.exec(text)?.[1] ?? ""] = text;
    }
  }
  return shown;
}

const shown = readShown();

test("it shows two programs", () => {
  const names = ["program.ts", "host.mjs", "main.mjs"];
  expect(shown.map(({ files }) => Object.keys(files))).toEqual([names, names]);
});

test.each(shown.map(({ files, output }, i) => [i + 1, files, output] as const))(
  "program %i",
  async (i, files, output) => {
    const folder = path.join(root, `.cache/bindings/docs-${i}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
    const words = ["build", "program.ts", "-o", "build/app", "--imports", "host.mjs", "--debug"];
    expect(await asFibers(words, { cwd: folder })).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await runNode(["main.mjs"], { cwd: folder })).toEqual({ code: 0, stdout: output, stderr: "" });
  },
);

/** Guides to programs that are built for JavaScript: they are built and run as the guides say, and print what stands below them. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { root, runNode } from "../setup/command.ts";
import { type Block, readBlocks } from "../setup/markdown.ts";
import { buildHere } from "./built.ts";

interface Shown {
  files: Record<string, string>;
  output: string;
}

/** A program, what it imports if anything, a script and its output: each file says in its first line what it is called. */
function readShown(guide: string): Shown[] {
  const shown: Shown[] = [];
  let files: Record<string, string> = {};
  for (const { language, text } of readBlocks(guide) as Block[]) {
    if (language === "text") {
      shown.push({ files, output: text });
      files = {};
    } else if (language === "ts" || language === "js") {
      files[/^\/\/ (\S+)\n/.exec(text)?.[1] ?? ""] = text;
    }
  }
  return shown;
}

const guides = ["calling-javascript", "deploying", "streams"];
const shown = guides.flatMap((guide) =>
  readShown(`docs/${guide}.md`).map((example, i) => ({ ...example, name: `${guide}-${i + 1}` })),
);

test("they show programs", () => {
  const bound = ["program.ts", "host.mjs", "main.mjs"];
  const alone = ["program.ts", "main.mjs"];
  expect(shown.map(({ files }) => Object.keys(files))).toEqual([bound, bound, alone, alone, alone, bound]);
});

test.each(shown.map((example) => [example.name, example] as const))("%s", async (name, { files, output }) => {
  const folder = path.join(root, `.cache/bindings/docs-${name}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
  const imports = files["host.mjs"] ? path.join(folder, "host.mjs") : undefined;
  const { report } = await buildHere(path.join(folder, "program.ts"), path.join(folder, "build/app"), { imports });
  expect(report).toMatch(/^as-fibers: .*$/);
  expect(await runNode(["main.mjs"], { cwd: folder })).toEqual({ code: 0, stdout: output, stderr: "" });
});

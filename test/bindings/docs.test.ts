/** docs/calling-javascript.md and docs/streams.md: their programs are built and run as they say, and print what stands below them. */
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

/** A program, what it imports, a script and its output: each file says in its first line what it is called. */
function readShown(guide: string): Shown[] {
  const shown: Shown[] = [];
  let files: Record<string, string> = {};
  for (const { language, text } of readBlocks(`docs/${guide}.md`) as Block[]) {
    if (language === "text") {
      shown.push({ files, output: text });
      files = {};
    } else if (language === "ts" || language === "js") {
      files[/^\/\/ (\S+)\n/.exec(text)?.[1] ?? ""] = text;
    }
  }
  return shown;
}

const guides = { "calling-javascript": readShown("calling-javascript"), streams: readShown("streams") };

test("they show programs", () => {
  const alone = ["program.ts", "main.mjs"];
  const withImports = ["program.ts", "host.mjs", "main.mjs"];
  const names = (shown: Shown[]) => shown.map(({ files }) => Object.keys(files));
  expect(names(guides["calling-javascript"])).toEqual([withImports, withImports]);
  expect(names(guides.streams)).toEqual([alone, alone, withImports]);
});

const all = Object.entries(guides).flatMap(([guide, shown]) => shown.map((one, i) => [guide, i + 1, one] as const));

test.each(all)("%s, program %i", async (guide, i, { files, output }) => {
  const folder = path.join(root, `.cache/bindings/docs-${guide}-${i}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  const imports = "host.mjs" in files ? path.join(folder, "host.mjs") : undefined;
  const { report } = await buildHere(path.join(folder, "program.ts"), path.join(folder, "build/app"), {
    imports,
  });
  expect(report).toMatch(/^as-fibers: .*$/);
  expect(await runNode(["main.mjs"], { cwd: folder })).toEqual({ code: 0, stdout: output, stderr: "" });
});

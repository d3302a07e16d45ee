/** README.md: what it shows runs as printed, and prints what it says. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Block, readBlocks } from "./setup/markdown.ts";
import { asFibers, root, runNode } from "./setup/command.ts";

const blocks = readBlocks("README.md");
let folder = "";

beforeAll(() => {
  // What "npm install <clone> assemblyscript" makes: the package is linked, and the compiler is another copy than the clone's.
  folder = mkdtempSync(path.join(tmpdir(), "as-fibers-readme-"));
  mkdirSync(path.join(folder, "node_modules"));
  symlinkSync(root, path.join(folder, "node_modules/as-fibers"));
  for (const name of ["assemblyscript", "binaryen", "long"]) {
    cpSync(path.join(root, "node_modules", name), path.join(folder, "node_modules", name), {
      recursive: true,
      // Binaryen's own commands are large, and not needed.
      filter: (from) => path.relative(root, from) !== path.join("node_modules", "binaryen", "bin"),
    });
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

function find(language: string, part: string): Block {
  const found = blocks.filter((block) => block.language === language && block.text.includes(part));
  expect(found, `one ${language} block with ${part}`).toHaveLength(1);
  return found[0] as Block;
}

/** What the README says that the block before it prints. */
function outputAfter(block: Block): string {
  const output = blocks.slice(block.index + 1).find(({ language }) => language === "text");
  return output?.text ?? "";
}

test("names the two commands, and they exist", () => {
  const commands = find("sh", "npm start");
  const scripts = (JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> }).scripts;
  const names = commands.text.split("\n").map((line) => /^npm (\w+)/.exec(line)?.[1]);
  expect(names).toEqual(["start", "test", undefined]);
  expect(scripts).toHaveProperty("start");
  expect(scripts).toHaveProperty("test");
});

test("its program runs as printed", async () => {
  const program = find("ts", "export function main");
  expect(program.index).toBe(0);
  expect(program.text.split("\n").length).toBeLessThanOrEqual(24);
  writeFileSync(path.join(folder, "mirrors.ts"), program.text);
  const ended = await asFibers(["run", "mirrors.ts"], { cwd: folder });
  expect(ended).toEqual({ code: 0, stdout: outputAfter(program), stderr: "" });
});

test("a project of one's own builds and runs as printed", async () => {
  writeFileSync(path.join(folder, "greeter.ts"), find("ts", "export function greet").text);
  const command = find("sh", "as-fibers build").text.trim().split(" ").slice(2);
  expect(await asFibers(command, { cwd: folder })).toEqual({ code: 0, stdout: "", stderr: "" });
  const script = find("js", "import { greet }");
  writeFileSync(path.join(folder, "greet.mjs"), script.text);
  const ended = await runNode(["greet.mjs"], { cwd: folder });
  expect(ended).toEqual({ code: 0, stdout: outputAfter(script), stderr: "" });
});

test("what it says of asc is what test/transform/asc.test.ts builds with", () => {
  expect(JSON.parse(find("json", "extends").text)).toEqual({ extends: "as-fibers/asconfig.json" });
});

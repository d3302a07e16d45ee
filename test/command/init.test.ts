/** `as-fibers init`: what it makes, and when it does not. What it makes is built and run in `test/package.test.ts`. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { asFibers, root } from "../setup/command.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "as-fibers-init-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function readManifest(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
}

test("makes a project in a new folder, and says what comes next", async () => {
  const { code, stdout, stderr } = await asFibers(["init", "some/My App"], { cwd: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toBe(`\
the project is made in some/My App; next:

  cd "some/My App"
  npm install
  npm start      runs main of assembly/index.ts
  npm run dev    the same, again whenever a file changes
  npm test       builds the project, and runs test/
`);
  const project = path.join(folder, "some/My App");
  const files = readdirSync(project, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map((entry) => path.relative(project, path.join(entry.parentPath, entry.name))).toSorted()).toEqual([
    ".gitignore",
    "README.md",
    "asconfig.json",
    "assembly/index.ts",
    "assembly/tsconfig.json",
    "package.json",
    "test/app.test.js",
  ]);
  const manifest = readManifest(path.join(project, "package.json"));
  expect(manifest).toMatchObject({ name: "my-app", type: "module" });
  // This command is a clone's, so the project's library is that clone.
  expect(manifest["dependencies"]).toEqual({ "as-fibers": `file:${path.relative(project, root).replace(/\/$/, "")}` });
});

test("makes it in the working directory, beside other files", async () => {
  mkdirSync(path.join(folder, ".git"));
  const { code, stdout } = await asFibers(["init"], { cwd: folder });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^the project is made; next:\n\n {2}npm install\n/);
  expect(existsSync(path.join(folder, "asconfig.json"))).toBe(true);
});

test("overwrites nothing", async () => {
  const files = { "package.json": "{}", "README.md": "mine" };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
  const { code, stdout, stderr } = await asFibers(["init"], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(
    /^✘ E_FILES_EXIST this folder has package\.json, README\.md, which init would overwrite\n {2}→ /,
  );
  expect(readdirSync(folder).toSorted()).toEqual(["README.md", "package.json"]);
  expect(readFileSync(path.join(folder, "README.md"), "utf8")).toBe("mine");
});

test.each<[string[], number, string]>([
  [["one", "two"], 2, "E_INVALID_ARGUMENT init takes one folder"],
  [["--loud"], 2, "E_INVALID_OPTION unknown option '--loud'"],
  [["file/within"], 1, "E_NOT_WRITTEN cannot write file/within/package.json: ENOTDIR"],
])("init %j fails", async (words, expected, headline) => {
  writeFileSync(path.join(folder, "file"), "");
  const { code, stderr } = await asFibers(["init", ...words], { cwd: folder });
  expect(code).toBe(expected);
  expect(stderr).toContain(`✘ ${headline}`);
});

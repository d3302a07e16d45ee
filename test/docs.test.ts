/** The documents: their programs run and print what stands below them, their links lead somewhere, the table of errors is complete. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Writable } from "node:stream";
import { load, nodeDriver } from "as-fibers";
import { compile } from "as-fibers/compiler";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "./setup/command.ts";
import { readBlocks, readDocument, readLinks } from "./setup/markdown.ts";

const documents = readdirSync(path.join(root, "docs")).map((file) => `docs/${file}`);
documents.push("README.md", "CONTRIBUTING.md", "CHANGELOG.md");

test.each(documents.filter((file) => file.endsWith(".md")))("the links of %s lead somewhere", (file) => {
  for (const link of readLinks(file)) expect(existsSync(path.join(root, link)), link).toBe(true);
});

describe("docs/using.md", () => {
  let folder = "";

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "as-fibers-docs-"));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const blocks = readBlocks("docs/using.md");
  const programs = blocks.filter(({ language }) => language === "ts");

  test.each(programs.map((block) => [block.heading, block] as const))("%s", async (_, { index, text }) => {
    const expected = blocks[index + 1];
    expect(expected?.language, "what it prints stands below it").toBe("text");
    const file = path.join(folder, "program.ts");
    writeFileSync(file, text);
    const { binary, sourceMap, report } = await compile(file, { target: "debug" });
    expect(report).not.toMatch(/WARNING|ERROR/);
    let output = "";
    const stdout = new Writable({
      write(chunk: Buffer, _encoding, done) {
        output += chunk.toString();
        done();
      },
    });
    const app = await load(binary, { sourceMap, driver: nodeDriver({ stdout }) });
    await app.exports["main"]?.();
    await app.close();
    expect(output).toBe(expected?.text);
    expect(app.warnings).toEqual([]);
  });
});

test("docs/design.md names every file", () => {
  const text = readDocument("docs/design.md");
  for (const folder of ["assembly", "host", "host/drivers", "host/transform", "host/command"]) {
    for (const file of readdirSync(path.join(root, folder)).filter((name) => name.endsWith(".ts"))) {
      // The entry of the transform is the folder itself.
      if (folder === "host/transform" && file === "index.ts") continue;
      const isNamed = text.includes(`\`${file}\``) || text.includes(`/${file}\``);
      expect(isNamed, `docs/design.md should say what ${folder}/${file} holds`).toBe(true);
    }
  }
});

describe("docs/errors.md", () => {
  const codePattern = /\bE_[A-Z][A-Z0-9_]+\b/g;

  function codesInSources(): Set<string> {
    const codes = new Set<string>();
    for (const folder of ["host", "assembly"]) {
      const files = readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" });
      for (const file of files.filter((name) => name.endsWith(".ts"))) {
        const source = readFileSync(path.join(root, folder, file), "utf8");
        for (const [code] of source.matchAll(codePattern)) codes.add(code);
      }
    }
    return codes;
  }

  const rows = readDocument("docs/errors.md")
    .split("\n")
    .filter((line) => line.startsWith("| `E_"))
    .map((line) => line.split("|").map((cell) => cell.trim()));

  test("lists every code of the sources, and no other", () => {
    const listed = rows.map((cells) => (cells[1] ?? "").replaceAll("`", ""));
    expect(listed.toSorted()).toEqual([...codesInSources()].toSorted());
  });

  test("says when it comes and what to do", () => {
    for (const cells of rows) {
      expect(cells, cells.join("|")).toHaveLength(5);
      expect(cells[2]?.length).toBeGreaterThan(10);
      expect(cells[3]?.length).toBeGreaterThan(3);
    }
  });
});

/** The documents: their programs run and print what stands below them, their links lead somewhere, the table of errors is complete. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable, Writable } from "node:stream";
import { type Driver, load, nodeDriver, virtualDriver } from "as-fibers";
import { compile, type Compiled } from "as-fibers/compiler";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { palette } from "../host/command/palette.ts";
import { report } from "../host/command/report.ts";
import * as host from "../host/index.ts";
import { root, runNode } from "./setup/command.ts";
import { type Block, readAnchors, readBlocks, readDocument, readLinks } from "./setup/markdown.ts";

const documents = readdirSync(path.join(root, "docs"), { recursive: true }).map((file) => `docs/${file}`);
documents.push("README.md", "CONTRIBUTING.md", "CHANGELOG.md");

test.each(documents.filter((file) => file.endsWith(".md")))("the links of %s lead somewhere", (file) => {
  for (const link of readLinks(file)) {
    expect(existsSync(path.join(root, link.file)), link.file).toBe(true);
    if (link.anchor) expect(readAnchors(link.file)).toContain(link.anchor);
  }
});

/**
 * What the guides show is run, and prints what stands in the ```text block below it:
 *
 * - ```ts: on every driver, or on the one that is named behind the language. What stands in a ```text input block is its standard input.
 *   Below one that fails, ```text error is what the command says.
 * - ```js: in Node; directly below a program in AssemblyScript, it loads that one, as program.wasm.
 * - What is marked as a fragment is not run.
 */
const guides = [
  "first-program",
  "using",
  "channels",
  "select",
  "locks",
  "signals",
  "timers",
  "server",
  "blocking",
  "concurrency",
  "futures",
  "references",
  "cancellation",
  "scopes",
  "supervision",
  "deadlocks",
  "testing",
].map((name) => `docs/${name}.md`);

interface Shown {
  heading: string;
  /** In AssemblyScript. */
  program?: Block;
  /** In JavaScript. */
  script?: Block;
  input: string;
  output: string;
  /** Whether that is the report of its failure. */
  isError: boolean;
}

function readShown(guide: string): Shown[] {
  const shown: Shown[] = [];
  const blocks = readBlocks(guide);
  const isCode = ({ language, note }: Block) => ["ts", "js"].includes(language) && note !== "fragment";
  for (let block = blocks.shift(); block; block = blocks.shift()) {
    if (!isCode(block)) continue;
    const example: Shown = { heading: block.heading, input: "", output: "", isError: false };
    if (block.language === "ts") example.program = block;
    else example.script = block;
    if (block.language === "ts" && blocks[0]?.language === "js") example.script = blocks.shift() as Block;
    if (blocks[0]?.note === "input") example.input = blocks.shift()?.text ?? "";
    const output = blocks.shift();
    if (output?.language !== "text") throw new Error(`${guide}, ${block.heading}: what it prints must stand below it`);
    shown.push({ ...example, output: output.text, isError: output.note === "error" });
  }
  return shown;
}

const shown = guides.flatMap((guide) => readShown(guide).map((example) => ({ guide, ...example })));
let project = "";
let all: Promise<{ module: WebAssembly.Module; sourceMap: string }> | undefined;

beforeAll(() => {
  project = mkdtempSync(path.join(tmpdir(), "as-fibers-docs-"));
  mkdirSync(path.join(project, "node_modules"));
  symlinkSync(root, path.join(project, "node_modules/as-fibers"));
});

afterAll(() => rmSync(project, { recursive: true }));

async function build(text: string, name = "program"): Promise<Compiled> {
  const file = path.join(project, `${name}.ts`);
  writeFileSync(file, text);
  const compiled = await compile(file, { target: "debug" });
  expect(compiled.report).not.toMatch(/WARNING|ERROR/);
  return compiled;
}

/** All programs that no script loads, of all guides, in one module: compiling is most of the time. Each is a file of its own, and its main an export. */
async function buildAll(): Promise<{ module: WebAssembly.Module; sourceMap: string }> {
  const exported = shown.map(({ program, script }, index) => {
    if (!program || script) return "";
    writeFileSync(path.join(project, `program-${index}.ts`), program.text);
    return `export { main as main${index} } from "./program-${index}";\n`;
  });
  const { binary, sourceMap } = await build(exported.join(""), "all");
  return { module: await WebAssembly.compile(binary as BufferSource), sourceMap };
}

async function runProgram(name: string, driver: Driver): Promise<void> {
  const { module, sourceMap } = await (all ??= buildAll());
  const app = await load(module, { sourceMap, driver });
  try {
    await app.exports[name]?.();
  } finally {
    await app.close();
  }
  expect(app.warnings).toEqual([]);
}

async function outputOnNode(name: string, input: string): Promise<string> {
  let output = "";
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      output += chunk.toString();
      done();
    },
  });
  await runProgram(name, nodeDriver({ stdout, stdin: Readable.from([Buffer.from(input)]) }));
  return output;
}

async function outputOnVirtual(name: string, input: string): Promise<string> {
  const driver = virtualDriver({ stdin: input });
  await runProgram(name, driver);
  return driver.output;
}

/** What the command says of a failure, in a project: it knows the errors of its own copy of the library. */
async function reportOf(name: string): Promise<string> {
  const { module, sourceMap } = await (all ??= buildAll());
  const app = await host.load(module, { sourceMap, driver: host.virtualDriver() });
  const ended = await Promise.allSettled([app.exports[name]?.()]);
  await app.close();
  const error = ended[0].status === "rejected" ? (ended[0].reason as unknown) : "it has not failed";
  const text = report(error, { colours: palette(false), sourceFolder: project });
  return text.replaceAll(/[^\s(]*program-\d+\.ts/g, "assembly/index.ts").replaceAll(`"${name}"`, '"main"');
}

describe.each(guides)("%s", (guide) => {
  const own = shown.map((example, index) => [example.heading, example, index] as const);

  test.each(own.filter(([, example]) => example.guide === guide))("%s", async (_, example, index) => {
    const { program, script, input, output, isError } = example;
    if (script) {
      if (program) {
        const { binary, sourceMap } = await build(program.text);
        writeFileSync(path.join(project, "program.wasm"), binary);
        writeFileSync(path.join(project, "module.wasm.map"), sourceMap);
      }
      writeFileSync(path.join(project, "program.mjs"), script.text);
      const ended = await runNode(["program.mjs"], { cwd: project });
      expect(ended).toEqual({ code: 0, stdout: output, stderr: "" });
      return;
    }
    if (!program) throw new Error("neither a program nor a script");
    const name = `main${index}`;
    if (isError) {
      expect(await reportOf(name)).toBe(output);
      return;
    }
    if (program.note !== "virtual") expect(await outputOnNode(name, input), "node").toBe(output);
    if (program.note !== "node") expect(await outputOnVirtual(name, input), "virtual").toBe(output);
  });
});

test("docs/README.md names every guide", () => {
  const linked = readLinks("docs/README.md").map(({ file }) => file);
  const files = readdirSync(path.join(root, "docs")).filter((file) => file.endsWith(".md") && file !== "README.md");
  expect(linked).toEqual(expect.arrayContaining(files.map((file) => `docs/${file}`)));
});

test("docs/first-program.md shows the project that init makes", () => {
  const blocks = readBlocks("docs/first-program.md");
  const shownFirst = (language: string) => blocks.find((block) => block.language === language)?.text;
  expect(shownFirst("ts")).toBe(readDocument("template/assembly/index.ts"));
  expect(shownFirst("js")).toBe(readDocument("template/test/app.test.js"));
});

test("docs/using.md names everything that programs can import", () => {
  const [, table = ""] = /^## What there is\n(.*?)^## /ms.exec(readDocument("docs/using.md")) ?? [];
  const index = readFileSync(path.join(root, "assembly/index.ts"), "utf8");
  const names = [...index.matchAll(/^export \{ (.*) \}/gm)].flatMap(([, list = ""]) => list.split(", "));
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect(table, name).toContain(`\`${name}\``);
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
    .filter((line) => line.startsWith("| `E"))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const listed = rows.map((cells) => (cells[1] ?? "").replaceAll("`", ""));
  const isOurs = (code: string) => code.startsWith("E_");

  test("lists every code of the sources, and no other", () => {
    expect(listed.filter(isOurs).toSorted()).toEqual([...codesInSources()].toSorted());
  });

  test("lists every code that the system's errors have, and no other", () => {
    const source = readFileSync(path.join(root, "assembly/errno.ts"), "utf8");
    const codes = [...source.matchAll(/return "(E[A-Z_]+)";/g)].map(([, code = ""]) => code);
    const theirs = codes.filter((code) => !isOurs(code)).toSorted();
    expect(listed.filter((code) => !isOurs(code)).toSorted()).toEqual(theirs);
  });

  test("says when it comes and what to do", () => {
    for (const cells of rows) {
      expect(cells, cells.join("|")).toHaveLength(5);
      expect(cells[2]?.length).toBeGreaterThan(10);
      expect(cells[3]?.length).toBeGreaterThan(3);
    }
  });
});

/** What `as-fibers run` keeps of what it has compiled. The compiler here only reads what it is told to, and counts. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compileOnce } from "../../host/command/build-cache.ts";
import type { Compiled, CompileOptions } from "../../host/compile.ts";

let folder = "";
let compilations = 0;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "as-fibers-cache-"));
  mkdirSync(path.join(folder, "node_modules"));
  write("main.ts", "one");
  write("other.ts", "two");
  compilations = 0;
});

afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string) => path.join(folder, name);
const write = (name: string, text: string) => writeFileSync(at(name), text);
const entries = () =>
  readdirSync(at("node_modules/.cache/as-fibers")).map((name) => at(`node_modules/.cache/as-fibers/${name}`));

/** "Compiles" main.ts: joins the texts of the files that it reads. */
function compile(options: CompileOptions = {}, names = ["main.ts", "other.ts", "absent.ts"]): Promise<Compiled> {
  return compileOnce(at("main.ts"), options, async (files) => {
    compilations++;
    const texts = await Promise.all(names.map((name) => files.read(at(name))));
    const folders = await files.list(folder);
    return { binary: Uint8Array.of(1, 2, 3), sourceMap: `${texts}`, report: `${folders}` };
  });
}

describe("a program", () => {
  test("that has not changed is compiled once", async () => {
    const compiled = await compile();
    expect(compiled).toEqual({ binary: Uint8Array.of(1, 2, 3), sourceMap: "one,two,", report: "main.ts,other.ts" });
    expect(await compile()).toEqual(compiled);
    expect(compilations).toBe(1);
  });

  test.each([
    ["the file itself", () => write("main.ts", "ONE"), "ONE,two,"],
    ["a file that it imports", () => write("other.ts", ""), "one,,"],
    ["a file that is gone", () => unlinkSync(at("other.ts")), "one,,"],
    ["a file that was looked for and is there now", () => write("absent.ts", "three"), "one,two,three"],
    ["a folder of a library", () => write("new.ts", ""), "one,two,"],
  ])("is compiled again when this has changed: %s", async (_, change, expected) => {
    await compile();
    change();
    expect((await compile()).sourceMap).toBe(expected);
    await compile();
    expect(compilations).toBe(2);
  });

  test("is compiled for each set of options", async () => {
    await compile({ target: "debug" });
    await compile({ target: "release" });
    await compile({ target: "debug" });
    expect(compilations).toBe(2);
    expect(entries()).toHaveLength(2);
  });

  test("is compiled again when the entry was cut off", async () => {
    const compiled = await compile();
    for (const entry of entries()) truncateSync(entry, 40);
    expect(await compile()).toEqual(compiled);
    await compile();
    expect(compilations).toBe(2);
  });

  test("that cannot be compiled leaves nothing", async () => {
    const failing = compileOnce(at("main.ts"), {}, () => Promise.reject(new Error("E_COMPILE")));
    await expect(failing).rejects.toThrow("E_COMPILE");
    await compile();
    expect(compilations).toBe(1);
  });
});

test("without a node_modules above it, a program is compiled each time", async () => {
  rmSync(at("node_modules"), { recursive: true });
  await compile();
  await compile();
  expect(compilations).toBe(2);
});

test("where nothing can be written, a program is compiled each time", async () => {
  write("node_modules/.cache", "a file where the folder should be");
  await compile();
  await compile();
  expect(compilations).toBe(2);
});

test("the oldest entries go", async () => {
  for (let i = 0; i < 55; i++) await compile({ flags: [`${i}`] });
  expect(entries()).toHaveLength(50);
});

/** The public files of the guest library: what index.ts names, and that one compiles and runs when it is imported first, as if it were alone. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { load, virtualDriver } from "as-fibers";
import { compile } from "as-fibers/compiler";
import { afterAll, expect, test } from "vitest";

const library = new URL("../../assembly/", import.meta.url);
const folder = mkdtempSync(path.join(tmpdir(), "as-fibers-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What index.ts exports, by file. */
const publicNames = [
  ...readFileSync(new URL("index.ts", library), "utf8").matchAll(/^export \{([^}]*)\} from "\.\/([\w-]+)";/gm),
].map(([, names = "", file = ""]) => ({
  file,
  names: names
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean),
}));

/** Compiles without optimizing, which is most of the time. */
async function compileText(name: string, text: string): Promise<Uint8Array> {
  const file = path.join(folder, `${name}.ts`);
  writeFileSync(file, text);
  return (await compile(file, { target: "debug" })).binary;
}

test("index.ts only re-exports, and names every public file once", () => {
  const text = readFileSync(new URL("index.ts", library), "utf8");
  const other = text
    .replace(/\/\*\*[^]*?\*\//g, "")
    .replace(/^export \{[^}]*\} from "\.\/[\w-]+";\n/gm, "")
    .trim();
  expect(other).toBe("");
  expect(publicNames.length).toBeGreaterThan(5);
  expect(new Set(publicNames.map(({ file }) => file)).size).toBe(publicNames.length);
});

test("no file of the library gives names to those that have not imported them, but the hook of the collector", () => {
  const given = readdirSync(library, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => [...readFileSync(new URL(name, library), "utf8").matchAll(/^ *@global\s+(.*?)[(:=]/gm)])
    .map(([, declared]) => declared);
  expect(given).toEqual(["function __finalize"]);
});

/** Nothing depends on who is imported first, since no imports of the library go round (test/architecture.test.ts): some show it. */
const some = publicNames.filter((_, index) => index % 6 === 0);

// What is imported first is resolved and compiled first, and sees nothing of what comes after it: as if it were alone.
test.each(some)("$file first, with $names, then the rest", async ({ file, names }) => {
  const text = `
    import { ${names.join(", ")} } from "as-fibers/assembly/${file}";
    import * as library from "as-fibers/assembly";
    function work(n: i32): i32 { library.yieldNow(); return n + 1; }
    export function main(): i32 { return library.spawn(work, 41).join(); }
  `;
  const app = await load(await compileText(`first-${file}`, text), { driver: virtualDriver() });
  expect(await app.exports["main"]?.()).toBe(42);
});

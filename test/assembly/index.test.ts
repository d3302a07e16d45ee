/** Every public file of the guest library compiles when it is imported alone, and when it is imported first. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

test.each(publicNames)("$file alone: $names", async ({ file, names }) => {
  const text = `import { ${names.join(", ")} } from "as-fibers/assembly/${file}";\nexport function main(): i32 { return 42; }\n`;
  const app = await load(await compileText(`alone-${file}`, text), { driver: virtualDriver() });
  expect(await app.exports["main"]?.()).toBe(42);
});

test.each(publicNames)("$file first, then the rest", async ({ file }) => {
  const text = `
    import * as first from "as-fibers/assembly/${file}";
    import { spawn, yieldNow } from "as-fibers/assembly";
    function work(n: i32): i32 { yieldNow(); return n + 1; }
    export function main(): i32 { return spawn(work, 41).join(); }
  `;
  const app = await load(await compileText(`first-${file}`, text), { driver: virtualDriver() });
  expect(await app.exports["main"]?.()).toBe(42);
});

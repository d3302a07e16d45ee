/** The files that `as-fibers build` writes for JavaScript: what they export, their types, and what is refused. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type FiberError, type FibersError, load } from "as-fibers";
import { compile } from "as-fibers/compiler";
import { build as esbuild, type BuildOptions as EsbuildOptions } from "esbuild";
import { build as vite, type InlineConfig as ViteOptions } from "vite";
import { beforeAll, describe, expect, test } from "vitest";
import { ABI_VERSION } from "../../host/abi.ts";
import { findWrongType } from "../../host/command/bindings-files.ts";
import { describeLocation } from "../../host/errors.ts";
import { asFibers, root, runNode } from "../setup/command.ts";
import { placeOf } from "../setup/source.ts";
import { type AnyFunction, build, type BuiltModule, type BuiltProgram, importFile } from "./built.ts";

const folder = path.join(root, ".cache/bindings");

let bound: BuiltProgram;
let unbound: BuiltProgram;
beforeAll(async () => {
  [bound, unbound] = await Promise.all([
    build("files", ["--imports", "test/bindings/host.mjs"], "app"),
    build("files", [], "app-without-imports"),
  ]);
});

const call = (module: BuiltModule, name: string, ...values: unknown[]) => (module[name] as AnyFunction)(...values);

/** Of the export that returns one. */
const streamOf = (module: Record<string, unknown>, values: unknown) =>
  (module["pass"] as (given: unknown) => AsyncIterator<unknown>)(values);

describe("with --imports", () => {
  test("whoever imports the file calls the program; all share one instance", async () => {
    const app = await bound.open();
    expect(await call(app, "find", "ab")).toBe("ab=2ab=2");
    expect(await call(app, "find", "abc", ":")).toBe("abc:3abc:3");
    expect((app["lookedUp"] as { value: string[] }).value).toEqual(["ab", "abc"]);
    expect(await call(app, "inner", { value: 1 })).toEqual({ value: 2 });
    const names = ["delete", "find", "inner", "instantiate", "lookedUp", "lose", "pass"];
    expect(Object.keys(app).toSorted()).toEqual(names);
    expect(await call(await bound.open(), "delete")).toBe(2);
  });

  test("instantiate makes instances that share nothing; what it is given goes first", async () => {
    const app = await bound.open();
    const [one, other] = await Promise.all([
      app.instantiate(),
      app.instantiate({ imports: { files: { twice: (text: string) => text } } }),
    ]);
    expect(await one.exports["find"]?.("ab")).toBe("ab=2ab=2");
    expect(await other.exports["find"]?.("ab")).toBe("ab=2");
    expect(await one.exports["delete"]?.()).toBe(1);
    await one.close();
    await expect(one.exports["find"]?.("ab")).rejects.toMatchObject({ code: "E_INSTANCE_CLOSED" });
    expect(await other.exports["delete"]?.()).toBe(1);
    await other.close();
  });

  test("a failure tells the lines of the program, and where its fibers were started", async () => {
    const own = await (await bound.open()).instantiate();
    const error = (await own.exports["lose"]?.().catch((thrown: unknown) => thrown)) as FiberError;
    const place = (marked: string) => describeLocation({ ...placeOf("bindings/files", marked), file: "files.ts" });
    const spawned = 'return |spawn(search, 1, "searcher").join()';
    expect(error.stack?.split("\n")).toEqual([
      'FiberError [E_NOTHING]: joined fiber "searcher", which failed: there is nothing',
      '    in fiber "lose" (1)',
      `    at lose (${place(spawned)})`,
    ]);
    expect(error.startedAt).toBe(null);
    const cause = error.cause as FiberError;
    expect(cause.startedAt).toBe(place(spawned));
    expect(cause.stack?.split("\n")).toEqual([
      "FiberError [E_NOTHING]: there is nothing",
      '    in fiber "searcher" (2)',
      `    at search (${place('|fail("there is nothing"')})`,
      `    at search (${place("return |search(depth - 1)")})`,
      `    started at ${place(spawned)}`,
    ]);
    await own.close();
  });

  test("nothing keeps the process alive, neither an idle instance nor a call that is never answered", async () => {
    const script = `
      const app = await import(process.argv[1]);
      console.log(await app.find("abc"));
      void app.find("never");
      const own = await app.instantiate();
      console.log(await own.exports.find("x"));`;
    const { code, stdout, stderr } = await runNode(["--input-type=module", "--eval", script, `${bound.base}.js`]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "abc=3abc=3\nx=1x=1\n", stderr: "" });
  });
});

describe("elsewhere", () => {
  const place = path.join(folder, "elsewhere");
  const importCopy = (wasm: Buffer | undefined, name: string) => {
    mkdirSync(place, { recursive: true });
    writeFileSync(path.join(place, `${name}.js`), readFileSync(`${unbound.base}.js`));
    if (wasm) writeFileSync(path.join(place, `${path.basename(unbound.base)}.wasm`), wasm);
    return importFile(path.join(place, `${name}.js`));
  };

  test("without the module beside it, the import fails, and names its file", async () => {
    rmSync(place, { recursive: true, force: true });
    await expect(importCopy(undefined, "alone")).rejects.toMatchObject({
      code: "E_NO_MODULE",
      message: expect.stringMatching(/cannot read the module file:.*elsewhere\/app-without-imports\.wasm/) as string,
    });
  });

  test("a module of another ABI beside it: E_ABI_MISMATCH", async () => {
    const text = readFileSync(`${unbound.base}.wasm`).toString("latin1");
    const changed = text.replace(`"abi":${ABI_VERSION},`, `"abi":${(ABI_VERSION + 1) % 10},`);
    expect(changed).not.toBe(text);
    await expect(importCopy(Buffer.from(changed, "latin1"), "changed")).rejects.toMatchObject({
      code: "E_ABI_MISMATCH",
    });
  });
});

describe("bundled for Node, with the module copied beside the bundle", () => {
  const entry = path.join(folder, "bundled.mjs");
  const bundlers: [string, (outDir: string) => Promise<unknown>][] = [
    ["esbuild, as-fibers outside", (outDir) => esbuild({ ...esbuildOptions(entry, outDir), packages: "external" })],
    ["esbuild, as-fibers inside", (outDir) => esbuild(esbuildOptions(entry, outDir))],
    ["Vite, as-fibers outside", (outDir) => vite(viteOptions(entry, outDir, { external: ["as-fibers"] }))],
    ["Vite, as-fibers inside", (outDir) => vite(viteOptions(entry, outDir, { noExternal: true }))],
  ];
  beforeAll(() => {
    const lines = [
      `import { find, instantiate } from "./app.js";`,
      `console.log(await find("abc"));`,
      `const own = await instantiate();`,
      `console.log(await own.exports.find("x"));`,
    ];
    writeFileSync(entry, lines.join("\n"));
  });

  test.each(bundlers)("%s", async (name, bundle) => {
    const outDir = path.join(folder, "bundles", name.replaceAll(/\W+/g, "-"));
    await bundle(outDir);
    copyFileSync(`${bound.base}.wasm`, path.join(outDir, "app.wasm"));
    const text = readFileSync(path.join(outDir, "main.mjs"), "utf8");
    expect(/from ?["']as-fibers["']/.test(text)).toBe(name.endsWith("outside"));
    const { code, stdout, stderr } = await runNode([path.join(outDir, "main.mjs")]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "abc=3abc=3\nx=1x=1\n", stderr: "" });
  });
});

function esbuildOptions(entry: string, outDir: string): EsbuildOptions {
  return {
    entryPoints: [entry],
    outfile: path.join(outDir, "main.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
  };
}

function viteOptions(entry: string, outDir: string, ssr: ViteOptions["ssr"]): ViteOptions {
  const output = { entryFileNames: "main.mjs" };
  const bundle = { ssr: entry, outDir, emptyOutDir: true, target: "node20", rolldownOptions: { output } };
  return { configFile: false, logLevel: "warn", root, build: bundle, ...(ssr ? { ssr } : {}) };
}

describe("without what the program imports", () => {
  test("the file can be imported: its functions say what is missing, and instantiate takes it", async () => {
    const app = await unbound.open();
    const message = /imports files\.lookUp, files\.twice: build it with --imports/;
    await expect(call(app, "find", "ab")).rejects.toMatchObject({ code: "E_MISSING_IMPORT" });
    await expect(call(app, "find", "ab")).rejects.toThrow(message);
    await expect(streamOf(app, ["a"]).next()).rejects.toThrow(message);
    expect(() => (app["lookedUp"] as { value: unknown }).value).toThrow(message);
    await expect(app.instantiate()).rejects.toMatchObject({ code: "E_MISSING_IMPORT" });
    const lookUp = async (key: string) => ({ key, values: [], parent: null });
    const own = await app.instantiate({ imports: { files: { lookUp, twice: (text: string) => text } } });
    expect(await own.exports["find"]?.("ab")).toBe("ab=");
    await own.close();
  });

  test("by load, streams do not cross", async () => {
    const files = { lookUp: () => 0, twice: () => 0 };
    const plain = await load(readFileSync(`${unbound.base}.wasm`), { imports: { files } });
    await expect(streamOf(plain.exports, ["a"]).next()).rejects.toMatchObject({ code: "E_UNSUPPORTED_TYPE" });
    await plain.close();
  });

  test("results are checked as deep as they go", async () => {
    const app = await unbound.open();
    const answers = [{ key: "a", values: ["1"], parent: null }, { key: "a", values: [] }, { key: 1 }, null];
    const lookUp = () => answers.shift();
    const own = await app.instantiate({ imports: { files: { lookUp, twice: (text: string) => text } as never } });
    const find = () => own.exports["find"]?.("a");
    await expect(find()).rejects.toMatchObject({
      code: "E_IMPORT_RESULT",
      message: 'the import files.lookUp: its result.values[0] is of type i32, and got "1"',
    });
    // A reference that may be null may also be missing.
    expect(await find()).toBe("a=");
    await expect(find()).rejects.toMatchObject({ code: "E_IMPORT_RESULT" });
    await expect(find()).rejects.toMatchObject({ code: "E_IMPORT_RESULT" });
    await own.close();
  });
});

describe("values that do something when they are read", () => {
  /** A number that can be read so many times, and then throws. */
  const readable = (times: number) => ({
    get value() {
      if (times-- <= 0) throw new Error("not again");
      return 1;
    },
  });
  const openWith = async (parent: () => unknown) => {
    const lookUp = (key: string) => ({ key, values: [], parent: key === "bad" ? parent() : null });
    const imports = { files: { lookUp, twice: (text: string) => text } } as unknown as WebAssembly.Imports;
    return (await unbound.open()).instantiate({ imports });
  };

  test("an argument that throws, first or when it is lowered: its call rejects, others go on", async () => {
    const own = await openWith(() => null);
    const other = own.exports["find"]?.("a");
    await expect(own.exports["inner"]?.(readable(0))).rejects.toThrow("not again");
    await expect(own.exports["inner"]?.(readable(1))).rejects.toMatchObject({
      code: "E_INVALID_ARGUMENT",
      message: "inner: an argument cannot be read: not again",
    });
    expect(await other).toBe("a=");
    expect(await own.exports["inner"]?.(readable(2))).toEqual({ value: 2 });
    await own.close();
  });

  test.each([0, 1])("an answer that can be read %d times: its fiber fails, others go on", async (times) => {
    const answer = readable(times);
    const own = await openWith(() => ({
      key: "",
      parent: null,
      get values() {
        return [answer.value];
      },
    }));
    const other = own.exports["find"]?.("a");
    await expect(own.exports["find"]?.("bad")).rejects.toMatchObject({
      code: "E_IMPORT_RESULT",
      message: "the import files.lookUp: its result cannot be read: Error: not again",
    });
    expect(await other).toBe("a=");
    await own.close();
  });

  test("what an import without @suspends gives is not checked, as with the compiler alone; what cannot be lowered fails", async () => {
    const imports = { files: { lookUp: (key: string) => ({ key, values: [], parent: null }), twice: () => null } };
    const own = await (await unbound.open()).instantiate({ imports: imports as unknown as WebAssembly.Imports });
    await expect(own.exports["find"]?.("a")).rejects.toMatchObject({
      code: "E_IMPORT_THREW",
      message: "an imported function threw: value must not be null",
    });
    expect(await own.exports["delete"]?.()).toBe(1);
    await own.close();
  });

  test("an argument that calls the program", async () => {
    const own = await openWith(() => null);
    const inside = {
      get value() {
        void own.exports["delete"]?.();
        return 1;
      },
    };
    expect(await own.exports["inner"]?.(inside)).toEqual({ value: 2 });
    await own.close();
  });

  test("an argument that ends the instance: its call rejects like all others", async () => {
    const own = await openWith(() => null);
    const pending = own.exports["find"]?.("a");
    let reads = 0;
    const inside = {
      get value() {
        if (++reads === 2) own.terminate();
        return 1;
      },
    };
    await expect(own.exports["inner"]?.(inside)).rejects.toMatchObject({ code: "E_INSTANCE_CLOSED" });
    await expect(pending).rejects.toMatchObject({ code: "E_INSTANCE_CLOSED" });
  });
});

describe("the types", () => {
  test("are checked by tsc: right uses pass, wrong ones do not", async () => {
    const lines = [
      `import { createReadStream } from "node:fs";`,
      `import { Readable } from "node:stream";`,
      `import { find, inner, instantiate, lookedUp, pass, type Entry, type Inside } from "./app.js";`,
      `const text: string = await find("a");`,
      `await find("a", "b", { signal: new AbortController().signal });`,
      `await find("a", { signal: undefined });`,
      `const inside: Inside = await inner({ value: 1 });`,
      `const names: string[] = lookedUp.value;`,
      `const own = await instantiate({ imports: { files: { lookUp: async (key) => ({ key: key.trim(), values: [], parent: null }) } } });`,
      `const again: Promise<string> = own.exports.find("a");`,
      `console.log(text, inside.value, names, again);`,
      `const entries: (Entry | null)[] = [null];`,
      `for await (const line of pass(["a"], entries)) console.log(line.trim());`,
      `const passed = pass(createReadStream("file").setEncoding("utf8"), null, { signal: undefined });`,
      `const ended: IteratorResult<string> = await passed.return();`,
      `const collected: string[] = await Readable.from(pass(new ReadableStream<string>())).toArray();`,
      `console.log(passed[Symbol.asyncDispose](), ended, collected, pass(pass(new Set(["b"]))));`,
      `// @ts-expect-error`,
      `await find(5);`,
      `// @ts-expect-error`,
      `await inner({ value: "1" });`,
      `// @ts-expect-error`,
      `pass([1]);`,
      `// @ts-expect-error`,
      `pass(pass(["a"]), [{ key: "a" }]);`,
      `// @ts-expect-error`,
      `lookedUp.value = [];`,
      `// @ts-expect-error`,
      `await instantiate({ imports: { files: { lookUp: async () => 5 } } });`,
    ];
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, "use.ts"), lines.join("\n"));
    const tsc = path.join(root, "node_modules/typescript/bin/tsc");
    const options = [
      "--ignoreConfig",
      "--noEmit",
      "--strict",
      "--target",
      "es2022",
      "--module",
      "nodenext",
      "--lib",
      "es2023,dom",
    ];
    const { code, stdout } = await runNode([tsc, ...options, "--types", "node", path.join(folder, "use.ts")]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });

  test("carry the doc comments", () => {
    const text = readFileSync(`${bound.base}.d.ts`, "utf8");
    expect(text).toContain(
      "/** The key and what is behind it. */\nexport declare function find(key: string, separator?: string,",
    );
    expect(text).toContain("/** One more than that. */\nexport declare function inner(inside: Inside,");
  });
});

test("what cannot be exported is listed, and nothing else is said", () => {
  const line = "as-fibers: not exported: the function generic is generic: export one of certain types that calls it\n";
  expect(unbound.report).toBe(line);
});

test("a package.json by which Node would refuse the file is told", () => {
  const project = path.join(folder, "typed");
  mkdirSync(path.join(project, "build"), { recursive: true });
  const base = path.join(project, "build/app");
  const file = path.join(project, "package.json");
  const wrongTypeIn = (text: string) => {
    writeFileSync(file, text);
    return findWrongType(base);
  };
  expect(wrongTypeIn('{ "type": "module" }')).toBe(null);
  expect(wrongTypeIn("{}")).toBe(null);
  const text = `${base}.js is an ES module, and ${path.relative(process.cwd(), file)} says "type": "commonjs", by which Node refuses it: let it say "type": "module"`;
  expect(wrongTypeIn('{ "type": "commonjs" }')).toBe(text);
});

describe("refused", () => {
  test("a name that the file itself exports", async () => {
    const file = path.join(folder, "taken.ts");
    writeFileSync(file, "export function instantiate(): void {}");
    const { code, stderr } = await asFibers(["build", file, "-o", path.join(folder, "taken"), "--debug"]);
    expect(code).toBe(1);
    expect(stderr).toContain("E_NAME_TAKEN the program exports instantiate");
  });

  const wrong: [string, string, string][] = [
    ["a function of the program", "@suspends export function f(): void {}", "f is a function of the program"],
    ["a generic import", "@suspends declare function f<T>(value: T): void;", "f is generic"],
    ["one in a namespace", "namespace N { @suspends export declare function f(): void; }", "inside of the namespace N"],
    [
      "one that leaves a status, and cannot be null",
      "@suspends declare function fOrError(): string; export function main(): void { fOrError(); }",
      "fOrError leaves a status and returns null when it fails: let it return string | null",
    ],
  ];
  test.each(wrong)("@suspends on %s", async (_name, text, message) => {
    const file = path.join(folder, "suspends.ts");
    writeFileSync(file, text);
    const error = await compile(file, { target: "debug" }).catch((thrown: unknown) => thrown as FibersError);
    expect(error).toMatchObject({ code: "E_COMPILE", message: expect.stringContaining(message) as string });
  });

  test("@suspends for a WASI host, which has no JavaScript", async () => {
    const file = path.join(folder, "suspends-on-wasi.ts");
    writeFileSync(file, "@suspends declare function f(): void; export function main(): void { f(); }");
    const error = await compile(file, { target: "debug", host: "wasi" }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      message: expect.stringContaining("E_FOREIGN_IMPORT: the program imports") as string,
    });
  });
});

/** The files that `as-fibers build` writes for JavaScript: what they export, their types, and what is refused. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type FibersError, load } from "as-fibers";
import { compile } from "as-fibers/compiler";
import { beforeAll, describe, expect, test } from "vitest";
import { asFibers, root, runNode } from "../setup/command.ts";
import { type AnyFunction, build, type BuiltModule, type BuiltProgram } from "./built.ts";

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
    expect(Object.keys(app).toSorted()).toEqual(["delete", "find", "inner", "instantiate", "lookedUp", "pass"]);
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

/** Which functions of an entry file become async exports, and with which types. */
import { load, virtualDriver } from "as-fibers";
import { beforeAll, expect, test } from "vitest";
import { isPlainType } from "../../host/transform/entry.ts";
import { type Built, build } from "../setup/build.ts";

const files = {
  "index.ts": `
    import { imported, second as renamed } from "./other";
    export * from "./everything";
    export { direct, fromDeep as shallow } from "./other";
    export { imported, renamed as again };
    export { local as outside };
    function local(value: i32): i32 { return value + 1; }
    function kept(value: i32): i32 { return value; }
    export function own(a: i32, b: f64 = 1.5, c: string = "c", d: bool = b > a): string { return a.toString() + b.toString() + c + d.toString() + kept(a).toString(); }
    export function nothing(): void {}
    export function hidden(): string { return "of the entry"; }
    export function generic<T>(value: T): T { return value; }
    export function takesArray(values: i32[]): void {}
    export class Exported { x: i32 = 0; method(): i32 { return this.x; } }
    export const constant: i32 = 5;
    export let variable: i32 = 6;
    export enum Color { RED, GREEN }
    class Private {}
    generic<i32>(1); takesArray([]);`,
  "other.ts": `
    import { yieldNow } from "as-fibers/assembly";
    export { fromDeep } from "./folder";
    export function imported(value: i32 = 10): i32 { yieldNow(); return value * 2; }
    export function second(value: i32): i32 { yieldNow(); return value * 3; }
    export function direct(value: i64): i64 { yieldNow(); return -value; }
    export function unused(): void {}`,
  "everything.ts": `
    import { yieldNow } from "as-fibers/assembly";
    export * from "./other";
    export function starred(text: string): string { yieldNow(); return text + "*"; }
    export function hidden(): string { return "of another file"; }`,
  "folder/index.ts": `export function fromDeep(): i32 { return 7; }`,
};

let built: Built;
beforeAll(async () => {
  built = await build(files, { flags: ["--debug"] });
});

test("the section lists them with their AssemblyScript types, optional parameters and results", () => {
  const exports = Object.fromEntries(built.section.exports.map(({ name, ...rest }) => [name, rest]));
  expect(Object.keys(exports).toSorted()).toEqual(
    "again direct fromDeep hidden imported nothing outside own second shallow starred takesArray unused"
      .split(" ")
      .toSorted(),
  );
  expect(exports["own"]).toEqual({
    parameters: [
      { name: "a", type: "i32" },
      { name: "b", type: "f64" },
      { name: "c", type: "string" },
      { name: "d", type: "bool" },
    ],
    required: 1,
    result: "string",
    callable: true,
  });
  expect(exports["nothing"]).toEqual({ parameters: [], required: 0, result: "void", callable: true });
  expect(exports["imported"]).toEqual({
    parameters: [{ name: "value", type: "i32" }],
    required: 0,
    result: "i32",
    callable: true,
  });
  expect(exports["takesArray"]).toMatchObject({ parameters: [{ name: "values", type: "i32[]" }], callable: false });
});

test("none of them is left as a raw export; what is no function stays", () => {
  const names = WebAssembly.Module.exports(built.module).map(({ name }) => name);
  for (const { name } of built.section.exports) expect(names).not.toContain(name);
  expect(names.filter((name) => !name.startsWith("__fibers_"))).toEqual(
    expect.arrayContaining(["memory", "constant", "variable", "Color.RED"]),
  );
  expect(names.filter((name) => name.startsWith("asyncify"))).toEqual([]);
});

test("each can be called, under the name by which it is exported", async () => {
  const { exports } = await load(built.module, { driver: virtualDriver() });
  expect(await exports["own"]?.(1)).toBe("11.5ctrue1");
  expect(await exports["own"]?.(3, 2, "x")).toBe("32.0xfalse3");
  expect(await exports["outside"]?.(1)).toBe(2);
  expect(await exports["imported"]?.()).toBe(20);
  expect(await exports["imported"]?.(4)).toBe(8);
  expect(await exports["again"]?.(4)).toBe(12);
  expect(await exports["second"]?.(4)).toBe(12);
  expect(await exports["direct"]?.(4n)).toBe(-4n);
  expect(await exports["shallow"]?.()).toBe(7);
  expect(await exports["starred"]?.("a")).toBe("a*");
  expect(await exports["hidden"]?.()).toBe("of the entry");
});

test("a program that exports nothing", async () => {
  const { module, section } = await build(`import { print } from "as-fibers/assembly"; print("hello");`, {
    flags: ["--debug"],
  });
  expect(section.exports).toEqual([]);
  const driver = virtualDriver();
  const app = await load(module, { driver });
  expect(Object.keys(app.exports)).toEqual([]);
  expect(driver.output).toBe("hello\n");
});

test("which types are plain", () => {
  for (const type of ["i8", "u64", "isize", "f32", "bool", "string"]) expect(isPlainType(type)).toBe(true);
  for (const type of ["v128", "string | null", "i32[]", "Array<i32>", "void", "Node", ""])
    expect(isPlainType(type)).toBe(false);
});

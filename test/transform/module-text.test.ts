/** Reading Binaryen's text: every form that the verification relies on, in modules that Binaryen itself has written. */
import binaryen from "assemblyscript/binaryen";
import { expect, test } from "vitest";
import { parseModuleText } from "../../host/transform/module-text.ts";

const parse = (text: string) => parseModuleText(binaryen.parseText(`(module ${text})`).emitText());

test("imports, by their own names", () => {
  const { imports } = parse(`
    (import "asyncify" "start_unwind" (func $~lib/as-fibers/assembly/context/startUnwind (param i32)))
    (import "env" "memory" (memory 1))
    (import "env" "a b" (func $f))`);
  expect([...imports]).toEqual([
    ["~lib/as-fibers/assembly/context/startUnwind", "asyncify.start_unwind"],
    ["f", "env.a b"],
  ]);
});

test("direct calls, tail positions and nested ones included", () => {
  const { functions } = parse(`
    (func $leaf (param i32) (result i32) (local.get 0))
    (func $caller (param i32) (result i32)
      (if (result i32) (call $leaf (call $middle (i32.const 1)))
        (then (call $leaf (i32.const 2)))
        (else (loop $l (result i32) (call $caller (local.get 0))))))
    (func $middle (param i32) (result i32) (local.get 0))`);
  expect([...(functions.get("caller")?.calls ?? [])].toSorted()).toEqual(["caller", "leaf", "middle"]);
  expect(functions.get("leaf")?.calls.size).toBe(0);
});

test("names with all that AssemblyScript puts into them", () => {
  const names = [
    "~lib/as-fibers/assembly/task/spawn<index/Job,i32>~anonymous|0",
    "~lib/map/Map<i32,~lib/array/Array<~lib/string/String>>#set",
    "index/a.b@varargs",
    "export:index/main",
    "start:assembly/index",
  ];
  const { functions } = parse(
    names.map((name, i) => `(func $"${name}" (call $"${names[(i + 1) % names.length]}"))`).join("\n"),
  );
  expect([...functions.keys()].toSorted()).toEqual(names.toSorted());
  names.forEach((name, i) => {
    expect([...(functions.get(name)?.calls ?? [])]).toEqual([names[(i + 1) % names.length]]);
  });
});

test("names that need escapes", () => {
  const module = new binaryen.Module();
  const name = 'index/"quoted" (ü) \\ $x';
  module.addFunction(name, binaryen.none, binaryen.none, [], module.nop());
  module.addFunction("caller", binaryen.none, binaryen.none, [], module.call(name, [], binaryen.none));
  const { functions } = parseModuleText(module.emitText());
  expect(functions.size).toBe(2);
  const [called] = functions.get("caller")?.calls ?? [];
  expect(functions.has(called ?? "")).toBe(true);
});

test("indirect calls, and what can be called so: one spelling for equal types", () => {
  const { functions, table } = parse(
    `
    (type $a (func (param i32 f64) (result i64)))
    (type $b (func (param i32) (param f64) (result i64)))
    (type $none (func))
    (table $0 3 funcref)
    (elem $0 (i32.const 1) $target $other)
    (func $target (type $a) (i64.const 0))
    (func $other (param $named i32) (param $x f64) (result i64) (i64.const 0))
    (func $absent (type $none))
    (func $caller
      (drop (call_indirect (type $b) (i32.const 0) (f64.const 0) (i32.const 1)))
      (call_indirect (type $none) (i32.const 2)))`.replace(/\)\s*$/, ")"),
  );
  expect([...table].toSorted()).toEqual(["other", "target"]);
  const [first, second] = [...(functions.get("caller")?.indirect ?? [])];
  expect(functions.get("target")?.type).toBe(first);
  expect(functions.get("other")?.type).toBe(first);
  expect(functions.get("absent")?.type).toBe(second);
  expect(first).not.toBe(second);
});

test("results are part of a type", () => {
  const { functions } = parse(`
    (func $f (param i32) (result i32) (i32.const 0))
    (func $g (param i32))
    (func $h (result i32) (i32.const 0))
    (func $i (param i32 i32))`);
  expect(new Set([...functions.values()].map(({ type }) => type)).size).toBe(4);
});

test("functions with loops", () => {
  const { functions } = parse(`
    (func $looping (loop $l (br_if $l (i32.const 0))))
    (func $plain)`);
  expect(functions.get("looping")).toMatchObject({ hasLoop: true });
  expect(functions.get("plain")).toMatchObject({ hasLoop: false });
});

test("the address of the save record, when it is constant", () => {
  const start = `(import "asyncify" "start_unwind" (func $~lib/x/startUnwind (param i32)))`;
  expect(parse(`${start} (func $f (call $~lib/x/startUnwind (i32.const 1024)))`).saveRecord).toBe(1024);
  expect(
    parse(`${start} (global $g i32 (i32.const 8)) (func $f (call $~lib/x/startUnwind (global.get $g)))`).saveRecord,
  ).toBeNull();
  expect(parse(`(func $f)`).saveRecord).toBeNull();
});

test("positions of a source map between the instructions change nothing", () => {
  const module = binaryen.parseText(`(module
    (func $leaf (param i32))
    (func $f (call $leaf (i32.const 7)) (loop $l)))`);
  const plain = parseModuleText(module.emitText());
  const file = module.addDebugInfoFileName("index.ts");
  const f = module.getFunction("f");
  const body = binaryen.getExpressionInfo(binaryen.getFunctionInfo(f).body) as binaryen.BlockInfo;
  for (const child of body.children) module.setDebugLocation(f, child, file, 3, 5);
  expect(module.emitText()).toContain(";;@ index.ts:3:5");
  expect(parseModuleText(module.emitText())).toEqual(plain);
});

/** Values of every type across the border, both ways: the same that the compiler's own synchronous bindings take and give. */
import { FibersError } from "as-fibers";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type AnyFunction, buildGuest, type BuiltModule } from "./built.ts";
import { compilePlain, type SynchronousExports } from "./plain.ts";

let built: BuiltModule;
let plain: SynchronousExports;
beforeAll(async () => {
  const [program, synchronous] = await Promise.all([buildGuest("values"), compilePlain("values")]);
  built = await program.open();
  plain = synchronous;
});

const call = (name: string, ...values: unknown[]) => (built[name] as AnyFunction)(...values);
const callPlain = (name: string, ...values: unknown[]) => plain[name]?.(...(values as never[]));

const text = fc.string({ unit: "binary", maxLength: 20 });
const maybe = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: null, freq: 3 });
const list = <Value>(values: fc.Arbitrary<Value>) => fc.array(values, { maxLength: 5 });
const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const float = fc.float();
const { point } = fc.letrec<{ point: object }>((tie) => ({
  point: fc.record({
    x: fc.double(),
    y: fc.integer(),
    name: text,
    next: fc.option(tie("point"), { nil: null, depthSize: "small", maxDepth: 3 }),
    tags: list(text),
    big: i64,
    isOn: fc.boolean(),
  }),
}));

const types: [string, fc.Arbitrary<unknown>][] = [
  ["echoI8", fc.integer({ min: -128, max: 127 })],
  ["echoU8", fc.integer({ min: 0, max: 255 })],
  ["echoI16", fc.integer({ min: -32_768, max: 32_767 })],
  ["echoU16", fc.integer({ min: 0, max: 65_535 })],
  ["echoI32", fc.integer()],
  ["echoU32", fc.integer({ min: 0, max: 2 ** 32 - 1 })],
  ["echoI64", i64],
  ["echoU64", u64],
  ["echoF32", float],
  ["echoF64", fc.double()],
  ["echoBool", fc.boolean()],
  ["echoString", text],
  ["echoMaybeString", maybe(text)],
  ["echoColour", fc.constantFrom(0, 7)],
  ["echoNumbers", list(fc.integer())],
  ["echoBools", list(fc.boolean())],
  ["echoBigs", list(u64)],
  ["echoStrings", list(maybe(text))],
  ["echoMatrix", list(list(float))],
  ["echoStatic", list(fc.integer({ min: -32_768, max: 32_767 }))],
  ["echoStaticStrings", list(text)],
  ["echoBuffer", fc.uint8Array().map((bytes) => bytes.slice().buffer)],
  ["echoBytes", fc.uint8Array()],
  ["echoClamped", fc.uint8ClampedArray()],
  ["echoFloats", maybe(fc.float64Array())],
  ["echoLongs", fc.bigInt64Array()],
  ["echoPoint", point],
  ["echoPoints", list(maybe(point))],
  ["echoPair", fc.record({ first: text, second: list(fc.double()) })],
];

describe("a value comes back as it went in, and as from the compiler's own bindings", () => {
  test.each(types)("%s", async (name, values) => {
    const property = fc.asyncProperty(values, async (value) => {
      const result = await call(name, value);
      expect(result).toEqual(callPlain(name, value));
      // What is array-like comes back as the array that its type has in JavaScript.
      if (name !== "echoStatic") expect(result).toEqual(value);
    });
    await fc.assert(property, { numRuns: 25, seed: 8 });
  });

  test("several arguments of several types", async () => {
    const values = [
      text,
      fc.uint8Array().map((bytes) => [...bytes]),
      maybe(point),
      fc.float32Array(),
      u64,
      fc.boolean(),
    ];
    const property = fc.asyncProperty(fc.tuple(...values), async (given) => {
      expect(await call("mix", ...given)).toBe(callPlain("mix", ...given));
    });
    await fc.assert(property, { numRuns: 25, seed: 8 });
  });

  test("many at once do not mix", async () => {
    const given = Array.from({ length: 300 }, (_, i) => [[`${i}`, null], ["Ω".repeat(i % 40)]]);
    const results = await Promise.all(given.map((value) => call("flatten", value)));
    expect(results).toEqual(given.map((value) => callPlain("flatten", value)));
  });
});

test("strings keep every code unit, ill-formed ones too", async () => {
  for (const value of ["\ud800", "a\udc00b", "\0", "\uffff".repeat(3000)]) {
    expect(await call("echoString", value)).toBe(value);
    expect(await call("echoStrings", [value])).toEqual([value]);
  }
});

describe("optional parameters", () => {
  test("get their initializers, which see the parameters before them", async () => {
    expect(await call("join", "a")).toBe("aa!1,2");
    expect(await call("join", "a", "b")).toBe("ab1,2");
    expect(await call("join", "a", "b", [3])).toBe("ab3");
    expect(await call("join", "a", undefined, undefined)).toBe("aa!1,2");
    await expect(call("join", "a", undefined, [3])).rejects.toMatchObject({ code: "E_INVALID_ARGUMENT" });
  });
});

describe("objects of which JavaScript has only a reference", () => {
  test("stay alive while JavaScript has them, and keep their state", async () => {
    const counter = await call("makeCounter", 5);
    const app = await built.instantiate();
    app.collect();
    expect(await call("count", counter)).toBe(6);
    expect(await call("count", counter)).toBe(7);
    const counters = (await call("makeCounters", [1, 2, 3])) as unknown[];
    await call("count", counters[0]);
    expect(await call("sumCounters", counters)).toBe(7);
    await app.close();
  });

  test("of another class, or of another instance, are refused", async () => {
    const app = await built.instantiate();
    const other = await call("makeOther", 1);
    const foreign = await app.exports["makeCounter"]?.(1);
    for (const wrong of [other, foreign, {}, 5, null, new Number(8)]) {
      await expect(call("count", wrong)).rejects.toMatchObject({
        code: "E_INVALID_ARGUMENT",
        message: expect.stringMatching(/^count: the argument counter is of type Counter, and got/) as string,
      });
    }
    await app.close();
  });
});

test("exported variables are read at once, and enums are objects", async () => {
  expect(built["title"]).toMatchObject({ value: "values Ω" });
  expect((built["big"] as { value: unknown }).value).toBe(2n ** 64n - 1n);
  const counted = built["counted"] as { value: number };
  const before = counted.value;
  await call("count", await call("makeCounter", 1));
  expect(counted.value).toBe(before + 1);
  expect(() => (counted.value = 5)).toThrow(TypeError);
  expect(built["Colour"]).toMatchObject({ RED: 0, GREEN: 7, 7: "GREEN" });
});

describe("arguments are checked before anything of them is lowered", () => {
  const whole = { x: 1, y: 2, name: "", next: null, tags: [], big: 0n, isOn: true };
  const wrong: [string, unknown[], RegExp][] = [
    ["echoNumbers", [], /echoNumbers takes 1 arguments and got 0/],
    ["echoNumbers", [[1], [2]], /takes 1 arguments and got 2/],
    ["join", [], /join takes 1 to 3 arguments and got 0/],
    ["echoNumbers", [["1"]], /the argument value\[0\] is of type i32, and got "1"/],
    ["echoNumbers", ["12"], /is of type Array<i32>, and got "12"/],
    ["echoNumbers", [null], /is of type Array<i32>, and got null/],
    ["echoBigs", [[5]], /value\[0\] is of type u64, and got number 5/],
    ["echoMatrix", [[[1], [true]]], /value\[1\]\[0\] is of type f32, and got boolean true/],
    ["echoStrings", [["a", 5]], /value\[1\] is of type string \| null, and got number 5/],
    ["echoBytes", [[1, 2]], /is of type Uint8Array, and got object \[Array\]/],
    ["echoBytes", [new Int8Array(1)], /is of type Uint8Array, and got object \[Int8Array\]/],
    ["echoBuffer", [new Uint8Array(1)], /is of type ArrayBuffer, and got object \[Uint8Array\]/],
    ["echoFloats", [5], /is of type Float64Array \| null, and got number 5/],
    ["echoPoint", [{ x: 1 }], /value\.y is of type i32, and got undefined/],
    ["echoPoint", [{ ...whole, tags: [1] }], /value\.tags\[0\] is of type string, and got number 1/],
    ["echoPoint", ["point"], /is of type Point, and got "point"/],
    ["echoPoint", [{ ...whole, next: { ...whole, isOn: 1 } }], /value\.next\.isOn is of type bool, and got number 1/],
    ["echoColour", ["RED"], /is of type i32, and got "RED"/],
    ["echoU64", [2 ** 53], /is of type u64, and got number/],
  ];
  test.each(wrong)("%s, case %#", async (name, values, message) => {
    const error = await call(name, ...values).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FibersError);
    expect(error).toMatchObject({ code: "E_INVALID_ARGUMENT", message: expect.stringMatching(message) as string });
  });

  test("a value that contains itself", async () => {
    const circle: Record<string, unknown> = { ...whole };
    circle["next"] = circle;
    await expect(call("echoPoint", circle)).rejects.toMatchObject({
      code: "E_INVALID_ARGUMENT",
      message: expect.stringContaining("is nested more than 1000 deep, or contains itself") as string,
    });
    expect(await call("echoPoint", whole)).toEqual(whole);
  });

  test("a function is a type that does not cross: E_UNSUPPORTED_TYPE", async () => {
    await expect(call("callback", () => 1)).rejects.toMatchObject({ code: "E_UNSUPPORTED_TYPE" });
  });
});

/** Arguments and results across the border: what a value of each type is in JavaScript and in the guest. */
import { type App, FibersError, load, virtualDriver } from "as-fibers";
import { beforeAll, describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";

let app: App;
beforeAll(async () => {
  app = await load(guest("host-values").binary, { driver: virtualDriver() });
});

const call = (name: string, ...values: unknown[]) => app.exports[name]?.(...(values as never[]));

describe("numbers come back as they went in, also at the borders of their type", () => {
  const cases: [string, (number | bigint)[]][] = [
    ["echoI8", [0, 1, -1, 127, -128]],
    ["echoU8", [0, 1, 255]],
    ["echoI16", [0, -1, 32767, -32768]],
    ["echoU16", [0, 65535]],
    ["echoI32", [0, -1, 2 ** 31 - 1, -(2 ** 31)]],
    ["echoU32", [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]],
    ["echoIsize", [0, -1, -(2 ** 31)]],
    ["echoUsize", [0, 2 ** 31, 2 ** 32 - 1]],
    ["echoI64", [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]],
    ["echoU64", [0n, 2n ** 63n, 2n ** 64n - 1n]],
    ["echoF32", [0, -0, 1.5, -3.4028234663852886e38, Infinity, -Infinity, NaN]],
    ["echoF64", [0, -0, 0.1, Number.MAX_VALUE, Number.MIN_VALUE, Infinity, -Infinity, NaN]],
  ];
  test.each(cases)("%s", async (name, values) => {
    for (const value of values) expect(await call(name, value)).toBe(value);
  });
});

test("a number that does not fit its type is cut to it, as in AssemblyScript", async () => {
  expect(await call("echoI8", 300)).toBe(44);
  expect(await call("echoI8", 128)).toBe(-128);
  expect(await call("echoU8", -1)).toBe(255);
  expect(await call("echoI16", 40_000)).toBe(-25_536);
  expect(await call("echoU16", 65_536)).toBe(0);
  expect(await call("echoI32", 2 ** 31)).toBe(-(2 ** 31));
  expect(await call("echoI32", 1.9)).toBe(1);
  expect(await call("echoU32", -1)).toBe(2 ** 32 - 1);
  expect(await call("echoI64", 2n ** 63n)).toBe(-(2n ** 63n));
  expect(await call("echoU64", -1n)).toBe(2n ** 64n - 1n);
  expect(await call("echoF32", 0.1)).toBe(Math.fround(0.1));
});

test("64-bit integers take safe numbers too, and give bigints", async () => {
  expect(await call("echoI64", -5)).toBe(-5n);
  expect(await call("echoU64", Number.MAX_SAFE_INTEGER)).toBe(BigInt(Number.MAX_SAFE_INTEGER));
  await expect(call("echoI64", 2 ** 53)).rejects.toMatchObject({ code: "E_INVALID_ARGUMENT" });
  await expect(call("echoI64", 0.5)).rejects.toMatchObject({ code: "E_INVALID_ARGUMENT" });
});

test("bools are bools", async () => {
  expect(await call("echoBool", true)).toBe(true);
  expect(await call("echoBool", false)).toBe(false);
  expect(await call("negate", true)).toBe(false);
});

test("strings keep every code unit", async () => {
  const strings = ["", "plain", "naïve Ω 漢字 👩‍🚀", "\0 in the middle", "lone \ud800 high", "low \udc00 lone", "\uffff"];
  for (const text of strings) {
    expect(await call("echoString", text)).toBe(text);
    expect(await call("lengthOf", text)).toBe(text.length);
  }
  const long = "0123456789abcdeﬀ".repeat(6250);
  expect(long.length).toBe(100_000);
  expect(await call("echoString", long)).toBe(long);
});

test("strings of many calls at once do not mix", async () => {
  const texts = Array.from({ length: 500 }, (_, i) => `${i}`.repeat(i % 50));
  expect(await Promise.all(texts.map((text) => call("echoString", text)))).toEqual(texts);
});

test("the guest sees the values that JavaScript gave", async () => {
  const seen = await call("describe", -128, 255, -(2n ** 63n), 2n ** 64n - 1n, 1.5, -0.1, true, "s");
  expect(seen).toBe("-128 255 -9223372036854775808 18446744073709551615 1.5 -0.1 true s");
});

test("a function without a result gives undefined", async () => {
  expect(await call("nothing")).toBeUndefined();
});

describe("optional parameters", () => {
  test("those that are missing get their initializers, which see the parameters before them", async () => {
    expect(await call("withDefaults", "abc")).toBe("abc,body,103,104");
    expect(await call("withDefaults", "abc", "")).toBe("abc,,103,104");
    expect(await call("withDefaults", "abc", "x", 7)).toBe("abc,x,7,8");
    expect(await call("withDefaults", "abc", "x", 7, -1n)).toBe("abc,x,7,-1");
  });

  test("an initializer runs in the fiber: it may wait, and its failure is the call's", async () => {
    expect(await call("waitingDefault")).toBe(1);
    expect(await call("waitingDefault", 5)).toBe(5);
    await expect(call("failingDefault")).rejects.toMatchObject({
      code: "E_NEGATIVE",
      message: "the default is negative",
      fiber: "failingDefault",
    });
    expect(await call("failingDefault", 5)).toBe(5);
  });
});

test("exported under other names, from other files, and under names that generated code uses", async () => {
  expect(await call("shown", 4)).toBe(40);
  expect(await call("double", 4)).toBe(8);
  expect(await call("halve", 4)).toBe(2);
  expect(await call("triple", 4)).toBe(12);
  expect(await call("body", 4)).toBe(5);
  expect(await call("a", 4)).toBe(12);
  expect(await call("a", 4, 5)).toBe(20);
});

describe("arguments are checked before anything runs", () => {
  const wrong: [string, unknown[], RegExp][] = [
    ["echoI32", [], /echoI32 takes 1 arguments and got 0/],
    ["echoI32", [1, 2], /echoI32 takes 1 arguments and got 2/],
    ["withDefaults", [], /withDefaults takes 1 to 4 arguments and got 0/],
    ["withDefaults", ["", "", 1, 1n, 1], /takes 1 to 4 arguments and got 5/],
    ["echoI32", ["1"], /echoI32: the argument value is of type i32, and got "1"/],
    ["echoI32", [1n], /of type i32, and got bigint 1/],
    ["echoI32", [undefined], /of type i32, and got undefined/],
    ["echoF64", [null], /of type f64, and got null/],
    ["echoI64", ["1"], /of type i64, and got "1"/],
    ["echoBool", [1], /of type bool, and got number 1/],
    ["echoString", [1], /of type string, and got number 1/],
    ["echoString", [null], /of type string, and got null/],
    ["echoString", [{}], /of type string, and got object/],
  ];
  test.each(wrong)("%s, case %#", async (name, values, message) => {
    const switches = app.switches;
    const error = await call(name, ...values)?.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FibersError);
    expect(error).toMatchObject({ code: "E_INVALID_ARGUMENT", message: expect.stringMatching(message) as string });
    expect(app.switches).toBe(switches);
    expect(app.pendingCalls).toBe(0);
  });
});

test.each([
  ["takesArray", [[1]], /takesArray cannot be called: .*Array<i32>/],
  ["givesArray", [], /givesArray cannot be called: .*Array<i32>/],
  ["takesObject", [{ x: 1 }], /takesObject cannot be called: .*Point/],
  ["takesNullable", [null], /takesNullable cannot be called: .*string \| null/],
])("%s has a type that does not cross the border", async (name, values, message) => {
  await expect(call(name, ...values)).rejects.toMatchObject({
    code: "E_UNSUPPORTED_TYPE",
    message: expect.stringMatching(message) as string,
  });
});

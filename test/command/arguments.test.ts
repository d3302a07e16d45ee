/** What becomes of the words of the command line. */
import { expect, test } from "vitest";
import { parseArguments } from "../../host/command/arguments.ts";
import { UsageError } from "../../host/command/usage-error.ts";
import type { ExportDescription } from "../../host/section.ts";

/** `main` with these parameters, of which the last ones may be left out. */
function main(types: string[], required = types.length): ExportDescription {
  const parameters = types.map((type, i) => ({ name: `p${i}`, type }));
  return { name: "main", parameters, required, result: "void", callable: true };
}

test.each<[string, string, unknown]>([
  ["i32", "-2147483648", -2147483648],
  ["i32", "0x7fffffff", 2147483647],
  ["u32", "4294967295", 4294967295],
  ["i8", "-128", -128],
  ["u8", "255", 255],
  ["i16", "-32768", -32768],
  ["u16", "65535", 65535],
  ["isize", "-5", -5],
  ["usize", "5", 5],
  ["i64", "-9223372036854775808", -(2n ** 63n)],
  ["u64", "18446744073709551615", 2n ** 64n - 1n],
  ["f64", "1e-3", 0.001],
  ["f32", "-.5", -0.5],
  ["f64", "Infinity", Infinity],
  ["f64", "NaN", Number.NaN],
  ["bool", "true", true],
  ["bool", "false", false],
  ["string", "", ""],
  ["string", " 5 ", " 5 "],
])("%s takes %j", (type, word, value) => {
  expect(parseArguments(main([type]), [word])).toEqual([value]);
});

test.each<[string, string, string]>([
  ["i32", "2147483648", "a whole number from -2147483648 to 2147483647 (i32)"],
  ["i32", "1.5", "a whole number"],
  ["i32", "", "a whole number"],
  ["i32", "five", "a whole number"],
  ["u8", "256", "a whole number from 0 to 255 (u8)"],
  ["u8", "-1", "a whole number from 0 to 255 (u8)"],
  ["i64", "9223372036854775808", "a whole number from -9223372036854775808 to 9223372036854775807 (i64)"],
  ["u64", "-1", "a whole number from 0 to 18446744073709551615 (u64)"],
  ["f64", "", "a number (f64)"],
  ["f64", "1,5", "a number (f64)"],
  ["bool", "1", "true or false"],
  ["bool", "True", "true or false"],
])("%s refuses %j", (type, word, expected) => {
  const parse = () => parseArguments(main([type]), [word]);
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(`p0 is ${expected}`.replace(/\.$/, ""));
  expect(parse).toThrow(`, and got ${JSON.stringify(word)}`);
});

test("parameters with initializers may be left out, others not", () => {
  const description = main(["i32", "string", "bool"], 1);
  expect(parseArguments(description, ["1"])).toEqual([1]);
  expect(parseArguments(description, ["1", "a"])).toEqual([1, "a"]);
  for (const words of [[], ["1", "a", "true", "more"]]) {
    expect(() => parseArguments(description, words)).toThrow(`main takes 1 to 3 arguments and got ${words.length}`);
  }
  expect(() => parseArguments(main(["i32"]), [])).toThrow("main takes 1 argument and got 0");
  expect(() => parseArguments(main([]), ["1"])).toThrow("main takes 0 arguments and got 1");
});

test("the hint is the declaration", () => {
  try {
    parseArguments(main(["i32", "string"], 1), ["x"]);
  } catch (error) {
    expect(error).toMatchObject({ code: "E_INVALID_ARGUMENT" });
    expect((error as UsageError).hint).toContain("main(p0: i32, p1?: string): void");
  }
  expect.assertions(2);
});

test("what no word can be turned into is refused before words are looked at", () => {
  const parse = () => parseArguments({ ...main(["i32[]"]), callable: false }, []);
  expect(parse).toThrow("main(p0: i32[]): void, which cannot be run");
  expect(parse).toThrow(expect.objectContaining({ code: "E_UNSUPPORTED_TYPE" }));
});

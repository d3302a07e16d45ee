/** Tasks: arguments and results of every type. */
import { expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { loadWatched } from "../setup/watched.ts";

const start = () => loadWatched(guest("task").binary);
const call = async (name: string, ...values: (string | number)[]) => (await start()).exports[name]?.(...values);
const lines = (...list: string[]) => list.join("\n");

test("numbers of every type pass through a fiber unchanged, up to their borders", async () => {
  expect(await call("numbers")).toBe(
    lines(
      "i8 -128 1 127",
      "u8 0 1 255",
      "i16 -32768 1 32767",
      "u16 0 1 65535",
      "i32 -2147483648 1 2147483647",
      "u32 0 1 4294967295",
      "i64 -9223372036854775808 1 9223372036854775807",
      "u64 0 1 18446744073709551615",
      "isize -2147483648 1 2147483647",
      "usize 0 1 4294967295",
      "f32 -1.5 true NaN",
      "f64 0.1 true -Infinity",
      "signs -Infinity -Infinity",
      "bool true false",
      "enum 5",
    ),
  );
});

test("references pass through: the same object comes out", async () => {
  expect(await call("references")).toBe(
    lines(
      'string a string ""',
      "class true -2.0",
      "subclass true",
      "array true 1,2,3",
      "static array -2",
      "nested array c",
      "bytes 3",
      "map 7",
      "null true true",
      "not null here",
    ),
  );
});

test("argument and result may be of different types", async () => {
  expect(await call("mixed")).toBe(lines("2.5", "0.25", "(1.0, 2.0)", "400000000000000", "true false"));
});

test("go takes an argument of every type", async () => {
  expect(await call("goArguments")).toBe(
    lines(
      "i8 -128",
      "u16 65535",
      "i64 -9223372036854775808",
      "f32 1.25",
      "f64 1.1",
      "bool true",
      "string text",
      "point 4.0",
      "point -1.0",
    ),
  );
});

test("a result is there for every joiner, as often as it is asked for, also after collections", async () => {
  expect(await call("shared")).toBe(lines("a: made 7", "b: made 7", "made 7", "made 7", "true true true", "true true"));
});

test("results are kept as long as their tasks are, and not longer", async () => {
  const app = await start();
  await app.exports["readResults"]?.();
  app.collect();
  const before = app.liveBytes;
  expect(await app.exports["keepResults"]?.(1000)).toBe(1000);
  app.collect();
  expect(app.liveBytes - before).toBeGreaterThan(1000 * 100);
  expect(await app.exports["readResults"]?.()).toBe(1000);
  app.collect();
  expect(app.liveBytes).toBe(before);
});

test.each(["valueTooEarly", "valueOfFailed", "valueOfCancelled"])(
  "value without a result fails with E_NO_VALUE: %s",
  async (name) => {
    await expect(call(name)).rejects.toMatchObject({ code: "E_NO_VALUE", fiber: name });
  },
);

test("join of a failed task fails, with the failure as its cause", async () => {
  expect(await call("joinFailed")).toBe('false E_NO: joined fiber "inner", which failed: no 3 because E_NO: no 3');
});

/** `compile`: asc with the transform, in process, for programs that lie anywhere. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { FibersError, load, virtualDriver } from "as-fibers";
import { compile } from "as-fibers/compiler";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let folder: string;
beforeAll(() => {
  // Outside of the repository: nothing of it is found by going up from there.
  folder = mkdtempSync(path.join(tmpdir(), "as-fibers-compile-"));
  mkdirSync(path.join(folder, "parts"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const program = `
import { sleep } from "as-fibers/assembly";
import { one } from "./parts/one";
export function main(): i32 { sleep(1); return one(); }
`;

test("a program of several files, wherever it lies", async () => {
  write("parts/one.ts", "export function one(): i32 { return 1; }");
  const { binary, sourceMap, report } = await compile(write("index.ts", program), { target: "debug" });
  const app = await load(binary, { driver: virtualDriver(), sourceMap });
  expect(await app.exports["main"]?.()).toBe(1);
  expect((JSON.parse(sourceMap) as { sources: string[] }).sources).toEqual(
    expect.arrayContaining(["index.ts", "parts/one.ts"]),
  );
  expect(report).toMatch(/functions can suspend/);
});

test("runtimes, and options for asc", async () => {
  write("parts/one.ts", "export function one(): i32 { return isDefined(WITH_FLAG) ? 2 : 1; }");
  const flags = ["--use", "WITH_FLAG=1"];
  const file = write("index.ts", program);
  const { binary, report } = await compile(file, { target: "debug", runtime: "stub", flags });
  const app = await load(binary, { driver: virtualDriver() });
  expect(await app.exports["main"]?.()).toBe(2);
  expect(report).toMatch(/the runtime stub never frees memory/);
});

test("a library that one program is given is not there for the next ones, nor for those that are compiled meanwhile", async () => {
  mkdirSync(path.join(folder, "given"));
  write("given/answers.ts", "export function answer(): i32 { return 42; }");
  const uses = write("uses.ts", 'import { answer } from "answers";\nexport function main(): i32 { return answer(); }');
  const lacks = write(
    "lacks.ts",
    'import { answer } from "answers";\nexport function main(): i32 { return answer(); }\n',
  );
  const results = await Promise.allSettled([
    compile(lacks, { target: "debug" }),
    compile(uses, { target: "debug", flags: ["--lib", path.join(folder, "given")] }),
    compile(lacks, { target: "debug" }),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected"]);
});

describe("E_COMPILE", () => {
  const failureOf = (file: string) =>
    compile(file, { target: "debug" }).then(
      () => new Error("it compiled"),
      (error: unknown) => error as FibersError,
    );

  test("has asc's report: what is wrong, the file and the line", async () => {
    const error = await failureOf(write("wrong.ts", "export function main(): i32 {\n  return missing();\n}\n"));
    expect(error).toBeInstanceOf(FibersError);
    expect(error).toMatchObject({ code: "E_COMPILE" });
    expect(error.message).toMatch(/TS2304: Cannot find name 'missing'/);
    expect(error.message).toMatch(/in wrong\.ts\(2,10\)/);
  });

  test("several errors are all told", async () => {
    const error = await failureOf(
      write("wrong.ts", "export function a(): i32 { return x; }\nexport function b(): i32 { return y; }\n"),
    );
    expect(error.message).toMatch(/'x'[\s\S]*'y'/);
  });

  test("a file that does not exist", async () => {
    const error = await failureOf(path.join(folder, "absent.ts"));
    expect(error).toMatchObject({ code: "E_COMPILE" });
    expect(error.message).toMatch(/absent\.ts/);
  });

  test("a syntax error", async () => {
    const error = await failureOf(write("wrong.ts", "export function main(: i32 {"));
    expect(error).toMatchObject({ code: "E_COMPILE" });
    expect(error.message).toMatch(/in wrong\.ts\(1,/);
  });

  test("afterwards, another program compiles", async () => {
    await failureOf(write("wrong.ts", "export function main(): i32 { return missing(); }"));
    const { binary } = await compile(write("right.ts", "export function main(): i32 { return 7; }"), {
      target: "debug",
    });
    const app = await load(binary, { driver: virtualDriver() });
    expect(await app.exports["main"]?.()).toBe(7);
  });
});

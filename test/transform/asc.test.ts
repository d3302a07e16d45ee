/** The plain command `asc` in a user's project, whose asconfig.json extends this package's: nothing else to configure. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { FiberError, load, virtualDriver } from "as-fibers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BASELINE } from "../setup/command.ts";
import { placeIn } from "../setup/source.ts";

const cache = fileURLToPath(new URL("../../.cache", import.meta.url));
const asc = fileURLToPath(new URL("../../node_modules/assemblyscript/bin/asc.js", import.meta.url));

const source = `// A user's program.
import { fail, go, print, sleep } from "as-fibers/assembly";
import { half } from "./arithmetic";

function speak(times: i32): void {
  for (let i = 0; i < times; i++) {
    print(\`\${i}\`);
    sleep(1);
  }
}

export function main(times: i32): i32 {
  go(speak, times, "speaker");
  sleep(<f64>times + 1);
  return half(times);
}

export function divide(a: i32, b: i32): i32 {
  sleep(1);
  return a / b;
}

export function refuse(what: string): void {
  fail(\`no \${what}\`, "E_REFUSED");
}

export function complain(what: string): void {
  throw new Error(what);
}
`;

const other = `export function half(value: i32): i32 {
  if (value & 1) throw new Error("it is odd");
  return value / 2;
}
`;

interface Result {
  code: number;
  stderr: string;
}

let folder: string;

function runAsc(...options: string[]): Promise<Result> {
  const child = spawn(process.execPath, [...BASELINE, asc, ...options], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    timeout: 50_000,
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code: code ?? -1, stderr })));
}

const results: Record<string, Result> = {};
beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(path.join(cache, "project-"));
  mkdirSync(path.join(folder, "assembly"));
  writeFileSync(path.join(folder, "assembly/index.ts"), source);
  writeFileSync(path.join(folder, "assembly/arithmetic.ts"), other);
  writeFileSync(
    path.join(folder, "assembly/twice.ts"),
    `export * from "./index"; export * from "../../../assembly/index";`,
  );
  writeFileSync(path.join(folder, "asconfig.json"), JSON.stringify({ extends: "as-fibers/asconfig.json" }));
  const outputs = { debug: "build/debug.wasm", release: "build/release.wasm", twice: "build/twice.wasm" };
  await Promise.all(
    Object.entries(outputs).map(async ([target, output]) => {
      const entry = target === "twice" ? "assembly/twice.ts" : "assembly/index.ts";
      const options = target === "twice" ? [] : ["--target", target];
      results[target] = await runAsc(entry, ...options, "--outFile", output);
    }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(["debug", "release"])("--target %s", (target) => {
  const loadBuilt = (driver = virtualDriver()) => load(path.join(folder, `build/${target}.wasm`), { driver });

  test("builds, and reports the size", () => {
    expect(results[target]).toMatchObject({ code: 0 });
    expect(results[target]?.stderr).toMatch(/^as-fibers: \d+ of \d+ functions can suspend; that adds \d+ bytes/m);
  });

  test("the module runs", async () => {
    const driver = virtualDriver();
    const app = await loadBuilt(driver);
    expect(await app.exports["main"]?.(4)).toBe(2);
    expect(driver.output).toBe("0\n1\n2\n3\n");
  });

  test("its source map is found beside it: errors have the exact line and column", async () => {
    const app = await loadBuilt();
    const locate = async (name: string, ...values: (number | string)[]) => {
      const error = await app.exports[name]?.(...values).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(FiberError);
      return (error as FiberError).location;
    };
    expect(await locate("divide", 1, 0)).toEqual(placeIn("assembly/index.ts", source, "return |a / b"));
    expect(await locate("refuse", "thanks")).toEqual(placeIn("assembly/index.ts", source, "|fail("));
    expect(await locate("complain", "oh")).toEqual(placeIn("assembly/index.ts", source, "|throw new Error(what)"));
    expect(await locate("main", 1)).toEqual(placeIn("assembly/arithmetic.ts", other, "|throw new Error("));
  });

  test("loads by URL as well", async () => {
    const url = pathToFileURL(path.join(folder, `build/${target}.wasm`));
    const app = await load(url, { driver: virtualDriver() });
    await expect(app.exports["divide"]?.(1, 0)).rejects.toMatchObject({ location: { file: "assembly/index.ts" } });
  });
});

test("a build that would not suspend fails, with one sentence and no stack trace", () => {
  const { code, stderr } = results["twice"] ?? { code: 0, stderr: "" };
  expect(code).not.toBe(0);
  expect(stderr).toMatch(
    /E_SECOND_SWITCH: a second copy of as-fibers is in this program: \S*context\/suspend\. Import it/,
  );
  expect(stderr).not.toMatch(/^\s+at /m);
});

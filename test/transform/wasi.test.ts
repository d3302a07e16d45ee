/** Builds for target `wasi`: what they import and export, what cannot be built, and that they are verified as any other build. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import binaryen from "assemblyscript/binaryen";
import { describe, expect, test } from "vitest";
import { FibersError, load } from "as-fibers";
import type { Module } from "../../host/transform/compiler.ts";
import { VerificationError } from "../../host/transform/verify.ts";
import WasiTransform, { wasiTransform } from "../../host/transform/wasi.ts";
import { build, type Built } from "../setup/build.ts";
import { BASELINE, root } from "../setup/command.ts";
import { runFake } from "../setup/fake-wasi.ts";

const program = `
  import { go, print, sleep } from "as-fibers/assembly";
  function work(times: i32): void { for (let i = 0; i < times; i++) { sleep(1); print(i.toString()); } }
  export function helper(): void {}
  export const constant: i32 = 5;
  export function main(times: i32 = 3): void { go(work, times, "worker").join(); print(Math.random() < 1 ? "done" : ""); }
`;

const server = `
  import { print, TcpListener } from "as-fibers/assembly";
  export function main(): void { print(TcpListener.bind("127.0.0.1", 0).accept().remoteAddress); }
`;

const onWasi = (source: string | Record<string, string>, flags = ["--debug"], transform = WasiTransform) =>
  build(source, { flags, transform: transform as never });

function importsOf({ module }: Pick<Built, "module">): string[] {
  return WebAssembly.Module.imports(module).map(({ module: from, name }) => `${from}.${name}`);
}

/** Besides release, which asc builds below. */
const targets: Record<string, string[]> = {
  debug: ["--debug"],
  minimal: ["--debug", "--runtime", "minimal"],
  stub: ["-O1", "--runtime", "stub"],
};

/** What is built of `program`. */
async function check(built: Pick<Built, "binary" | "module" | "report">): Promise<void> {
  for (const name of importsOf(built)) expect(name).toMatch(/^wasi_snapshot_preview1\./);
  const functions = WebAssembly.Module.exports(built.module).filter(({ kind }) => kind === "function");
  expect(functions.map(({ name }) => name).filter((name) => name !== "__setArgumentsLength")).toEqual(["_start"]);
  expect(WebAssembly.Module.exports(built.module)).toContainEqual({ kind: "memory", name: "memory" });
  const { code, stdout, elapsed } = await runFake(built.binary);
  expect({ code, stdout, elapsed }).toEqual({ code: 0, stdout: "0\n1\n2\ndone\n", elapsed: 3 });
  expect(built.report).toMatch(/^as-fibers: \d+ of \d+ functions can suspend; that adds \d+ bytes/m);
}

test.each(Object.keys(targets))("%s imports WASI alone, exports _start, and runs", async (target) => {
  await check(await onWasi(program, targets[target]));
});

test("asks for sockets only when the program listens", async () => {
  const isSocket = (name: string) => name.includes(".sock_");
  expect(importsOf(await onWasi(program)).filter(isSocket)).toEqual([]);
  const sockets = importsOf(await onWasi(server)).filter(isSocket);
  expect(sockets).toContain("wasi_snapshot_preview1.sock_accept");
});

test("what the program itself imports of WASI stays", async () => {
  const source = `
    @external("wasi_snapshot_preview1", "sched_yield") declare function give(): i32;
    export function main(): i32 { return give(); }`;
  expect(importsOf(await onWasi(source))).toContain("wasi_snapshot_preview1.sched_yield");
});

test("main may be of another file", async () => {
  const files = {
    "index.ts": `export { start as main } from "./other";`,
    "other.ts": `import { print } from "as-fibers/assembly"; export function start(word: string = "nothing"): void { print(word); }`,
  };
  const { binary } = await onWasi(files);
  expect((await runFake(binary, { args: ["something"] })).stdout).toBe("something\n");
  expect((await runFake(binary)).stdout).toBe("nothing\n");
});

test("the limit of what a fiber may save is part of the build", async () => {
  const deep = `
    import { print, yieldNow } from "as-fibers/assembly";
    function sink(depth: i32): i32 { if (!depth) { yieldNow(); return 0; } return sink(depth - 1) + 1; }
    export function main(): void { print(sink(100).toString()); }`;
  expect(await runFake((await onWasi(deep)).binary)).toMatchObject({ code: 0, stdout: "100\n" });
  const small = await runFake((await onWasi(deep, ["--debug"], wasiTransform(256))).binary);
  expect(small.code).toBe(1);
  expect(small.stderr).toContain("✘ E_STACK_TOO_DEEP cannot suspend: its frames need ");
  expect(small.stderr).toContain(" and the limit is 256");
});

describe("a build fails", () => {
  async function failureOf(source: string, flags?: string[], transform = WasiTransform): Promise<VerificationError> {
    const error = await onWasi(source, flags, transform).then(
      () => new Error("it was built"),
      (thrown: unknown) => thrown as Error,
    );
    expect(error.cause, error.message).toBeInstanceOf(VerificationError);
    return error.cause as VerificationError;
  }

  test.each([
    ["without main", `export function start(): void {}`, "E_NO_MAIN", "exports no function main"],
    [
      "when no command line can call main",
      `export function main(values: i32[]): void {}`,
      "E_UNSUPPORTED_TYPE",
      "main(values: i32[]): void",
    ],
    [
      "when it imports what a WASI host does not have",
      `@external("app", "tick") declare function tick(): void;
       export function main(): void { tick(); }`,
      "E_FOREIGN_IMPORT",
      "app.tick",
    ],
  ])("%s", async (_, source, code, part) => {
    const error = await failureOf(source);
    expect(error.code).toBe(code);
    expect(error.message).toContain(part);
  });

  test("when it would not suspend", async () => {
    const planted = class extends WasiTransform {
      override afterCompile(module: Module): void {
        binaryen.setAlwaysInlineMaxSize(100);
        module.runPasses(["inlining"]);
        super.afterCompile(module);
      }
    };
    expect((await failureOf(program, ["-O1"], planted)).code).toBe("E_INLINED_SWITCH");
  });
});

test("load refuses it: it is not for JavaScript", async () => {
  const { binary } = await onWasi(program);
  await expect(load(binary)).rejects.toThrow(FibersError);
  await expect(load(binary)).rejects.toMatchObject({ code: "E_NOT_AS_FIBERS" });
});

test("release, which asc builds by asconfig-wasi.json, imports WASI alone, exports _start, and runs", async () => {
  const cache = path.join(root, ".cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(path.join(cache, "wasi-project-"));
  try {
    writeFileSync(path.join(folder, "index.ts"), program);
    writeFileSync(path.join(folder, "asconfig.json"), JSON.stringify({ extends: "as-fibers/asconfig-wasi.json" }));
    const asc = path.join(root, "node_modules/assemblyscript/bin/asc.js");
    const words = [...BASELINE, asc, "index.ts", "--target", "release", "--outFile", "out.wasm"];
    const { status, stderr } = spawnSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const binary = readFileSync(path.join(folder, "out.wasm"));
    await check({ binary, module: new WebAssembly.Module(binary), report: stderr });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

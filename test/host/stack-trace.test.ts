/** Reading V8's stack traces: samples of every form that a frame can have. */
import { describe, expect, test } from "vitest";
import { isLibraryFrame, parseStack, SourceLocator } from "../../host/stack-trace.ts";

describe("parseStack", () => {
  test("frames of a release build have no names", () => {
    const stack = `RuntimeError: unreachable
    at wasm://wasm/0003ba9a:wasm-function[51]:0x2c52
    at wasm://wasm/0003ba9a:wasm-function[13]:0x1001
    at #enterGuest (file:///app/node_modules/as-fibers/dist/index.js:730:24)
    at Immediate.<anonymous> (file:///app/node_modules/as-fibers/dist/index.js:61:19)
    at process.processImmediate (node:internal/timers:483:21)`;
    expect(parseStack(stack)).toEqual({
      frames: [
        { functionIndex: 51, offset: 0x2c52, name: "" },
        { functionIndex: 13, offset: 0x1001, name: "" },
      ],
      isInnermost: true,
    });
  });

  test("frames of a debug build are named, with all that AssemblyScript puts into names", () => {
    const names = [
      "assembly/index/main",
      "~lib/rt/tlsf/__alloc",
      "~lib/map/Map<i32,~lib/string/String>#set",
      "~lib/as-fibers/assembly/task/spawn<index/Job,i32>~anonymous|0",
      "start:assembly/index",
      "~start",
      "index/Point#get:x",
    ];
    const lines = names.map((name, i) => `    at ${name} (wasm://wasm/000a52d2:wasm-function[${i}]:0x${i}f)`);
    expect(parseStack(`RangeError: Maximum call stack size exceeded\n${lines.join("\n")}`)).toEqual({
      frames: names.map((name, i) => ({ functionIndex: i, offset: i * 16 + 15, name })),
      isInnermost: true,
    });
  });

  test("modules that have a name", () => {
    expect(parseStack("Error\n    at f (wasm://wasm/my-module.wasm-0004b132:wasm-function[3]:0xab)")).toEqual({
      frames: [{ functionIndex: 3, offset: 0xab, name: "f" }],
      isInnermost: true,
    });
  });

  test("a frame of JavaScript above them is told", () => {
    const stack = `AbortError: no
    at abort (file:///app/dist/index.js:422:13)
    at wasm://wasm/0003ba9a:wasm-function[181]:0x9d35`;
    expect(parseStack(stack)).toEqual({
      frames: [{ functionIndex: 181, offset: 0x9d35, name: "" }],
      isInnermost: false,
    });
  });

  test("messages of several lines", () => {
    const stack = "Error: first line\nsecond line, at most\n    at wasm://wasm/0003ba9a:wasm-function[2]:0x1f";
    expect(parseStack(stack)).toEqual({ frames: [{ functionIndex: 2, offset: 31, name: "" }], isInnermost: true });
  });

  test("only frames of JavaScript", () => {
    expect(parseStack("Error: x\n    at f (file:///a.js:1:2)\n    at async g (file:///a.js:3:4)")).toEqual({
      frames: [],
      isInnermost: false,
    });
  });

  test.each([undefined, null, 7, {}, [], "", "Error: no frames", "RuntimeError: unreachable\n"])(
    "what cannot be read gives null: %j",
    (stack) => {
      expect(parseStack(stack)).toBeNull();
    },
  );

  test("what V8 writes here and now", () => {
    // A module with a function that traps: (func (export "f") unreachable).
    const bytes = [
      0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11,
    ];
    const instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)));
    try {
      (instance.exports as { f: () => void }).f();
      expect.unreachable();
    } catch (error) {
      expect(parseStack((error as Error).stack)).toEqual({
        frames: [{ functionIndex: 0, offset: 0x1e, name: expect.any(String) as string }],
        isInnermost: true,
      });
    }
  });
});

describe("SourceLocator", () => {
  test("without a source map there are names, and no places", () => {
    const locator = new SourceLocator(() => null);
    expect(locator.locate({ functionIndex: 4, offset: 10, name: "assembly/index/Class#method" })).toEqual({
      functionName: "Class#method",
      location: null,
    });
    expect(locator.locate({ functionIndex: 4, offset: 10, name: "" })).toEqual({
      functionName: "wasm-function[4]",
      location: null,
    });
  });

  test("lines and columns count from 1; the map is read once, when it is first needed", () => {
    let reads = 0;
    // At offset 0 nothing, at 8 the program's line 2, column 5, at 16 nothing again.
    const map = { version: 3, sources: ["index.ts"], names: [], mappings: "A,QACI,Q", sourceRoot: "./nowhere" };
    const locator = new SourceLocator(() => {
      reads++;
      return JSON.stringify(map);
    });
    expect(reads).toBe(0);
    const at = (offset: number) => locator.locate({ functionIndex: 0, offset, name: "f" }).location;
    expect(at(8)).toEqual({ file: "index.ts", line: 2, column: 5 });
    expect(at(15)).toEqual({ file: "index.ts", line: 2, column: 5 });
    expect(at(0)).toBeNull();
    expect(at(16)).toBeNull();
    expect(reads).toBe(1);
  });
});

test("frames of the library are told by their file", () => {
  const frame = (file: string) => ({ functionName: "f", location: { file, line: 1, column: 1 } });
  expect(isLibraryFrame(frame("~lib/as-fibers/assembly/scheduler.ts"))).toBe(true);
  expect(isLibraryFrame(frame("index~fibers.ts"))).toBe(true);
  expect(isLibraryFrame(frame("~lib/array.ts"))).toBe(false);
  expect(isLibraryFrame(frame("index.ts"))).toBe(false);
  expect(isLibraryFrame({ functionName: "f", location: null })).toBe(false);
});

/** Saving and loading of globals: with a copy of memory, it is the whole state of a program. */
import binaryen from "assemblyscript/binaryen";
import { beforeAll, describe, expect, test } from "vitest";
import { type GuestExports, LOAD_GLOBALS_EXPORT, SAVE_GLOBALS_EXPORT } from "../../host/abi.ts";
import { Features } from "../../host/transform/features.ts";
import { addGlobalsCopy } from "../../host/transform/globals.ts";
import { type Built, build } from "../setup/build.ts";

describe("addGlobalsCopy", () => {
  function copyOf(globals: string): { size: number; exports: Record<string, CallableFunction & WebAssembly.Global> } {
    const module = binaryen.parseText(`(module (memory $0 1) (export "memory" (memory $0)) ${globals})`);
    module.setFeatures(Features);
    const size = addGlobalsCopy(module);
    expect(module.validate()).toBe(1);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.emitBinary() as BufferSource));
    return { size, exports: instance.exports as Record<string, CallableFunction & WebAssembly.Global> };
  }

  test("brings back every mutable global of every type, exactly", () => {
    const types = { a: "i32", b: "i64", c: "f32", d: "f64", e: "i64" };
    const { size, exports } = copyOf(
      Object.entries(types)
        .map(([name, type]) => `(global $${name} (mut ${type}) (${type}.const 0)) (export "${name}" (global $${name}))`)
        .join("\n"),
    );
    expect(size).toBe(5 * 8);
    const set = (values: Record<string, number | bigint>) => {
      for (const [name, value] of Object.entries(values)) (exports[name] as WebAssembly.Global).value = value;
    };
    const read = () => Object.fromEntries(Object.keys(types).map((name) => [name, exports[name]?.value as unknown]));
    const first = { a: -(2 ** 31), b: -(2n ** 63n), c: Math.fround(0.1), d: -0, e: 2n ** 63n - 1n };
    const second = { a: 7, b: 1n, c: NaN, d: Infinity, e: 0n };
    set(first);
    exports[SAVE_GLOBALS_EXPORT]?.(16);
    set(second);
    exports[SAVE_GLOBALS_EXPORT]?.(1000);
    exports[LOAD_GLOBALS_EXPORT]?.(16);
    expect(read()).toEqual(first);
    exports[LOAD_GLOBALS_EXPORT]?.(1000);
    expect(read()).toEqual(second);
  });

  test("leaves constants and imports alone", () => {
    const { size, exports } = copyOf(`(global $k i32 (i32.const 5)) (export "k" (global $k))`);
    expect(size).toBe(0);
    exports[SAVE_GLOBALS_EXPORT]?.(0);
    exports[LOAD_GLOBALS_EXPORT]?.(0);
    expect((exports["k"] as WebAssembly.Global).value).toBe(5);
  });

  test("a global of a type that it cannot save is a build error that names it", () => {
    const module = binaryen.parseText("(module (memory 1) (global $index/wide (mut v128) (v128.const i32x4 1 2 3 4)))");
    expect(() => addGlobalsCopy(module)).toThrow("the global index/wide is of a type that cannot be saved");
  });
});

describe("in a program", () => {
  let built: Built;
  beforeAll(async () => {
    built = await build(`
      import { yieldNow } from "as-fibers/assembly";
      let a: i32 = 1;
      let b: i64 = 2;
      let c: f32 = 3;
      let d: f64 = 4;
      let e: u8 = 5;
      let text: string = "none";
      export function change(by: i32): void { a += by; b += by; yieldNow(); c += <f32>by; d += by; e += <u8>by; text = "by " + by.toString(); }
      export function read(): string { yieldNow(); return a.toString() + " " + b.toString() + " " + c.toString() + " " + d.toString() + " " + e.toString() + " " + text; }`);
  });

  interface Program extends GuestExports {
    __fibers_start_change(by: number): number;
    __fibers_start_read(count: number): number;
    __fibers_take_read(call: number): number;
  }

  async function start(): Promise<Program> {
    const nothing = new Proxy({}, { get: () => () => 0 });
    const { exports } = await WebAssembly.instantiate(built.module, { env: nothing, "as-fibers": nothing });
    const program = exports as unknown as Program;
    program.__fibers_start();
    program.__fibers_configure(65_536, 65_536);
    return program;
  }

  function run(program: Program, call: number): number {
    while (program.__fibers_turn(Infinity, 100) === 0);
    return call;
  }

  function read(program: Program): string {
    const pointer = program.__fibers_take_read(run(program, program.__fibers_start_read(0)));
    const view = new DataView(program.memory.buffer);
    const length = view.getUint32(pointer - 4, true);
    return Buffer.from(program.memory.buffer, pointer, length).toString("utf16le");
  }

  test("the section tells how many bytes they take: 8 for each mutable global", () => {
    const module = binaryen.readBinary(built.binary);
    let mutable = 0;
    for (let i = 0; i < module.getNumGlobals(); i++)
      if (binaryen.getGlobalInfo(module.getGlobalByIndex(i)).mutable) mutable++;
    expect(built.section.globalsSize).toBe(mutable * 8);
    expect(mutable).toBeGreaterThanOrEqual(6);
  });

  test("memory and globals together bring a program back; memory alone does not", async () => {
    const program = await start();
    run(program, program.__fibers_start_change(1));
    expect(read(program)).toBe("2 3 4.0 5.0 6 by 1");
    const area = program.memory.grow(1) * 65_536;
    program.__fibers_save_globals(area);
    const globals = new Uint8Array(program.memory.buffer.slice(area, area + built.section.globalsSize));
    const memory = new Uint8Array(program.memory.buffer.slice(0, area));

    run(program, program.__fibers_start_change(10));
    expect(read(program)).toBe("12 13 14.0 15.0 16 by 10");
    new Uint8Array(program.memory.buffer).set(memory);
    new Uint8Array(program.memory.buffer).set(globals, area);
    program.__fibers_load_globals(area);
    program.__fibers_save_globals(area + 4096);
    expect(new Uint8Array(program.memory.buffer, area + 4096, globals.length)).toEqual(globals);
    expect(read(program)).toBe("2 3 4.0 5.0 6 by 1");
    run(program, program.__fibers_start_change(100));
    expect(read(program)).toBe("102 103 104.0 105.0 106 by 100");
  });

  test("another instance takes the state over", async () => {
    const [from, to] = [await start(), await start()];
    run(from, from.__fibers_start_change(40));
    const area = from.memory.grow(1) * 65_536;
    from.__fibers_save_globals(area);
    to.memory.grow((from.memory.buffer.byteLength - to.memory.buffer.byteLength) / 65_536);
    new Uint8Array(to.memory.buffer).set(new Uint8Array(from.memory.buffer));
    to.__fibers_load_globals(area);
    expect(read(to)).toBe("41 42 43.0 44.0 45 by 40");
    expect(read(from)).toBe("41 42 43.0 44.0 45 by 40");
  });
});

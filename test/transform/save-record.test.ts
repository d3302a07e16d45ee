/** The rewriting of Asyncify's save record: a program gives the same results with it and without. */
import { load, virtualDriver } from "as-fibers";
import binaryen from "assemblyscript/binaryen";
import { beforeAll, describe, expect, test } from "vitest";
import type { Module } from "../../host/transform/compiler.ts";
import FibersTransform from "../../host/transform/index.ts";
import { instrument, type Instrumented, type InstrumentOptions } from "../../host/transform/instrument.ts";
import { optimizeSaveRecord } from "../../host/transform/save-record.ts";
import { type Built, build } from "../setup/build.ts";

/** The transform without the rewriting. */
class PlainTransform extends FibersTransform {
  override instrument(module: Module, options: InstrumentOptions): Instrumented {
    return instrument(module, { ...options, keepsSaveRecord: true });
  }
}

/** Frames with locals of every type, alive across suspensions in loops, branches and arguments. */
const program = `
  import { go, print, sleep, spawn, Task, yieldNow } from "as-fibers/assembly";

  class Node { next: Node | null = null; constructor(public value: i64) {} }

  function numbers(depth: i32, a: i64, b: f32, c: f64): f64 {
    if (depth == 0) { yieldNow(); return <f64>a + b + c; }
    let sum: f64 = 0;
    for (let i = 0; i < 2; i++) {
      const wide: i64 = a * 3 + i;
      const narrow: f32 = b + 0.5;
      sum += numbers(depth - 1, wide, narrow, c - 0.25) + <f64>(wide & 0xff);
      if ((depth + i) % 3 == 0) yieldNow();
      sum += narrow;
    }
    return sum;
  }

  function vectors(depth: i32, v: v128): v128 {
    const w = i32x4.add(v, i32x4.splat(depth));
    if (depth == 0) { sleep(1); return w; }
    const below = vectors(depth - 1, i32x4.mul(w, i32x4.splat(3)));
    yieldNow();
    return i32x4.sub(below, w);
  }

  function managed(depth: i32, list: Node | null): string {
    const node = new Node(depth);
    node.next = list;
    if (depth == 0) {
      yieldNow();
      let text = "";
      for (let at: Node | null = node; at; at = at.next) text += at.value.toString();
      return text;
    }
    const text = managed(depth - 1, node);
    yieldNow();
    return depth % 2 ? text + "." : text;
  }

  function many(a: i32, b: i64, c: f32, d: f64, e: i32, f: i64, g: f32, h: f64): f64 {
    yieldNow();
    const i = a + e;
    yieldNow();
    const j = b * f;
    yieldNow();
    const k = c / g;
    yieldNow();
    const l = d - h;
    yieldNow();
    return <f64>a + <f64>b + c + d + e + <f64>f + g + h + i + <f64>j + k + l;
  }

  function none(): void { yieldNow(); }

  function mixed(seed: i32): i64 {
    none();
    const x = numbers(4, seed, <f32>seed / 3, seed * 0.1);
    none();
    const v = vectors(6, i32x4(seed, seed * 2, seed * 3, -seed));
    const lanes = i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) * 7 + i32x4.extract_lane(v, 2) * 11 + i32x4.extract_lane(v, 3);
    const text = managed(9, null);
    const y = many(seed, seed + 1, 1.5, 2.5, 3, 4, 5.5, 6.5);
    const result = <i64>(x * 1000) + lanes + text.length + <i64>(y * 1000);
    print(seed.toString() + ": " + x.toString() + " " + lanes.toString() + " " + text + " " + y.toString() + " = " + result.toString());
    return result;
  }

  export function main(fibers: i32): i64 {
    const tasks: Task<i64>[] = [];
    for (let i = 0; i < fibers; i++) tasks.push(spawn(mixed, i, "mixed"));
    let sum: i64 = 0;
    for (let i = 0; i < fibers; i++) sum = sum * 31 + tasks[i].join();
    return sum;
  }

  export function deep(depth: i32): f64 { return chain(depth, 1, 0.5); }

  function chain(depth: i32, a: i64, b: f64): f64 {
    if (depth == 0) { sleep(1); return <f64>a; }
    return chain(depth - 1, a + depth, b * 1.0001) + b;
  }
`;

async function run(built: Built) {
  const driver = virtualDriver();
  const app = await load(built.module, { driver, stackLimit: 2 ** 22 });
  const sum = await app.exports["main"]?.(12);
  const deep = await app.exports["deep"]?.(4000);
  return { sum, deep, output: driver.output, switches: app.switches, isIntact: app.isIntact };
}

const flags = ["-O3", "--enable", "simd", "--stackSize", "262144"];
let rewritten: Built;
let plain: Built;
beforeAll(async () => {
  rewritten = await build(program, { flags });
  plain = await build(program, { flags, transform: PlainTransform });
});

describe("a program with locals of every type, alive across suspensions", () => {
  test("gives the same results, in the same order, with the same switches", async () => {
    const expected = await run(plain);
    expect(expected.output.split("\n")).toHaveLength(13);
    expect(expected.isIntact).toBe(true);
    expect(await run(rewritten)).toEqual(expected);
  });

  test("gives what the same computation gives without fibers", async () => {
    const { output } = await run(rewritten);
    expect(output).toContain(`3: ${numbers(4, 3n, Math.fround(1), 3 * 0.1)} `);
  });

  test("is smaller, so something was rewritten", () => {
    expect(rewritten.binary.length).toBeLessThan(plain.binary.length);
    expect(rewritten.section.instrumented).toEqual(plain.section.instrumented);
  });
});

describe("statements of every shape do the same before and after", () => {
  const position = "(i32.load (global.get $__asyncify_data))";
  const move = (by: number) => `(i32.store (global.get $__asyncify_data) (i32.add ${position} (i32.const ${by})))`;
  const shapes: Record<string, string> = {
    "saving a frame": `${move(4)} (i32.store (local.tee $p ${position}) (local.get $x)) (i64.store offset=4 (local.get $p) (i64.const 7)) ${move(12)}`,
    "restoring a frame": `${move(-8)} (local.set $p ${position}) (local.set $x (i32.load (local.get $p))) (local.set $y (i32.load offset=4 (local.get $p)))`,
    "restoring one local": `${move(-4)} (local.set $x (i32.load ${position}))`,
    "the local is changed before the next move": `${move(4)} (i32.store (local.tee $p ${position}) (local.get $x)) (i32.store offset=64 (local.get $p) (local.tee $p (i32.const 3000))) ${move(12)}`,
    "the local is changed between": `${move(4)} (i32.store (local.tee $p ${position}) (local.get $x)) (local.set $p (i32.const 3000)) ${move(12)}`,
    "the position is changed by what is stored": `${move(4)} (i32.store (local.tee $p ${position}) (local.get $x)) (i32.store (local.get $p) (call $moves)) ${move(12)}`,
    "the reader is not next": `${move(4)} (local.set $x (i32.const 5)) (i32.store (local.tee $p ${position}) (local.get $x)) ${move(4)}`,
    "the reader is no position": `${move(4)} (i32.store (local.tee $p (i32.const 2500)) (local.get $x)) ${move(4)}`,
    "a store without a local": `${move(4)} (i32.store ${position} (local.get $x)) ${move(4)}`,
    "a local of another type": `${move(-8)} (local.set $wide (i64.load ${position})) (local.set $x (i32.wrap_i64 (local.get $wide)))`,
    "the end of the record is set": `(i32.store offset=4 (global.get $__asyncify_data) (i32.const 2600)) (local.set $x (i32.load ${position}))`,
    "the end of the record is read": `${move(4)} (local.set $p (i32.load offset=4 (global.get $__asyncify_data))) (local.set $x (i32.load (local.get $p)))`,
    "moves only": `${move(4)} ${move(8)} ${move(-4)}`,
    "in the branch of an if": `(if (local.get $x) (then ${move(4)} (i32.store (local.tee $p ${position}) (i32.const 9)) ${move(4)}))`,
  };

  function memoryAfter(body: string, isRewritten: boolean): Uint8Array {
    const state = (name: string) => `(func $asyncify_${name} (param i32))`;
    const module = binaryen.parseText(`(module
      (memory $0 1) (export "memory" (memory $0))
      (global $__asyncify_data (mut i32) (i32.const 1024))
      (global $__asyncify_state (mut i32) (i32.const 0))
      ${["start_unwind", "stop_unwind", "start_rewind", "stop_rewind"].map(state).join("\n")}
      (func $moves (result i32) ${move(100)} (i32.const 1))
      (func $f (export "f") (local $p i32) (local $x i32) (local $y i32) (local $wide i64)
        (local.set $x (i32.const 77))
        ${body}
        (i32.store (i32.const 100) (local.get $x)) (i32.store (i32.const 104) (local.get $y))))`);
    if (isRewritten) optimizeSaveRecord(module, 1024);
    expect(module.validate()).toBe(1);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.emitBinary() as BufferSource));
    const { memory, f } = exports as { memory: WebAssembly.Memory; f: () => void };
    const words = new Uint32Array(memory.buffer);
    for (let i = 500; i < 800; i++) words[i] = i * 3;
    words[256] = 2048;
    f();
    return new Uint8Array(memory.buffer);
  }

  test.each(Object.entries(shapes))("%s", (_name, body) => {
    const expected = memoryAfter(body, false);
    expect(Buffer.from(memoryAfter(body, true)).equals(expected)).toBe(true);
  });
});

/** The guest's function, in JavaScript. */
function numbers(depth: number, a: bigint, b: number, c: number): number {
  if (depth === 0) return Number(a) + b + c;
  let sum = 0;
  for (let i = 0; i < 2; i++) {
    const wide = a * 3n + BigInt(i);
    const narrow = Math.fround(b + 0.5);
    sum += numbers(depth - 1, wide, narrow, c - 0.25) + Number(wide & 0xffn);
    sum += narrow;
  }
  return sum;
}

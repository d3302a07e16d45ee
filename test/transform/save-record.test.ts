/** The rewriting of Asyncify's save record: a program gives the same results with it and without. */
import { load, virtualDriver } from "as-fibers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type Built, build } from "../setup/build.ts";

const rewriting = vi.hoisted(() => ({ isOn: true, count: 0 }));
vi.mock("../../host/transform/save-record.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../host/transform/save-record.ts")>();
  return {
    ...original,
    optimizeSaveRecord: (...values: Parameters<typeof original.optimizeSaveRecord>) => {
      rewriting.count++;
      if (rewriting.isOn) original.optimizeSaveRecord(...values);
    },
  };
});

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
  expect(rewriting.count).toBe(1);
  rewriting.isOn = false;
  plain = await build(program, { flags });
  expect(rewriting.count).toBe(2);
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

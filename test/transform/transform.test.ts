/** What a build has in it: the section, the exports that are left, the report of sizes; for every target and runtime. */
import { load, virtualDriver } from "as-fibers";
import { version } from "assemblyscript/asc";
import { beforeAll, describe, expect, test } from "vitest";
import { ABI_VERSION, GUEST_EXPORTS } from "../../host/abi.ts";
import manifest from "../../package.json" with { type: "json" };
import { type Built, build } from "../setup/build.ts";

const program = `
  import { go, print, sleep } from "as-fibers/assembly";
  @external("app", "tick") declare function tick(): void;
  function square(x: i32): i32 { return x * x; }
  function work(times: i32): void { for (let i = 0; i < times; i++) { sleep(1); print(square(i).toString()); } }
  export function main(times: i32): i32 { go(work, times, "worker"); sleep(10); tick(); return times; }
  export function add(a: i64, b: i64 = 1): i64 { return a + b; }
  export let counter: i32 = 0;
`;

const targets = {
  debug: ["--debug"],
  release: ["-O3"],
  small: ["-O3z"],
};

/** The custom sections of a module, and its size without them. */
function customSections(binary: Uint8Array): { names: string[]; sizeOfOthers: number } {
  const names: string[] = [];
  let sizeOfOthers = 8;
  const readNumber = (at: number): [number, number] => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = binary[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return [value, at];
    }
  };
  for (let at = 8; at < binary.length;) {
    const start = at;
    const [size, begin] = readNumber(at + 1);
    at = begin + size;
    if (binary[start] !== 0) {
      sizeOfOthers += at - start;
      continue;
    }
    const [length, nameAt] = readNumber(begin);
    names.push(new TextDecoder().decode(binary.subarray(nameAt, nameAt + length)));
  }
  return { names, sizeOfOthers };
}

describe.each(Object.entries(targets))("a %s build", (target, flags) => {
  let built: Built;
  beforeAll(async () => {
    built = await build(program, { flags });
  });

  test("has a section with everything that a loader needs", () => {
    expect(built.section).toMatchObject({
      abi: ABI_VERSION,
      compiler: version,
      library: manifest.version,
      runtime: "incremental",
      suspendingImports: [],
      sourceMap: "./index.wasm.map",
      stackSize: 32_768, // what asc has when nobody says otherwise
    });
    expect(version).toMatch(/^0\.28\.\d+$/);
    expect(built.section.exports.map(({ name }) => name)).toEqual(["main", "add"]);
    expect(customSections(built.binary).names).toEqual(expect.arrayContaining(["as-fibers", "sourceMappingURL"]));
  });

  test("exports what the host calls and what is no function, and nothing of Asyncify", () => {
    const exported = WebAssembly.Module.exports(built.module);
    const names = exported.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.values(GUEST_EXPORTS)));
    expect(names).toEqual(
      expect.arrayContaining(["__fibers_start", "__fibers_start_main", "__fibers_take_main", "__fibers_start_add"]),
    );
    const others = exported.filter(({ name }) => !name.startsWith("__fibers_"));
    const callable = others.filter(({ kind, name }) => kind === "function" && name !== "__setArgumentsLength");
    expect(callable).toEqual([]);
    expect(names).toContain("counter");
    expect(names.join()).not.toMatch(/asyncify/);
  });

  test("imports nothing of Asyncify, and only what the program and the library need", () => {
    const imports = WebAssembly.Module.imports(built.module).map(({ module, name }) => `${module}.${name}`);
    expect(imports.toSorted()).toEqual(
      ["app.tick", "as-fibers.now", "as-fibers.submit", "as-fibers.choose", "as-fibers.trace", "env.abort"].toSorted(),
    );
  });

  test("instruments a part of its functions only", () => {
    const { instrumented, functions } = built.section.instrumented;
    expect(instrumented).toBeGreaterThanOrEqual(2);
    expect(instrumented).toBeLessThan(functions / 2);
  });

  test("reports the bytes that it added", () => {
    const match = /^as-fibers: (\d+) of (\d+) functions can suspend; that adds (\d+) bytes \((\d+) %\) to (\d+)$/m.exec(
      built.report,
    );
    const [instrumented, functions, added, percent, before] = (match ?? []).slice(1).map(Number);
    expect({ instrumented, functions }).toEqual(built.section.instrumented);
    expect(percent).toBe(Math.round((100 * (added ?? 0)) / (before ?? 0)));
    if (target !== "debug") expect((added ?? 0) + (before ?? 0)).toBe(customSections(built.binary).sizeOfOthers);
  });

  test("runs", async () => {
    const driver = virtualDriver();
    let ticks = 0;
    const app = await load(built.module, { driver, imports: { app: { tick: () => ticks++ } } });
    expect(await app.exports["main"]?.(4)).toBe(4);
    expect(driver.output).toBe("0\n1\n4\n9\n");
    expect(ticks).toBe(1);
    expect(await app.exports["add"]?.(5n)).toBe(6n);
  });
});

describe.each(["incremental", "minimal", "stub"] as const)("with the runtime %s", (runtime) => {
  let built: Built;
  beforeAll(async () => {
    built = await build(program, { flags: ["--debug", "--runtime", runtime] });
  });

  test("the section tells it, and stub says that it frees nothing", () => {
    expect(built.section.runtime).toBe(runtime);
    expect(built.section.stackSize).toBeGreaterThanOrEqual(32_768);
    expect(built.report.includes("the runtime stub never frees memory")).toBe(runtime === "stub");
  });

  test("runs", async () => {
    const driver = virtualDriver();
    const app = await load(built.module, { driver, imports: { app: { tick: () => {} } } });
    expect(await app.exports["main"]?.(4)).toBe(4);
    expect(driver.output).toBe("0\n1\n4\n9\n");
  });
});

test("the indices of runtime functions are those of allocator, collector and library", async () => {
  const { module, section } = await build(program, { flags: ["--debug"] });
  const names = functionNamesOf(module);
  expect(names.size).toBeGreaterThan(100);
  const indicesOf = (isWanted: (name: string) => boolean) =>
    [...names].filter(([, name]) => isWanted(name)).map(([index]) => index);
  const allocator = indicesOf((name) => /^~lib\/rt\/(tlsf|stub)\//.test(name));
  expect(section.allocatorFunctions).toEqual(allocator);
  const harmless = ["suspend", "outsideFiber"].map((name) => `~lib/as-fibers/assembly/context/${name}`);
  const runtime = indicesOf(
    (name) => (/^~lib\/(rt|as-fibers\/assembly)\//.test(name) || name.endsWith("~visit")) && !harmless.includes(name),
  );
  expect(section.runtimeFunctions).toEqual(expect.arrayContaining(runtime));
  expect(section.runtimeFunctions).toEqual(section.runtimeFunctions.toSorted((a, b) => a - b));
  const others = section.runtimeFunctions.filter((index) => !runtime.includes(index)).map((index) => names.get(index));
  // Nothing of the program, nor of the standard library, is among them.
  expect(others.filter((name) => !/^~lib\/(rt|as-fibers)\/|^export:~lib\/as-fibers\//.test(name ?? ""))).toEqual([]);
  for (const [index, name] of names) {
    if (name.startsWith("index/")) expect(section.functionNames[index]).toBe(name.slice("index/".length));
    if (name.startsWith("~lib/")) expect(section.functionNames[index]).toBeUndefined();
  }
});

/** Names by index, from the name section of a debug build. */
function functionNamesOf(module: WebAssembly.Module): Map<number, string> {
  const [section] = WebAssembly.Module.customSections(module, "name");
  const bytes = new Uint8Array(section ?? new ArrayBuffer());
  let at = 0;
  const readNumber = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const names = new Map<number, string>();
  while (at < bytes.length) {
    const kind = bytes[at++];
    const end = readNumber() + at;
    if (kind === 1) {
      for (let count = readNumber(); count > 0; count--) {
        const index = readNumber();
        const length = readNumber();
        names.set(index, new TextDecoder().decode(bytes.subarray(at, at + length)));
        at += length;
      }
    }
    at = end;
  }
  return names;
}

/** `load`: where a module may come from, its options, and what is refused. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { FibersError, load, type LoadOptions, type ModuleSource, nodeDriver, virtualDriver } from "as-fibers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { placeOf } from "../setup/source.ts";

const { binary, sourceMap, file } = guest("host-values");
const folder = mkdtempSync(path.join(tmpdir(), "as-fibers-load-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function codeOf(source: ModuleSource, options?: LoadOptions): Promise<string> {
  try {
    await load(source, options);
  } catch (error) {
    expect(error).toBeInstanceOf(FibersError);
    return (error as FibersError).code;
  }
  return "loaded";
}

describe("the source", () => {
  const bytes = new Uint8Array(binary);
  const padded = new Uint8Array(bytes.length + 20);
  padded.set(bytes, 7);
  const sources: [string, ModuleSource][] = [
    ["a path", file],
    ["a relative path", path.relative(process.cwd(), file)],
    ["a URL", pathToFileURL(file)],
    ["a Uint8Array", bytes],
    ["a Buffer", Buffer.from(bytes)],
    ["a part of a larger buffer", padded.subarray(7, 7 + bytes.length)],
    ["an ArrayBuffer", bytes.slice().buffer],
    ["a module", new WebAssembly.Module(bytes)],
  ];
  test.each(sources)("%s", async (_name, source) => {
    const app = await load(source, { driver: virtualDriver() });
    expect(await app.exports["echoI32"]?.(42)).toBe(42);
  });

  test("one module can be loaded many times; the instances share nothing", async () => {
    const module = new WebAssembly.Module(bytes);
    const [a, b] = await Promise.all([1, 2].map(() => load(module, { driver: virtualDriver() })));
    expect(a?.memory).not.toBe(b?.memory);
    expect(await Promise.all([a?.exports["echoI32"]?.(1), b?.exports["echoI32"]?.(2)])).toEqual([1, 2]);
  });

  test("a file that does not exist: E_NO_MODULE, with its name", async () => {
    const missing = path.join(folder, "missing.wasm");
    await expect(load(missing)).rejects.toMatchObject({
      code: "E_NO_MODULE",
      message: expect.stringMatching(/cannot read the module .*missing\.wasm: ENOENT/) as string,
    });
    expect(await codeOf(pathToFileURL(missing))).toBe("E_NO_MODULE");
    expect(await codeOf(folder)).toBe("E_NO_MODULE");
    expect(await codeOf(new URL("http://localhost/module.wasm"))).toBe("E_NO_MODULE");
    expect(await codeOf(undefined as unknown as string)).toBe("E_NO_MODULE");
  });

  test("bytes that are no module: E_NOT_AS_FIBERS", async () => {
    expect(await codeOf(new Uint8Array())).toBe("E_NOT_AS_FIBERS");
    expect(await codeOf(new TextEncoder().encode("export function main(): void {}"))).toBe("E_NOT_AS_FIBERS");
    expect(await codeOf(bytes.subarray(0, bytes.length - 10))).toBe("E_NOT_AS_FIBERS");
    const text = path.join(folder, "text.wasm");
    writeFileSync(text, "no module");
    expect(await codeOf(text)).toBe("E_NOT_AS_FIBERS");
  });
});

describe("the source map", () => {
  const beside = path.join(folder, "with map");
  const alone = path.join(folder, "alone");
  beforeAll(() => {
    for (const name of [beside, alone]) {
      mkdirSync(name);
      copyFileSync(file, path.join(name, "moved.wasm"));
    }
    writeFileSync(path.join(beside, "module.wasm.map"), sourceMap);
  });

  async function locationOf(source: ModuleSource, options: LoadOptions = {}) {
    const app = await load(source, { driver: virtualDriver(), ...options });
    const error = await app.exports["failingDefault"]?.().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "E_NEGATIVE", message: "the default is negative" });
    return (error as { location: unknown }).location;
  }

  const place = placeOf("host-values", 'if (value < 0) |throw new Error("E_NEGATIVE');

  test("is found beside a file, by the name that the module gives", async () => {
    expect(await locationOf(path.join(beside, "moved.wasm"))).toEqual(place);
    expect(await locationOf(pathToFileURL(path.join(beside, "moved.wasm")))).toEqual(place);
  });

  test("is given as text for bytes", async () => {
    const bytes = readFileSync(file);
    expect(await locationOf(bytes, { sourceMap })).toEqual(place);
    expect(await locationOf(new WebAssembly.Module(bytes), { sourceMap })).toEqual(place);
  });
});

describe("options", () => {
  test.each([
    ["a name that load does not know", { stack: 1 }, /load has no option "stack"; it knows .*stackLimit/],
    [
      "a stack limit that is too small",
      { stackLimit: 63 },
      /stackLimit is a number of bytes from 64 to 2\^30, and got 63/,
    ],
    ["a negative one", { stackLimit: -1 }, /got -1/],
    ["one that is too large", { stackLimit: 2 ** 30 + 1 }, /got 1073741825/],
    ["a fraction", { stackLimit: 100.5 }, /got 100\.5/],
    ["not a number", { stackLimit: NaN }, /got NaN/],
    ["a text", { stackLimit: "1000" }, /got 1000/],
  ] as [string, LoadOptions, RegExp][])("%s: E_INVALID_OPTION", async (_name, options, message) => {
    await expect(load(binary, options)).rejects.toMatchObject({
      code: "E_INVALID_OPTION",
      message: expect.stringMatching(message) as string,
    });
  });

  test("are checked before the module is read", async () => {
    expect(await codeOf("missing.wasm", { typo: 1 } as LoadOptions)).toBe("E_INVALID_OPTION");
  });

  test.each([virtualDriver, nodeDriver])("a driver that serves another instance: E_INVALID_OPTION", async (make) => {
    const driver = make();
    const app = await load(binary, { driver });
    expect(await codeOf(binary, { driver })).toBe("E_INVALID_OPTION");
    expect(await app.exports["echoI32"]?.(1)).toBe(1);
    await app.close();
    expect(await codeOf(binary, { driver })).toBe("E_INVALID_OPTION");
  });
});

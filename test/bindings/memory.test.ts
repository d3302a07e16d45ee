/** The memory's limit, reached by what JavaScript gives: one call ends, the others go on. */
import path from "node:path";
import { type App, load, type LoadOptions, virtualDriver } from "as-fibers";
import { compile } from "as-fibers/compiler";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { writeBindings } from "../../host/command/bindings-files.ts";
import { root } from "../setup/command.ts";
import { type AnyFunction, type BuiltModule, buildHere, importFile } from "./built.ts";

/** Does not fit, whatever else is there. */
const HUGE = "x".repeat(4e6);

let binary: Uint8Array;
let built: BuiltModule;
beforeAll(async () => {
  const flags = ["--maximumMemory", "48"];
  const source = "test/guests/bindings/imports.ts";
  const base = path.join(root, ".cache/bindings/little-memory");
  const compiled = await compile(source, { target: "debug", flags, bindings: true, name: path.basename(base) });
  await writeBindings(compiled, { source, base, imports: undefined });
  ({ binary } = compiled);
  built = await importFile(`${base}.js`);
});

type AnyApp = App<Record<string, AnyFunction>>;

const loaders: [string, (options: LoadOptions) => Promise<AnyApp>][] = [
  ["with bindings", (options) => built.instantiate(options)],
  ["by load", async (options) => (await load(binary, options)) as unknown as AnyApp],
];

const outOfMemory = expect.objectContaining({ code: "E_OUT_OF_MEMORY" }) as Error;

describe.each(loaders)("%s", (_name, open) => {
  let app: AnyApp;
  let answer: () => unknown;
  beforeEach(async () => {
    const unused = () => 0;
    const imports = {
      app: {
        fetchText: (url: string) => (url === "small" ? "small" : answer()),
        add: unused,
        addOrError: unused,
        big: unused,
        pause: unused,
        note: () => {},
        delay: unused,
      },
      "more-imports": { callOther: unused },
    };
    const options = { driver: virtualDriver(), imports } as unknown as LoadOptions;
    app = await open(options);
  });

  const call = (name: string, ...values: unknown[]) => (app.exports[name] as AnyFunction)(...values);

  test("by an argument: its promise rejects, before anything runs", async () => {
    const other = call("title", "small");
    await expect(call("lengthOf", HUGE)).rejects.toThrow(outOfMemory);
    expect(await other).toBe("<small>");
    expect(await call("lengthOf", "x".repeat(1000))).toBe(1000);
    await app.close();
  });

  test("by the answer of an import: the fiber that waits for it fails", async () => {
    answer = () => HUGE;
    const calls = ["small", "huge", "small", "huge"].map((url) => call("title", url));
    expect(await Promise.allSettled(calls)).toEqual([
      { status: "fulfilled", value: "<small>" },
      { status: "rejected", reason: outOfMemory },
      { status: "fulfilled", value: "<small>" },
      { status: "rejected", reason: outOfMemory },
    ]);
    expect(await call("titleOrError", "huge")).toBe("null E_OUT_OF_MEMORY");
    expect(await call("lengthOf", "again")).toBe(5);
    expect(app.isIntact).toBe(true);
    await app.close();
  });

  test("by the message of a rejection: the fiber fails with that", async () => {
    answer = () => Promise.reject(new Error(HUGE));
    await expect(call("title", "huge")).rejects.toThrow(outOfMemory);
    expect(await call("title", "small")).toBe("<small>");
    await app.close();
  });
});

test("by a value of a stream: whoever receives it fails, and the stream is left", async () => {
  const base = path.join(root, ".cache/bindings/streams-small-memory");
  const program = await buildHere("test/guests/bindings/streams.ts", base, { flags: ["--maximumMemory", "48"] });
  const unused = () => null;
  const streams = { note: unused, write: unused, read: unused };
  const imports = { streams, "streams-inner": { swap: unused } };
  const own = await (await program.open()).instantiate({ driver: virtualDriver(), imports });
  let left = 0;
  function* words() {
    try {
      yield* ["small", HUGE, "small"];
    } finally {
      left++;
    }
  }
  const [huge, small] = await Promise.allSettled([own.exports["collect"]?.(words()), own.exports["collect"]?.(["a"])]);
  expect(huge).toEqual({ status: "rejected", reason: outOfMemory });
  expect(small).toEqual({ status: "fulfilled", value: "a," });
  expect([left, own.fibers(), own.isIntact]).toEqual([1, [], true]);
  await own.close();
});

/** The memory's limit, reached by what JavaScript gives: one call ends, the others go on. */
import path from "node:path";
import { type App, load, type LoadOptions, virtualDriver } from "as-fibers";
import { compile } from "as-fibers/compiler";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { root } from "../setup/command.ts";
import { type AnyFunction, buildHere } from "./built.ts";

/** Does not fit, whatever else is there. */
const HUGE = "x".repeat(4e6);

let binary: Uint8Array;
beforeAll(async () => {
  const flags = ["--maximumMemory", "48"];
  ({ binary } = await compile("test/guests/bindings/imports.ts", { target: "debug", flags }));
});

let app: App<Record<string, AnyFunction>>;
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
  app = (await load(binary, options)) as unknown as typeof app;
});

const call = (name: string, ...values: unknown[]) => (app.exports[name] as AnyFunction)(...values);
const outOfMemory = expect.objectContaining({ code: "E_OUT_OF_MEMORY" }) as Error;

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

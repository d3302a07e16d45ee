/** The memory's limit, reached by what JavaScript gives: one call ends, the others go on. */
import { type App, load, type LoadOptions, virtualDriver } from "as-fibers";
import { compile } from "as-fibers/compiler";
import { beforeAll, beforeEach, expect, test } from "vitest";
import type { AnyFunction } from "./built.ts";

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

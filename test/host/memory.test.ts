/** Exhausted memory: the fiber that asked for more fails, the others finish, and the instance goes on. */
import { type App, FiberError, load, virtualDriver } from "as-fibers";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { placeOf } from "../setup/source.ts";

const BYSTANDER_RESULT = "0 1 2 3 4 5 6 7 ";

const call = (app: App, name: string, ...values: (number | string)[]) =>
  app.exports[name]?.(...values) ?? Promise.reject(new Error(name));

describe.each(["debug", "release"] as const)("in a %s build with 48 pages of memory", (target) => {
  async function loadSmall(): Promise<{ app: App; bystander: Promise<unknown> }> {
    const { binary, sourceMap } = guest("host-memory", { target, label: "small-memory" });
    const app = await load(binary, { driver: virtualDriver(), sourceMap });
    return { app, bystander: call(app, "stand", 8) };
  }

  const exhausted = { code: "E_OUT_OF_MEMORY", message: expect.stringMatching(/raise --maximumMemory/) as string };

  test("the fiber that allocates fails, again and again; what it held is collected", async () => {
    const { app, bystander } = await loadSmall();
    for (let round = 0; round < 3; round++) {
      const error = await call(app, "hoard", 10_000, 1e6).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(FiberError);
      expect(error).toMatchObject({ ...exhausted, fiber: "hoard" });
      const { file, line } = placeOf("host-memory", "held.push(|new StaticArray<u8>(bytes))");
      expect((error as FiberError).location).toMatchObject({ file, line });
      expect(await call(app, "hoard", 10_000, 100)).toBe(100);
    }
    expect(await bystander).toBe(BYSTANDER_RESULT);
    expect(app.memory.buffer.byteLength).toBe(48 * 65_536);
  });

  test("also when the program goes on holding everything", async () => {
    const { app, bystander } = await loadSmall();
    await expect(call(app, "hold", 10_000, 1e6)).rejects.toMatchObject({ ...exhausted, fiber: "hold" });
    expect(await bystander).toBe(BYSTANDER_RESULT);
    await expect(call(app, "hold", 10_000, 1e6)).rejects.toMatchObject(exhausted);
    expect(Number(await call(app, "release"))).toBeGreaterThan(150);
    app.collect();
    expect(await call(app, "hoard", 10_000, 100)).toBe(100);
  });

  test("also when not even the smallest object fits any more, again and again", async () => {
    const { app, bystander } = await loadSmall();
    expect(await bystander).toBe(BYSTANDER_RESULT);
    for (let round = 0; round < 3; round++) {
      await expect(call(app, "link", 1e7)).rejects.toMatchObject({ ...exhausted, fiber: "link" });
      await call(app, "unlink");
      app.collect();
      expect(await call(app, "hoard", 10_000, 100)).toBe(100);
      app.collect();
    }
  });

  test("also when it is the saving of frames that finds no memory", async () => {
    const { app } = await loadSmall();
    await expect(call(app, "hold", 20_000, 1e6)).rejects.toMatchObject(exhausted);
    await expect(call(app, "hold", 3000, 1e6)).rejects.toMatchObject(exhausted);
    await expect(call(app, "suspendAt", 1000)).rejects.toMatchObject({ ...exhausted, fiber: "suspendAt" });
    expect(await call(app, "suspendAt", 10)).toBe(55n);
    await call(app, "release");
    app.collect();
    expect(await call(app, "suspendAt", 1000)).toBe(500_500n);
  });

  test("an argument that does not fit rejects its own call only", async () => {
    const { app, bystander } = await loadSmall();
    await expect(call(app, "lengthOf", "x".repeat(2 ** 21))).rejects.toMatchObject(exhausted);
    expect(await call(app, "lengthOf", "x".repeat(1000))).toBe(1000);
    expect(await bystander).toBe(BYSTANDER_RESULT);
  });

  test.each([
    ["allocateRaw", 2 ** 30, "one object of that size cannot be allocated"],
    ["allocateRaw", 2 ** 32 - 1, "one object of that size cannot be allocated"],
    ["allocate", 2 ** 30 - 14, "one object of that size cannot be allocated"],
    ["allocateRaw", 2 ** 29, exhausted.message],
    ["allocate", 2 ** 29, exhausted.message],
  ])("%s(%d): E_OUT_OF_MEMORY", async (name, bytes, message) => {
    const { app, bystander } = await loadSmall();
    await expect(call(app, name, bytes)).rejects.toMatchObject({ code: "E_OUT_OF_MEMORY", message, fiber: name });
    expect(await bystander).toBe(BYSTANDER_RESULT);
    expect(await call(app, "hoard", 10_000, 100)).toBe(100);
  });

  test("the memory that load needs itself", async () => {
    const { binary } = guest("host-memory", { target, label: "small-memory" });
    await expect(load(binary, { driver: virtualDriver(), stackLimit: 2 ** 22 })).rejects.toMatchObject(exhausted);
  });
});

/** Imports that answer by promises, in simulated time. */
import { explore, lasting, pure, shrinkRun, simulate } from "as-fibers/testing";
import { expect, test } from "vitest";
import { guest } from "../setup/guests.ts";

const { binary } = guest("suspending");

const page = (url: string) => `page ${url}`;

/** Answers after so many turns of the event loop: real time, of which nobody knows how long it is. */
async function soon(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("no simulated time passes until they have answered: at once, or much later", async () => {
  const at = "page /one 0, page /other 0, slept 30";
  expect((await simulate(binary, { imports: { app: { fetchText: page } } })).value).toBe(at);
  const slow = async (url: string) => soon(20).then(() => page(url));
  expect((await simulate(binary, { imports: { app: { fetchText: slow } } })).value).toBe(at);
});

test("what is said to last does so, in simulated time alone", async () => {
  const fetchText = lasting(20, async (url: string) => {
    await soon(url === "/one" ? 30 : 0);
    return page(url);
  });
  const { value, time } = await simulate(binary, { imports: { app: { fetchText } } });
  expect({ value, time }).toEqual({ value: "page /one 20, page /other 20, slept 30", time: 30 });
});

test("how long is drawn from the seed", async () => {
  const imports = { app: { fetchText: lasting({ min: 1, max: 100 }, page) } };
  const values = new Set<unknown>();
  for (let seed = 1; seed <= 5; seed++) {
    const one = await simulate(binary, { imports, seed, policy: "random" });
    expect(await simulate(binary, { imports, schedule: one.schedule })).toEqual(one);
    values.add(one.value);
  }
  expect(values.size).toBe(5);
});

test("a rejection is the fiber's failure; told step by step", async () => {
  const fetchText = lasting(5, async (url: string) => {
    await soon(1);
    if (url === "/other") throw Object.assign(new Error("no such page"), { code: "ENOENT" });
    return page(url);
  });
  const imports = { app: { fetchText } };
  const { failure, time } = await simulate(binary, { imports });
  expect({ failure, time }).toMatchObject({ failure: { code: "ENOENT" }, time: 5 });
  const { fault, report } = await shrinkRun(binary, { imports, policy: "random", seed: 3 });
  expect(fault).toMatchObject({ kind: "failure", code: "ENOENT" });
  expect(report).toContain("waits (import)");
});

test("what is not given is refused", async () => {
  await expect(simulate(binary)).rejects.toMatchObject({
    code: "E_MISSING_IMPORT",
    message: expect.stringContaining("app.fetchText"),
  });
});

test("explore cannot wait for them, and looks at what does not call them", async () => {
  const imports = { app: { fetchText: pure(page) } };
  const { failure } = await explore(binary, { imports });
  expect(failure?.fault.message).toContain("explore cannot wait for the import app.fetchText");
  expect(await explore(binary, { imports, entry: "alone" })).toMatchObject({ complete: true, schedules: 1 });
});

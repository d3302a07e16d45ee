/** `FiberLocal`: each fiber its own value, which begins as that of the fiber that started it. */
import { expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { loadWatched } from "../setup/watched.ts";

async function call(name: string, ...values: number[]): Promise<unknown> {
  const app = await loadWatched(guest("news").binary);
  await app.exports["outside"]?.();
  return app.exports[name]?.(...values);
}

test("a fiber begins with what its starter had at that moment; afterwards neither sees what the other sets", async () => {
  expect(await call("locals")).toBe(
    [
      "main: nobody 0",
      "before: nobody 0",
      "after: myself 1",
      "before: before 1",
      "after: after 2",
      "before': before 1",
      "after': after 2",
      "before': before' 2",
      "after': after' 3",
      "after': after' 3",
      "before'': before' 2",
      "after: after 2",
      "before'': before'' 3",
      "before'': before'' 3",
      "before': before' 2",
      "before: before 1",
      "main: I 1",
      "task: I 1",
    ].join("\n"),
  );
});

test("a fiber has many, set in any order", async () => {
  expect(await call("manyLocals", 60)).toBe(60);
});

test("a call from JavaScript begins with the initial values", async () => {
  const app = await loadWatched(guest("news").binary);
  await app.exports["outside"]?.();
  await app.exports["locals"]?.();
  expect(String(await app.exports["locals"]?.()).split("\n")[0]).toBe("main: nobody 0");
});

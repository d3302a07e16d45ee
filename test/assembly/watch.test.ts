/** `Watch`: the latest value, for observers that see each version once. */
import { expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { loadWatched } from "../setup/watched.ts";

async function call(name: string, ...values: string[]): Promise<unknown> {
  const app = await loadWatched(guest("news").binary);
  await app.exports["outside"]?.();
  return app.exports[name]?.(...values);
}

test("observers see what is there, then the latest of what comes, each version once, and the end", async () => {
  expect(await call("watchAll")).toBe(
    [
      "a 0",
      "select 0",
      "c 0",
      "d 0",
      "a 2",
      "select 2",
      "d 2",
      "d end false",
      "a 2",
      "select 2",
      "late true 2 false",
      "late true 3 false 3 true",
      "a 3",
      "a end false",
      "select 3",
      "select end",
      "done done E_CANCELLED: cancelled done",
    ].join("\n"),
  );
});

test.each([
  [
    "watch",
    "E_CLOSED: cannot set: the watch is closed, and its observers were told the end; close it when nobody sets it any more",
  ],
  ["observer", "E_NO_VALUE: the observer has no value: value gives what its last next(), tryNext() or select has seen"],
])("misuse: %s", async (what, message) => {
  expect(await call("misuse", what)).toBe(message);
});

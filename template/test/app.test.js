import assert from "node:assert/strict";
import { test } from "node:test";
import { cook } from "../build/app.js";

test("dishes cook at the same time", async () => {
  const served = [];
  await Promise.all([30, 10, 20].map(async (milliseconds) => served.push(await cook(milliseconds))));
  assert.deepEqual(served, ["done after 10 ms", "done after 20 ms", "done after 30 ms"]);
});

/** docs/what-asyncify-does.md is what the compiler makes today. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { documentFile, explain } from "../../scripts/explain-asyncify.mjs";

test("the document shows what the transform makes of the function: else run node scripts/explain-asyncify.mjs", async () => {
  const written = readFileSync(documentFile, "utf8");
  expect(await explain()).toBe(written);
  expect(written).toContain("(call $suspend)");
  expect(written).toContain("(br_if $__asyncify_unwind");
});

/** docs/reference/: says what the doc comments say, and every name that programs can import has one. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { reference, undocumented } from "../../scripts/reference.mjs";
import { root } from "../setup/command.ts";

const folder = path.join(root, "docs/reference");

test("is as the script writes it: node scripts/reference.mjs", () => {
  const pages = reference();
  expect(readdirSync(folder).toSorted()).toEqual([...pages.keys()].toSorted());
  for (const [file, text] of pages) expect(readFileSync(path.join(folder, file), "utf8"), file).toBe(text);
});

test("every name that programs can import has a doc comment, and so have its members", () => {
  expect(undocumented()).toEqual([]);
});

/** docs/licences.md: says what package-lock.json says, and nothing that users get has terms that they would have to think about. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { licences } from "../../scripts/licences.mjs";
import { root } from "../setup/command.ts";

const text = readFileSync(path.join(root, "docs/licences.md"), "utf8");

test("is as the script writes it: node scripts/licences.mjs", () => {
  expect(text).toBe(licences());
});

test("what users get is under permissive licences", () => {
  const [, table = ""] = /## What users get\n(.*?)\n## /s.exec(text) ?? [];
  const rows = [...table.matchAll(/^\| (\S+) \| (.+?) \| .+ \|$/gm)].slice(1);
  const found = Object.fromEntries(rows.map(([, name = "", licence = ""]) => [name, licence]));
  expect(found).toMatchObject({ "@jridgewell/trace-mapping": "MIT", assemblyscript: "Apache-2.0", koffi: "MIT" });
  for (const licence of Object.values(found)) expect(["MIT", "Apache-2.0", "ISC", "BSD-3-Clause"]).toContain(licence);
});

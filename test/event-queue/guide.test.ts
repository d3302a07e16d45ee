/** The guide, docs/event-queue.md: its programs print what stands below them, and its table has every code. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { root, runNode } from "../setup/command.ts";
import { library } from "../setup/real-drivers.ts";
import { readBlocks, readDocument } from "../setup/markdown.ts";

const guide = "docs/event-queue.md";
const blocks = readBlocks(guide);

describe.skipIf(!library)("its programs", () => {
  const programs = blocks.filter(({ language, note }) => language === "js" && note !== "fragment");

  test.concurrent.each(programs)("under $heading", async ({ index, text }) => {
    const { code, stdout, stderr } = await runNode(["--input-type=module", "--eval", text], { cwd: root });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(blocks[index + 1]?.text);
  });
});

test("its table of errors has every code of the sources, and no other", () => {
  const folder = path.join(root, "host/event-queue");
  const sources = readdirSync(folder).map((file) => readFileSync(path.join(folder, file), "utf8"));
  const codes = sources.flatMap((text) => text.match(/"E_[A-Z_]+"/g) ?? []).map((code) => code.slice(1, -1));
  const rows = readDocument(guide).matchAll(/^\| `(E_\w+)` \|/gm);
  expect([...rows].map(([, code]) => code).toSorted()).toEqual([...new Set(codes)].toSorted());
});

test("the points of the contract are as many as it says", () => {
  const contract = readFileSync(path.join(root, "host/event-queue/selector.ts"), "utf8");
  const count = [...contract.matchAll(/^ \* +\d+\. /gm)].length;
  expect(readDocument(guide)).toContain(`The contract, ${count} numbered points`);
});

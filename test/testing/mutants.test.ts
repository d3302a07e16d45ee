/** The programs by which mutants of the library are found hold for the library as it is; and the table names every mutant. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { explore } from "as-fibers/testing";
import { root } from "../setup/command.ts";
import { guest } from "../setup/guests.ts";

test("the library as it is holds in every schedule of up to three preemptions", async () => {
  const { binary } = guest("mutants");
  const module = await WebAssembly.compile(binary as BufferSource);
  const entries = WebAssembly.Module.exports(module).flatMap(
    ({ name }) => /^__fibers_start_(\w+)$/.exec(name)?.[1] ?? [],
  );
  expect(entries.length).toBeGreaterThan(30);
  for (const entry of entries) {
    // What is said of fibers that are first in, first out is said of production's order.
    const preemptions = entry === "fifo" ? 0 : 3;
    const { failure, report } = await explore(binary, { entry, leaks: "error", maxSwitches: 2000, preemptions });
    expect(failure, `${entry}: ${report}`).toBeUndefined();
  }
});

test("docs/mutants.md tells of every mutant of the script, and that it was found", () => {
  const script = readFileSync(path.join(root, "scripts/mutants.mjs"), "utf8");
  const table = readFileSync(path.join(root, "docs/mutants.md"), "utf8");
  const names = [...script.matchAll(/^\s*(?:\{ )?name: "([^"]+)",/gm)].map(([, name = ""]) => name);
  expect(names.length).toBeGreaterThanOrEqual(20);
  for (const name of names) expect(table).toContain(`| ${name} |`);
  expect(table).not.toContain("not found");
});

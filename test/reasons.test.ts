/** Both sides of the border, and the report of target `wasi`, call what fibers wait for by the same words, in the same order. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { REASONS, STATES } from "../host/fiber-records.ts";
import { root } from "./setup/command.ts";

const read = (file: string) => readFileSync(path.join(root, file), "utf8");

/** The members of an enum of assembly/record.ts, as words: READ_LOCK → "read lock". */
function members(name: string): string[] {
  const body = new RegExp(`export enum ${name} \\{([^]*?)\\n\\}`).exec(read("assembly/record.ts"))?.[1] ?? "";
  return [...body.matchAll(/^ {2}([A-Z_]+),$/gm)].map(([, member = ""]) => member.toLowerCase().replaceAll("_", " "));
}

test("reasons", () => {
  expect(members("Reason")).toEqual(REASONS.map((word) => word || "none"));
  const report = /const REASONS: StaticArray<string> = (\[[^]*?\]);/.exec(read("assembly/wasi/report.ts"))?.[1] ?? "[]";
  expect(JSON.parse(report.replace(/,\s*\]/, "]"))).toEqual(REASONS);
});

test("states", () => {
  expect(members("State")).toEqual(STATES);
});

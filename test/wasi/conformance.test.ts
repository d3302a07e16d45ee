/** Every conformance case is ok on our hosts, and the document's table says so. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../setup/command.ts";
import { isHere } from "../setup/real-drivers.ts";
import { cases } from "./cases/index.mjs";
import { hosts } from "./probe-hosts.mjs";
import { runHost } from "./probe-run.mjs";

const ours = Object.keys(hosts).filter((key) => hosts[key]?.isOurs);
const canRun = (host: string) => !host.endsWith("-poll") || isHere("poll");
const document = readFileSync(path.join(root, "docs/wasi-conformance.md"), "utf8");

describe("the cases", () => {
  test("have ids of their own", () => {
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    expect(cases.length).toBeGreaterThanOrEqual(60);
  });

  test("are all in the document's tables", () => {
    for (const { name, group } of cases) {
      const section = document.split(`## ${group}\n`)[1]?.split("\n## ")[0] ?? "";
      expect(section, `${group} / ${name}`).toContain(`\n| ${name} `);
    }
  });
});

describe.concurrent("on our hosts", () => {
  for (const host of ours) {
    test.skipIf(!canRun(host))(`every case is ok on ${host}`, async () => {
      const outcomes = await runHost(host, { limitMs: 20_000 });
      const different = outcomes.filter(({ status }) => status !== "ok");
      expect(different.filter(({ came }) => !/script is not installed/.test(came))).toEqual([]);
      expect(outcomes.length).toBe(cases.length);
    });
  }

  test.each(ours)("%s: the document's totals agree", (host) => {
    const row = document.split("\n").find((line) => line.startsWith(`| ${hosts[host]?.name} `)) ?? "";
    const [, , ...numbers] = row.split("|").map((cell) => cell.trim());
    expect(numbers.slice(1, 7).map(Number)).toEqual([cases.length, 0, 0, 0, 0, 0]);
  });
});

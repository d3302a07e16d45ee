/** Every point of the selector's contract is asked for by a test, on every back end; and how many tests not every one is given. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { root } from "../setup/command.ts";
import type { Need } from "./world.ts";

const TITLE = /describe\.each\(worlds\)\("points? ([^"]+) on \$name"/g;
/** What a test needs beside koffi. */
const NEEDING = /needing\(world((?:, "[\w ]+")*)\)/g;
/** How many tests need what: the simulated kqueue is not given them. */
const NEEDS: Record<Exclude<Need, "koffi">, number> = { "event loop": 18, threads: 4 };

const folder = path.join(root, "test/event-queue");
const texts = readdirSync(folder)
  .filter((file) => file.endsWith(".test.ts") && file !== "coverage.test.ts")
  .map((file) => readFileSync(path.join(folder, file), "utf8"));

test("every point has a test", () => {
  const contract = readFileSync(path.join(root, "host/event-queue/selector.ts"), "utf8");
  const points = [...contract.matchAll(/^ \* +(\d+)\. /gm)].map(([, point]) => Number(point));
  const asked = texts.flatMap((text) =>
    [...text.matchAll(TITLE)].flatMap(([, title = ""]) => (title.match(/\d+/g) ?? []).map(Number)),
  );
  expect(points.length).toBe(14);
  expect([...new Set(asked)].toSorted((a, b) => a - b)).toEqual(points);
});

test("few tests are not for every back end", () => {
  const needs: Record<string, number> = {};
  for (const [, list = ""] of texts.flatMap((text) => [...text.matchAll(NEEDING)])) {
    for (const [, need = ""] of list.matchAll(/"([\w ]+)"/g)) needs[need] = (needs[need] ?? 0) + 1;
  }
  expect(needs).toEqual(NEEDS);
});

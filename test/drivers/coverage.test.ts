/** Every point of the contract in host/driver.ts is asked for by a test, on every driver. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { root } from "../setup/command.ts";
import { worlds } from "../setup/world.ts";

/** The points that a title names: "points 3 and 5 on $name". */
const TITLE = /describe\.each\(worlds\)\("points? ([\d, and]+) on \$name"/g;

function namedPoints(): number[] {
  const folder = path.join(root, "test/drivers");
  const files = readdirSync(folder).filter((file) => file.endsWith(".test.ts"));
  const titles = files.flatMap((file) => [...readFileSync(path.join(folder, file), "utf8").matchAll(TITLE)]);
  return titles.flatMap(([, points = ""]) => [...points.matchAll(/\d+/g)].map(Number));
}

test("every point has a test", () => {
  const contract = readFileSync(path.join(root, "host/driver.ts"), "utf8");
  const points = [...contract.matchAll(/^ \* +(\d+)\. /gm)].map(([, point]) => Number(point));
  expect(points).toEqual(points.map((_, i) => i + 1));
  expect(points.length).toBeGreaterThan(5);
  const named = namedPoints();
  expect(points.filter((point) => !named.includes(point))).toEqual([]);
  expect(named.filter((point) => !points.includes(point))).toEqual([]);
});

test("every driver has a world", () => {
  const drivers = readdirSync(path.join(root, "host/drivers")).filter((file) => file.endsWith(".ts"));
  expect(worlds.map(({ name }) => `${name}.ts`).toSorted()).toEqual(drivers.toSorted());
});

/** Every point of the contract in host/driver.ts is asked for by a test, on every driver; and which tests not every driver is given. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../setup/command.ts";
import { everyWorld, type Need, worlds } from "../setup/world.ts";

/** The points that a title names: "points 3 and 5 on $name". */
const TITLE = /describeOn\((?:worlds|everyWorld), "points? ([\d, and]+)"/g;

/** A test, and what it needs. */
const TEST = /^ +(?:test|needing\(\s*world,([^)]+)\))(?:\.each)?\(/gm;

/** A part of a test that is for some worlds only. */
const PART = /world\.lacks\.has\("(\w+)"\)/g;

/** How many tests, and parts of tests, need what, in all files. The rest is for every driver. */
const NEEDS: Record<Need, number> = {
  connect: 15,
  port: 7,
  address: 1,
  datagram: 13,
  unix: 10,
  option: 2,
  file: 2,
  hangup: 1,
  clock: 1,
  driver: 28,
  app: 1,
  handle: 1,
};

const folder = path.join(root, "test/drivers");

interface Source {
  points: number[];
  /** Of each of its tests. */
  needs: string[][];
  /** Of parts of its tests. */
  parts: string[];
}

const sources = readdirSync(folder)
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => readFileSync(path.join(folder, file), "utf8"))
  .map((text): Source => {
    const points = [...text.matchAll(TITLE)].flatMap(([, title = ""]) => title.match(/\d+/g) ?? []);
    const parts = [...text.matchAll(PART)].map(([, need = ""]) => need);
    const needs = [...text.matchAll(TEST)].map(([, list = ""]) =>
      [...list.matchAll(/"(\w+)"/g)].map(([, need = ""]) => need),
    );
    return { points: points.map(Number), needs, parts };
  });

function pointsOfContract(): number[] {
  const contract = readFileSync(path.join(root, "host/driver.ts"), "utf8");
  return [...contract.matchAll(/^ \* +(\d+)\. /gm)].map(([, point]) => Number(point));
}

test("the points of the contract are numbered, and no others are named", () => {
  const points = pointsOfContract();
  expect(points).toEqual(points.map((_, i) => i + 1));
  expect(points.length).toBeGreaterThan(5);
  expect(sources.flatMap((source) => source.points).filter((point) => !points.includes(point))).toEqual([]);
});

describe.each(worlds)("on $name", ({ lacks }) => {
  test("every point has a test", () => {
    const lacking = new Set<string>(lacks);
    const asked = sources.filter(({ needs }) => needs.some((each) => !each.some((need) => lacking.has(need))));
    const named = asked.flatMap(({ points }) => points);
    expect(pointsOfContract().filter((point) => !named.includes(point))).toEqual([]);
  });
});

test("every driver has a world", () => {
  const drivers = readdirSync(path.join(root, "host/drivers")).filter((file) => file.endsWith(".ts"));
  if (existsSync(path.join(root, "assembly/wasi/driver.ts"))) drivers.push("wasi.ts");
  const tested = worlds.map(({ name }) => (name === "epoll" || name === "poll" ? "selector.ts" : `${name}.ts`));
  expect([...new Set(tested)].toSorted()).toEqual(drivers.toSorted());
});

test("tests that not every driver is given are these, and each world says what it lacks", () => {
  const found: Record<string, number> = Object.fromEntries(Object.keys(NEEDS).map((need) => [need, 0]));
  for (const need of sources.flatMap(({ needs, parts }) => [...needs.flat(), ...parts]))
    found[need] = (found[need] ?? 0) + 1;
  expect(found).toEqual(NEEDS);
  expect(Object.fromEntries(everyWorld.map(({ name, lacks }) => [name, [...lacks].join(" ")]))).toEqual({
    node: "",
    epoll: "",
    poll: "",
    virtual: "clock file",
    wasi: "connect port address datagram unix option file handle driver app",
    "wasi, @wasmer/wasi": "connect port address datagram unix option file handle driver app",
    "wasi, atomics": "connect port address datagram unix option file handle driver app hangup",
    "wasi, @wasmer/wasi, atomics": "connect port address datagram unix option file handle driver app hangup",
    "wasi, a host that counts no bytes and makes nothing non-blocking":
      "connect port address datagram unix option file handle driver app",
  });
});

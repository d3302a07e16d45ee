/** The timeline of the showcase: bars that fall as things end, times, and an axis, within its width. */
import { expect, test } from "vitest";
import { palette } from "../../host/command/palette.ts";
import { timeline } from "../../host/command/showcase/timeline.ts";

const plain = palette(false);

test("a bar is as high as many have not ended, in columns of 20 ms", () => {
  const groups = [
    { name: "all at once", ends: [40, 40] },
    { name: "one by one", ends: [20, 40, 60, 80] },
    { name: "at the end", ends: [1060] },
  ];
  expect(timeline(groups, 1060, plain)).toEqual([
    `all at once ██${" ".repeat(51)}     40–40 ms`,
    ` one by one █▆▄▂${" ".repeat(49)}     20–80 ms`,
    ` at the end ${"█".repeat(53)} 1060–1060 ms`,
    `            ${"┴─────────".repeat(5)}┴──`,
    "            0         200       400       600       800       1000 ms",
  ]);
});

test("what takes longer is drawn at another scale, as wide", () => {
  const lines = timeline([{ name: "slow", ends: [1060, 2120] }], 2120, plain);
  expect(lines).toEqual([
    `slow ${"█".repeat(26)}${"▄".repeat(27)} 1060–2120 ms`,
    `     ${"┴─────────".repeat(5)}┴──`,
    "     0         400       800       1200      1600      2000 ms",
  ]);
  expect(lines[0]?.length).toBe(71);
});

test("how high it is shows even when few are left", () => {
  const ends = Array.from({ length: 10 }, (_, i) => (i + 1) * 20);
  expect(timeline([{ name: "ten", ends }], 1000, plain)[0]).toContain("ten ██▇▆▅▄▄▃▂▁ ");
});

test("colours do not change its text", () => {
  const groups = [{ name: "group", ends: [500] }];
  const coloured = timeline(groups, 500, palette(true)).join("\n");
  // oxlint-disable-next-line no-control-regex -- colours begin with one
  expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(timeline(groups, 500, plain).join("\n"));
});

/** When there are colours, and what they do. */
import { expect, test } from "vitest";
import { palette, wantsColour } from "../../host/command/palette.ts";

test.each<[string, boolean, NodeJS.ProcessEnv, boolean]>([
  ["a terminal", true, { TERM: "xterm" }, true],
  ["a pipe", false, { TERM: "xterm" }, false],
  ["a terminal that cannot", true, { TERM: "dumb" }, false],
  ["a terminal and NO_COLOR", true, { NO_COLOR: "1" }, false],
  ["an empty NO_COLOR, which counts as none", true, { NO_COLOR: "" }, true],
  ["a pipe and FORCE_COLOR", false, { FORCE_COLOR: "1" }, true],
  ["FORCE_COLOR=0", true, { FORCE_COLOR: "0" }, false],
  ["both: NO_COLOR is stronger", true, { NO_COLOR: "1", FORCE_COLOR: "1" }, false],
])("%s", (_, isTTY, environment, expected) => {
  expect(wantsColour({ isTTY }, environment)).toBe(expected);
});

test("colours begin and end, and nest", () => {
  const { bold, red } = palette(true);
  expect(bold(`a ${red("b")} c`)).toBe("\u001b[1ma \u001b[31mb\u001b[39m c\u001b[22m");
  expect(red("")).toBe("");
});

test("without colours, texts stay as they are", () => {
  for (const paint of Object.values(palette(false))) expect(paint("text")).toBe("text");
});

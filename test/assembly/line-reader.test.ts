/** `LineReader`: lines do not depend on how their bytes were cut. */
import { type App, load, virtualDriver } from "as-fibers";
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";

const app: App = await load(guest("line-reader").binary, { driver: virtualDriver() });
afterAll(() => app.terminate());

const SEPARATOR = "\u0001";

async function lines(text: string, sizes: number[], limit = -1, verb = "lines"): Promise<string[]> {
  return String(await app.exports[verb]?.(text, sizes.join(" "), limit)).split(SEPARATOR);
}

/** What it must give: the lines, then how it ends. */
function expectedLines(text: string, limit: number): string[] {
  const parts = text.split("\n");
  const rest = parts.pop() ?? "";
  const wanted = parts.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  if (rest) wanted.push(rest);
  const tooLong = wanted.findIndex((line) => Buffer.byteLength(line) > limit);
  return tooLong < 0 ? [...wanted, "end"] : [...wanted.slice(0, tooLong), "E_LINE_TOO_LONG"];
}

const piece = fc.constantFrom("\n", "\r\n", "\r", "a", "bc", "é", "漢", "👩‍🚀", " ", "\0", "x".repeat(40));
const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(""));
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });

describe("any text, cut anywhere", () => {
  test("also within a character and within the end of a line", async () => {
    const property = fc.asyncProperty(text, sizes, async (all, cuts) => {
      expect(await lines(all, cuts)).toEqual(expectedLines(all, 65_536));
    });
    await fc.assert(property, { numRuns: 500, seed: 1 });
  });

  test("a line may have as many bytes as the limit says, and not one more", async () => {
    const property = fc.asyncProperty(text, sizes, fc.integer({ min: 0, max: 60 }), async (all, cuts, limit) => {
      expect(await lines(all, cuts, limit)).toEqual(expectedLines(all, limit));
    });
    await fc.assert(property, { numRuns: 500, seed: 1 });
  });
});

test.each([65_535, 65_536])("a line of %d bytes is read when nothing else is said", async (length) => {
  const line = "x".repeat(length);
  expect(await lines(`${line}\r\n${line}\nend`, [1000])).toEqual([line, line, "end", "end"]);
});

test("one of more than 65,536 fails with E_LINE_TOO_LONG, what came before is given", async () => {
  const longer = "x".repeat(65_537);
  expect(await lines(`one\n${longer}\ntwo\n`, [1 << 20])).toEqual(["one", "E_LINE_TOO_LONG"]);
  await expect(lines(`one\n${longer}\ntwo\n`, [1 << 20], -1, "linesOrFail")).rejects.toMatchObject({
    code: "E_LINE_TOO_LONG",
    message: "cannot read a line of more than 65536 bytes",
  });
});

test("a megabyte without an end of a line is not read to its end", async () => {
  expect(await lines("x".repeat(1 << 20), [1 << 20], 1000)).toEqual(["E_LINE_TOO_LONG"]);
});

test("both forms give the same lines", async () => {
  const all = "one\r\ntwo\n\nthree";
  for (const verb of ["lines", "linesOrFail"])
    expect(await lines(all, [2, 3], -1, verb)).toEqual(["one", "two", "", "three", "end"]);
});

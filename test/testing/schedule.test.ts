/** Schedules as text: short, printable, and read back as they were. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatSchedule, parseSchedule } from "../../host/testing/schedule.ts";

const program = { checksums: ["0123abcd", "fedcba98"] };

test("runs of the first choice are counted", () => {
  const text = (choices: number[], draws: number[] = []) => formatSchedule(program, { seed: 1, choices, draws });
  expect(text([])).toBe("1.0123abcd.1.");
  expect(text([0, 0, 0])).toBe("1.0123abcd.1.");
  expect(text([0, 0, 0, 2, 1])).toBe("1.0123abcd.1.3x2-x1");
  expect(text([...Array.from({ length: 40 }, () => 0), 37])).toBe("1.0123abcd.1.18x15");
  expect(text([], [0, 1])).toBe("1.0123abcd.1..1x1");
  expect(text([2], [0, 0])).toBe("1.0123abcd.1.x2");
});

test("what is written is read", () => {
  const schedules = fc.record({
    seed: fc.maxSafeInteger(),
    choices: fc.array(fc.nat({ max: 50 })),
    draws: fc.array(fc.nat()),
  });
  const trimmed = (choices: readonly number[]) => choices.slice(0, choices.findLastIndex(Boolean) + 1);
  fc.assert(
    fc.property(schedules, (schedule) => {
      const read = parseSchedule(program, formatSchedule(program, schedule));
      expect(read).toEqual({ seed: schedule.seed, choices: trimmed(schedule.choices), draws: trimmed(schedule.draws) });
    }),
    { numRuns: 200, seed: 1 },
  );
});

test("a module is known by its bytes, and by its description where these cannot be read", () => {
  expect(parseSchedule(program, "1.fedcba98.1.x1").choices).toEqual([1]);
  expect(() => parseSchedule(program, "1.00000000.1.x1")).toThrow(
    expect.objectContaining({ code: "E_OTHER_MODULE", message: expect.stringContaining("00000000") as string }),
  );
});

test.each([
  "",
  "x1",
  "1.0123abcd.1",
  "2.0123abcd.1.x1",
  "1.0123abcd.1.x1 ",
  "1.0123ABCD.1.x1",
  "1.0123abcd.1.y",
  "1.0123abcd.1.x1-",
  "1.0123abcd.1.x1x1",
  "1.0123abcd.1.x1.x1.x1",
])("%j is none", (text) => {
  expect(() => parseSchedule(program, text)).toThrow(expect.objectContaining({ code: "E_INVALID_SCHEDULE_TEXT" }));
});

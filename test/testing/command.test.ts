/** `as-fibers run` in a simulated world: seeds, policies, schedules that are repeated, traces. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseSeed } from "../../host/command/observation.ts";
import { run as runHere } from "../../host/command/run.ts";
import { asFibers } from "../setup/command.ts";

const LESSON = "examples/lessons/check-then-act.ts";
const WRONGLY = ["--", "true"];

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "as-fibers-testing-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

const run = (...words: string[]) => asFibers(["run", ...words]);

test("a failing schedule is printed, and repeats the failure; and so is a smaller one", async () => {
  const failed = await run("--driver", "virtual", "--policy", "random", "--seed", "4", "--shrink", LESSON, ...WRONGLY);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain("the account is overdrawn");
  const [, schedule = ""] = /--replay (\S+)\n\n/.exec(failed.stderr) ?? [];
  const [, smaller = ""] = failed.stderr.split("a smaller run that fails:\n\n");
  expect(smaller).toMatch(/^E_ABORTED: the account is overdrawn.*\nin the schedule 1\./);
  expect(smaller).toMatch(/fiber \d "rent": yields, .*check-then-act\.ts:\d+:\d+/);
  expect(schedule).toMatch(/^1\.[0-9a-f]{8}\.4\./);
  const again = await run("--driver", "virtual", "--replay", schedule, LESSON, ...WRONGLY);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain("the account is overdrawn");
});

test("a trace of a real run", async () => {
  const file = path.join(folder, "trace.json");
  expect(await run("--trace", file, "examples/two-counters.ts")).toMatchObject({ code: 0, stderr: "" });
  const { traceEvents } = JSON.parse(readFileSync(file, "utf8")) as { traceEvents: { ph: string; args?: object }[] };
  const lanes = traceEvents.filter(({ ph }) => ph === "M").map(({ args }) => args);
  expect(lanes).toEqual([{ name: "as-fibers" }, { name: "1 main" }, { name: "2 first" }, { name: "3 second" }]);
  // Each counter is resumed after each of its steps.
  expect(traceEvents.filter(({ ph }) => ph === "X").length).toBeGreaterThan(50);
});

test("misuse", async () => {
  await expect(runHere(["--policy", "random", LESSON])).rejects.toThrow("--policy needs a simulated world");
  expect(() => parseSeed("x")).toThrow(expect.objectContaining({ code: "E_INVALID_OPTION" }));
  expect(parseSeed("12")).toBe(12);
});

/** `as-fibers demo`: the list, and running an example by its name, from any folder. */
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { asFibers } from "../setup/command.ts";

test("lists every example with what it does, the showcase first", async () => {
  const { code, stdout, stderr } = await asFibers(["demo"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const listed =
    stdout
      .split("\n\n")[0]
      ?.split("\n")
      .map((line) => line.trim().split(/ {2,}/)) ?? [];
  const names = readdirSync("examples")
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -3));
  expect(listed.map(([name]) => name).toSorted()).toEqual(names.toSorted());
  expect(listed[0]?.[0]).toBe("showcase");
  for (const [, description] of listed) expect(description).toMatch(/^[A-Z].*\.$/);
});

test("runs an example, with its arguments", async () => {
  const { code, stdout, stderr } = await asFibers(["demo", "sleep-sort", "4 0 2"], { cwd: tmpdir() });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "0 2 4\n", stderr: "" });
});

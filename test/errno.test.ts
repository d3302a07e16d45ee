/** Both sides of the border mean the same by an errno. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { Errno, errnoOf } from "../host/errno.ts";
import { root } from "./setup/command.ts";

/** What AssemblyScript calls differently: rather misuse than what the system says. */
const OWN_CODES: Record<string, string> = { EBADF: "E_CLOSED", EBUSY: "E_BUSY" };

const source = readFileSync(path.join(root, "assembly/errno.ts"), "utf8");

/** Number → code, as `errnoCode` in assembly/errno.ts has them. */
function guestCodes(): Map<number, string> {
  const names = new Map([...source.matchAll(/export const (ERRNO_\w+): i32 = (\d+);/g)].map((m) => [m[1], m[2]]));
  const body = /export function errnoCode\([^]*?\n}/.exec(source)?.[0] ?? "";
  const codes = [...body.matchAll(/case (\w+):\s*return "(\w+)";/g)];
  return new Map(codes.map(([, key = "", code = ""]) => [Number(names.get(key) ?? key), code]));
}

test("every errno of the host has its code in the guest, and no other has", () => {
  const expected = Object.entries(Errno)
    .filter(([name]) => name !== "EIO")
    .map(([name, number]) => [number, OWN_CODES[name] ?? name] as const);
  expect([...guestCodes()].toSorted(([a], [b]) => a - b)).toEqual(expected.toSorted(([a], [b]) => a - b));
  expect(source).toContain('default:\n      return "EIO";');
});

test("errors of Node are found by their code; one that is unknown is EIO", () => {
  expect(errnoOf(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }))).toBe(Errno.ECONNREFUSED);
  expect(errnoOf(Object.assign(new Error("bad port"), { code: "ERR_SOCKET_BAD_PORT" }))).toBe(Errno.EINVAL);
  expect(errnoOf(new Error("nobody knows"))).toBe(Errno.EIO);
});

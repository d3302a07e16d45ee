/** The custom section: how a loader tells modules of this library, of another version of it, and others apart. */
import { load, virtualDriver } from "as-fibers";
import { compile } from "as-fibers/compiler";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { ABI_VERSION } from "../../host/abi.ts";
import { SECTION_NAME, type SectionContent } from "../../host/section.ts";
import { guest } from "../setup/guests.ts";

const { binary } = guest("host-start");
const imports = { app: { choice: () => 0 } };

/** The module's bytes without its section, and what that says. */
function split(bytes: Uint8Array): { others: Uint8Array; content: SectionContent } {
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  let content: SectionContent | undefined;
  for (let at = 8; at < bytes.length;) {
    const start = at;
    const id = bytes[at++];
    const [size, begin] = readNumber(bytes, at);
    at = begin + size;
    const [nameLength, nameAt] = id === 0 ? readNumber(bytes, begin) : [0, 0];
    const name = new TextDecoder().decode(bytes.subarray(nameAt, nameAt + nameLength));
    if (id === 0 && name === SECTION_NAME)
      content = JSON.parse(new TextDecoder().decode(bytes.subarray(nameAt + nameLength, at))) as SectionContent;
    else kept.push(bytes.subarray(start, at));
  }
  if (!content) throw new Error("the guest has no section");
  return { others: Buffer.concat(kept), content };
}

/** An unsigned LEB128 number, and where it ends. */
function readNumber(bytes: Uint8Array, at: number): [number, number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value, at];
  }
}

function withSection(others: Uint8Array, text: string): Uint8Array {
  const number = (value: number) => [(value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, value >> 14];
  const payload = new TextEncoder().encode(text);
  const name = new TextEncoder().encode(SECTION_NAME);
  return Buffer.concat([
    others,
    new Uint8Array([0, ...number(name.length + 1 + payload.length), name.length]),
    name,
    payload,
  ]);
}

test("a module with its own section put back is the same module", async () => {
  const { others, content } = split(binary);
  const app = await load(withSection(others, JSON.stringify(content)), { driver: virtualDriver(), imports });
  expect(await app.exports["sumOfStarted"]?.()).toBe(0);
});

describe("E_ABI_MISMATCH", () => {
  test.each([0, ABI_VERSION - 1, ABI_VERSION + 1, 99])(
    "a module of ABI %d is refused, and both numbers are named",
    async (abi) => {
      const { others, content } = split(binary);
      const other = withSection(others, JSON.stringify({ ...content, abi, library: "7.8.9" }));
      await expect(load(other, { driver: virtualDriver(), imports })).rejects.toMatchObject({
        code: "E_ABI_MISMATCH",
        message: `this module was built with ABI ${abi} (as-fibers 7.8.9), and this is ABI ${ABI_VERSION}: build it again with this version`,
      });
    },
  );
});

describe("E_NOT_AS_FIBERS", () => {
  const expected = {
    code: "E_NOT_AS_FIBERS",
    message: expect.stringMatching(/"extends": "as-fibers\/asconfig\.json"/) as string,
  };

  test("the smallest module", async () => {
    await expect(load(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))).rejects.toMatchObject(expected);
  });

  test("a module whose section was stripped", async () => {
    await expect(load(split(binary).others)).rejects.toMatchObject(expected);
  });

  test("a program that was compiled without the transform", async () => {
    const file = fileURLToPath(new URL("../guests/host-values/arithmetic.ts", import.meta.url));
    const plain = await compile(file, { fibers: false, target: "debug" });
    await expect(load(plain.binary)).rejects.toMatchObject(expected);
  });

  test.each(["", "{", "null", "[]", "7"])("a section that cannot be read: %j", async (text) => {
    await expect(load(withSection(split(binary).others, text))).rejects.toMatchObject({ code: "E_NOT_AS_FIBERS" });
  });
});

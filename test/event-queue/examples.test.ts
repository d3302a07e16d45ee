/** The examples of the event queue, each in a process of its own: what they print. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { root, runNode } from "../setup/command.ts";
import { library } from "../setup/real-drivers.ts";

const folder = "examples/event-queue";

async function run(name: string): Promise<string> {
  const { code, stdout, stderr } = await runNode([`${folder}/${name}.mjs`]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

const examples: Record<string, () => Promise<void>> = {
  async "delayed-responses"() {
    const lines = (await run("delayed-responses")).trimEnd().split("\n");
    expect(lines.slice(0, 5).toSorted()).toEqual([0, 1, 2, 3, 4].map((i) => `request ${i} sent: ${500 - 100 * i} ms`));
    expect(lines.slice(5)).toEqual([
      ...[4, 3, 2, 1, 0].map((i) => `response ${i}: request-${i}`),
      "in the time of the slowest: true",
    ]);
  },

  async "edge-and-level"() {
    expect(await run("edge-and-level")).toBe(`\
before anything is written: nothing
4 bytes have come: level and edge
nobody has read: level
1 of 4 is read: level
all is read: nothing
4 more have come: level and edge
`);
  },

  async spurious() {
    expect(await run("spurious")).toBe(`\
the first queue is told
the second queue is told
the first one accepts it
the second one finds nothing, and waits again
events that are left: 0
`);
  },

  async "raw-write"() {
    const byNumber = process.platform === "linux" ? "written by system call\n" : "";
    expect(await run("raw-write")).toBe(`written by the C library\n${byNumber}to no descriptor: -1, EBADF\n`);
  },

  async notify() {
    expect(await run("notify")).toBe("result 0: 6765\nresult 1: 10946\nresult 2: 17711\n");
  },
};

describe.skipIf(!library)(folder, () => {
  for (const [name, check] of Object.entries(examples)) test.concurrent(name, check);
});

test("there is no other example", () => {
  const files = readdirSync(path.join(root, folder)).map((file) => path.basename(file, ".mjs"));
  expect(files.toSorted()).toEqual([...Object.keys(examples), "delay-server"].toSorted());
});

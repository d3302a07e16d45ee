/** Every example, run as a newcomer runs it. */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { asFibers } from "./setup/command.ts";
import { RawClient } from "./setup/raw-client.ts";
import { startServer } from "./setup/server.ts";

/** Examples that print the same whenever and wherever they run. */
const outputs: Record<string, string> = {
  "two-counters": Array.from({ length: 15 }, (_, i) => `${i < 10 ? `first ${i + 1}\n` : ""}second ${i + 1}\n`).join(""),
  "nested-spawn": `\
slept 50 ms
slept 100 ms
slept 200 ms
350 ms of sleep, 3 fibers at once
`,
  "sleep-sort": "1 2 3 5 8 9\n",
  "prime-sieve": "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71\n",
  "ping-pong": "ping 1\npong 2\nping 3\npong 4\nping 5\npong 6\n",
  "reverse-responses": "response-1\nresponse-2\nresponse-3\nresponse-4\nresponse-5\n",
  "five-at-once": `\
waited-300-ms
waited-100-ms
waited-500-ms
waited-200-ms
waited-400-ms
in the time of the slowest: true
`,
  "hundred-requests": `\
100 of 100 answered rightly, none early
100 of 100 in order
in the time of the slowest: true
`,
  cleanup: `\
the book is taken
the key is taken
the lamp is taken
the umbrella is taken
the book is given back
the key is given back
reader: done
guest: E_LOCKED: the door is locked
the umbrella is given back
the lamp is given back
waiter: E_CANCELLED: closing time
`,
};

const run = (name: string, ...words: string[]) => asFibers(["run", `examples/${name}.ts`, ...words]);

/** What each other example must show. */
const examples: Record<string, () => Promise<void>> = {
  // More about the two servers in test/examples/.
  async "delay-server"() {
    const server = await startServer("delay-server");
    const response = await fetch(`http://127.0.0.1:${server.port}/100/hello`);
    expect(await response.text()).toBe("hello");
    expect(await server.stop()).toMatchObject({ stdout: `listening on 127.0.0.1:${server.port}\n`, stderr: "" });
  },

  async "chat-server"() {
    const server = await startServer("chat-server");
    const client = await RawClient.connect(server.port);
    client.send("Ada\n");
    expect(await client.until((text) => text.endsWith("\n"))).toBe("* nobody else is here\n");
    await client.close();
    expect(await server.stop()).toMatchObject({ stdout: `listening on 127.0.0.1:${server.port}\n`, stderr: "" });
  },

  async trap() {
    const { code, stdout, stderr } = await run("trap");
    expect(code).toBe(1);
    expect(stdout).toBe(`\
best of 1: 3
best of 2: 3
best of 3: 4
best of 4: 4
best of 5: 5
best of 6: failed
`);
    expect(stderr).toContain('because fiber "best of 6" (7) failed: Index out of range');
    expect(stderr).toContain("at best (examples/trap.ts:10:24)");
  },

  async million() {
    const { code, stdout, stderr } = await run("million", "--target", "release");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [started, switched, waiting, ended] = stdout.split("\n");
    expect(started).toMatch(/^1000000 fibers started: \d+ ns each$/);
    expect(switched).toMatch(/^10000000 switches: \d+ ns each$/);
    expect(ended).toMatch(/^1000000 fibers ended: \d+ ns each$/);
    const bytes = Number(/^1000000 fibers waiting: (\d+) bytes each$/.exec(waiting ?? "")?.[1]);
    expect(bytes).toBeLessThan(200);
  },

  async showcase() {
    const { code, stdout, stderr } = await run("showcase");
    expect(code).toBe(1);
    expect(stdout).toContain("second 15\nbest of 1: 3\n");
    expect(stderr).toContain("✘ E_ABORTED");
  },
};

test("every example is tested", () => {
  const files = readdirSync("examples").filter((file) => file.endsWith(".ts"));
  const tested = [...Object.keys(outputs), ...Object.keys(examples)];
  expect(tested.toSorted()).toEqual(files.map((file) => file.slice(0, -3)).toSorted());
});

describe.each(["node", "virtual"])("on the driver %s", (driver) => {
  test.each(Object.keys(outputs))("%s", async (name) => {
    expect(await run(name, "--driver", driver)).toEqual({ code: 0, stdout: outputs[name], stderr: "" });
  });
});

test.each(Object.keys(examples))("%s", async (name) => {
  await examples[name]?.();
});

test.each(["delay-server", "chat-server"])("%s on the driver virtual, where nobody can connect", async (name) => {
  const { code, stdout, stderr } = await run(name, "--driver", "virtual");
  expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(/^listening on 127\.0\.0\.1:\d+\n$/) });
  expect(stderr).toMatch(/E_DEADLOCK[^]*"main": parked \(accept\)/);
});

test("arguments", async () => {
  const stdout = "2 3 5\n";
  expect(await run("prime-sieve", "--", "3")).toEqual({ code: 0, stdout, stderr: "" });
  expect(await run("ping-pong", "--", "1")).toEqual({ code: 0, stdout: "ping 1\n", stderr: "" });
});

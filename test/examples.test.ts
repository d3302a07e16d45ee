/** Every example: what it prints, and what it does for those outside. */
import { readdirSync } from "node:fs";
import { Writable } from "node:stream";
import { type Driver, load, nodeDriver, virtualDriver } from "as-fibers";
import { compile, type Compiled } from "as-fibers/compiler";
import { beforeAll, describe, expect, test } from "vitest";
import { asFibers } from "./setup/command.ts";
import { exampleOutputs } from "./setup/example-outputs.ts";
import { RawClient } from "./setup/raw-client.ts";
import { startServer } from "./setup/server.ts";

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
  const tested = [...Object.keys(exampleOutputs), ...Object.keys(examples)];
  expect(tested.toSorted()).toEqual(files.map((file) => file.slice(0, -3)).toSorted());
});

async function runOn(driver: Driver, { binary, sourceMap }: Compiled): Promise<void> {
  const app = await load(binary, { driver, sourceMap });
  try {
    await app.exports["main"]?.();
  } finally {
    await app.close();
  }
  expect(app.warnings).toEqual([]);
}

// Without the command, which has tests of its own: each would be compiled once more, in a process of its own.
describe.each(Object.keys(exampleOutputs))("%s", (name) => {
  let compiled: Compiled;

  beforeAll(async () => {
    compiled = await compile(`examples/${name}.ts`, { target: "debug" });
    expect(compiled.report).not.toMatch(/WARNING|ERROR/);
  });

  test("on the driver node", async () => {
    let output = "";
    const stdout = new Writable({
      write(chunk: Buffer, _encoding, done) {
        output += chunk.toString();
        done();
      },
    });
    await runOn(nodeDriver({ stdout }), compiled);
    expect(output).toBe(exampleOutputs[name]);
  });

  test("on the driver virtual", async () => {
    const driver = virtualDriver();
    await runOn(driver, compiled);
    expect(driver.output).toBe(exampleOutputs[name]);
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

test("by the command, with arguments", async () => {
  const stdout = "2 3 5\n";
  expect(await run("prime-sieve", "--", "3")).toEqual({ code: 0, stdout, stderr: "" });
  expect(await run("ping-pong", "--", "1")).toEqual({ code: 0, stdout: "ping 1\n", stderr: "" });
});

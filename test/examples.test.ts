/** Every example: what it prints, and what it does for those outside. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Writable } from "node:stream";
import { type Driver, load, nodeDriver, virtualDriver } from "as-fibers";
import { compile, type Compiled } from "as-fibers/compiler";
import { beforeAll, describe, expect, test } from "vitest";
import { asFibers, root } from "./setup/command.ts";
import { exampleOutputs } from "./setup/example-outputs.ts";
import { RawClient } from "./setup/raw-client.ts";
import { startServer } from "./setup/server.ts";

const run = (name: string, ...words: string[]) => asFibers(["run", `examples/${name}.ts`, ...words]);

/** Those that print the same wherever they run. */
const names = Object.keys(exampleOutputs);

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
};

test("every example is tested", () => {
  const files = readdirSync("examples").filter((file) => file.endsWith(".ts"));
  // The parts of the showcase are others of them: test/command/showcase.test.ts runs it.
  const tested = [...names, ...Object.keys(examples), "showcase"];
  expect(tested.toSorted()).toEqual(files.map((file) => file.slice(0, -3)).toSorted());
});

describe("what prints the same wherever it runs", () => {
  let all: Compiled;

  // In one module, each main an export: compiling is most of the time. Without the command, which has tests of its own.
  beforeAll(async () => {
    const folder = path.join(root, ".cache/examples");
    mkdirSync(folder, { recursive: true });
    const exported = names.map((name, index) => `export { main as main${index} } from "../../examples/${name}";\n`);
    writeFileSync(path.join(folder, "all.ts"), exported.join(""));
    all = await compile(path.join(folder, "all.ts"), { target: "debug" });
    expect(all.report).not.toMatch(/WARNING|ERROR/);
  });

  async function runOn(driver: Driver, name: string): Promise<void> {
    const app = await load(all.binary, { driver, sourceMap: all.sourceMap });
    try {
      await app.exports[`main${names.indexOf(name)}`]?.();
    } finally {
      await app.close();
    }
    expect(app.warnings).toEqual([]);
  }

  test.each(names)("%s on the driver node", async (name) => {
    let output = "";
    const stdout = new Writable({
      write(chunk: Buffer, _encoding, done) {
        output += chunk.toString();
        done();
      },
    });
    await runOn(nodeDriver({ stdout }), name);
    expect(output).toBe(exampleOutputs[name]);
  });

  test.each(names)("%s on the driver virtual", async (name) => {
    const driver = virtualDriver();
    await runOn(driver, name);
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

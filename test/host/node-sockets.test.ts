/** What only the driver over Node's event loop has: names of the system, its standard input, and a process that ends when all is done. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { PassThrough } from "node:stream";
import { load, nodeDriver } from "as-fibers";
import { afterEach, describe, expect, test } from "vitest";
import { Opcode } from "../../host/abi.ts";
import { Errno } from "../../host/errno.ts";
import { closeBenches, openBench } from "../setup/driver-bench.ts";
import { until } from "../setup/driver-program.ts";
import { guest } from "../setup/guests.ts";
import { nodeWorld } from "../setup/node-world.ts";

afterEach(closeBenches);

describe("lookup", () => {
  test("of localhost is an address of this machine", async () => {
    const { bench } = await openBench(nodeWorld);
    const attempt = await bench.begin({ opcode: Opcode.LOOKUP, argument: 9, bytes: "localhost" });
    await bench.taken(attempt);
    // Only whole addresses: there is room for 9 bytes.
    expect(["127.0.0.1", "::1"]).toContain(attempt.text);
  });

  test.each(["name.invalid", "bad name!", "x".repeat(300), "a..b"])("of %j: an errno", async (host) => {
    const { bench } = await openBench(nodeWorld);
    const result = await bench.run({ opcode: Opcode.LOOKUP, argument: 0, bytes: host });
    // Without a network the second one is possible.
    expect([-Errno.ENOTFOUND, -Errno.EAI_AGAIN, -Errno.EINVAL]).toContain(result);
  });
});

test.each([" ", "\0", "a\0b", "name.invalid", "::1%nowhere", "[::1]", "999.1.1.1", "x".repeat(5000), "\ud800"])(
  "the host %j: an errno or a result, and nothing is thrown",
  async (host) => {
    const { bench, scene } = await openBench(nodeWorld);
    const port = await scene.unusedPort();
    for (const opcode of [Opcode.CONNECT, Opcode.LISTEN, Opcode.LOOKUP]) {
      const result = await bench.run({ opcode, argument: opcode === Opcode.LOOKUP ? 0 : port, bytes: host });
      expect(Number.isInteger(result)).toBe(true);
      expect(result).not.toBe(-Errno.EIO);
    }
  },
);

test("without a host: EINVAL, rather than a default", async () => {
  const { bench } = await openBench(nodeWorld);
  for (const opcode of [Opcode.CONNECT, Opcode.LISTEN, Opcode.LOOKUP])
    expect(await bench.run({ opcode, argument: 0, bytes: "" })).toBe(-Errno.EINVAL);
});

describe("standard input", () => {
  test("is not touched before it is read, and not read ahead", async () => {
    const stdin = new PassThrough({ highWaterMark: 10 });
    let opened = 0;
    const driver = nodeDriver({ stdin: () => (opened++, stdin) });
    const app = await load(guest("driver").binary, { driver });
    await app.exports["measure"]?.(1);
    expect(opened).toBe(0);
    const reading = app.exports["readLine"]?.();
    stdin.write("one\n");
    expect(await reading).toBe("[one]");
    for (const text of ["two\n", "three\n", "four\n"]) stdin.write(text);
    await app.exports["measure"]?.(2);
    // Nobody asks for it: it stays where it is.
    expect(stdin.isPaused()).toBe(true);
    expect(await app.exports["readLine"]?.()).toBe("[two]");
    expect(opened).toBe(1);
    app.terminate();
  });

  test("that fails is told to the fiber", async () => {
    const stdin = new PassThrough();
    const app = await load(guest("driver").binary, { driver: nodeDriver({ stdin }) });
    const reading = app.exports["readLine"]?.();
    await until(() => app.fibers()[0]?.reason === "read");
    stdin.destroy(new Error("the terminal is gone"));
    await expect(reading).rejects.toMatchObject({ code: "EIO" });
    app.terminate();
  });

  test("that is closed without an end has ended, before it is read and while it is", async () => {
    for (const isEarly of [true, false]) {
      const stdin = new PassThrough();
      if (isEarly) stdin.destroy();
      const app = await load(guest("driver").binary, { driver: nodeDriver({ stdin }) });
      const reading = app.exports["readLine"]?.();
      if (!isEarly) {
        await until(() => app.fibers()[0]?.reason === "read");
        stdin.destroy();
      }
      expect(await reading).toBe("(end)");
      app.terminate();
    }
  });
});

/** Runs a program of JavaScript in a process of its own, with an open standard input; its exit code. */
async function runProgram(program: string, ...values: string[]): Promise<{ code: number | null; output: string }> {
  const opening = `
    import { load } from "as-fibers";
    const [file, ...values] = process.argv.slice(1);
    const app = await load(file);
    const call = (name, ...values) => app.exports[name](...values);
  `;
  const child = spawn(
    process.execPath,
    ["--input-type=module", "-e", opening + program, guest("driver").file, ...values],
    { stdio: ["pipe", "pipe", "inherit"], timeout: 30_000 },
  );
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  if (values.includes("type")) child.stdin.write("typed\n");
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

describe("the process ends by itself", () => {
  test("when nobody reads its standard input, which stays open", async () => {
    expect(await runProgram(`console.log(await call("measure", 1) > 0);`)).toEqual({ code: 0, output: "true\n" });
  });

  test("after a line was read, and more could come", async () => {
    expect(await runProgram(`console.log(await call("readLine"));`, "type")).toEqual({ code: 0, output: "[typed]\n" });
  });

  test("when the app is closed while everything waits, also for a peer that never reads", async () => {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
    server.on("connection", (socket) => socket.on("error", () => {}));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const program = `
      const port = Number(values[0]);
      const streams = [];
      for (let i = 0; i < 3; i++) streams.push(await call("connect", "127.0.0.1", port));
      for (const stream of streams.slice(0, 2)) await call("begin", "writeAndReuse", stream, String(32 << 20));
      await call("begin", "read", streams[2], "");
      await call("begin", "readLine", 0, "");
      await call("begin", "accept", await call("listen", "127.0.0.1", 0), "");
      await call("begin", "sleep", 1e9, "");
      await call("measure", 5);
      // One is closed by the program, and has still much to send.
      await call("closeStream", streams[0]);
      console.log("closing");
      await app.close();
    `;
    const { port } = server.address() as AddressInfo;
    expect(await runProgram(program, `${port}`)).toEqual({ code: 0, output: "closing\n" });
    server.close();
  });
});

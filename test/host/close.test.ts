/** The end of an instance: `close`, which lets cleanups run, and `terminate`, which does not. */
import { spawn } from "node:child_process";
import { type App, load, type LoadOptions, nodeDriver, virtualDriver } from "as-fibers";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";

const module = new WebAssembly.Module(guest("host-life").binary as BufferSource);

async function loadLife(options: LoadOptions = {}) {
  const driver = virtualDriver();
  const imports = { app: { isStopped: () => 0 } };
  const app = await load(module, { driver, imports, ...options });
  return { app, driver };
}

const call = (app: App, name: string, ...values: number[]) =>
  app.exports[name]?.(...values) ?? Promise.reject(new Error(name));

const closed = { code: "E_INSTANCE_CLOSED" };

/** Lets the event loop go round, and fibers take turns. */
async function rounds(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

describe("close", () => {
  test("cancels what waits and what is ready, and rejects its calls", async () => {
    const { app, driver } = await loadLife();
    const calls = [call(app, "sleepFor", Infinity), call(app, "spinForever")];
    const results = Promise.allSettled(calls);
    await rounds(3);
    const late = call(app, "printNumbers", 3).catch((error: unknown) => error);
    await app.close();
    expect(await results).toMatchObject([
      { status: "rejected", reason: closed },
      { status: "rejected", reason: closed },
    ]);
    // It had not started, and did not.
    expect(await late).toMatchObject(closed);
    expect(driver.output).toBe("started\n");
    expect(app.fibers()).toEqual([]);
    expect(app.pendingCalls).toBe(0);
  });

  test("lets cleanups run first, which may sleep", async () => {
    const { app, driver } = await loadLife();
    const pending = call(app, "sleepAndClean", Infinity, 500).catch((error: unknown) => error);
    const longer = call(app, "sleepAndClean", Infinity, 700).catch((error: unknown) => error);
    await rounds(2);
    await app.close();
    expect(driver.output).toBe("started\ncleaned up after 500.0\ncleaned up after 700.0\n");
    const error = (await pending) as Error;
    expect(error).toMatchObject({ ...closed, message: "the instance was closed while this call was pending" });
    // Why its fiber ended.
    expect(error.cause).toMatchObject({
      code: "E_CANCELLED",
      fiber: "sleepAndClean",
      message: "the instance is closing",
    });
    expect(await longer).toMatchObject(closed);
  });

  test("with Node's own timers: waits for a cleanup that sleeps within grace", async () => {
    const written: string[] = [];
    const stdout = { write: (bytes: Buffer, done: () => void) => (written.push(bytes.toString()), done(), true) };
    const { app } = await loadLife({ driver: nodeDriver({ stdout: stdout as unknown as NodeJS.WritableStream }) });
    const pending = call(app, "sleepAndClean", 1e9, 5).catch((error: unknown) => error);
    await rounds(2);
    await app.close({ grace: 30_000 });
    expect(written.join("")).toBe("started\ncleaned up after 5.0\n");
    expect(await pending).toMatchObject(closed);
  });

  test("when grace is over, cleanups are cut off", async () => {
    const { app } = await loadLife();
    const pending = call(app, "neverClean").catch((error: unknown) => error);
    await rounds(2);
    await app.close({ grace: 10 });
    expect(await pending).toMatchObject(closed);
    const switches = app.switches;
    await rounds(5);
    expect(app.switches).toBe(switches);
  });

  test("infinite grace waits for as long as it takes", async () => {
    const { app, driver } = await loadLife();
    void call(app, "sleepAndClean", Infinity, 1e7).catch(() => {});
    await rounds(2);
    await app.close({ grace: Infinity });
    expect(driver.output).toBe("started\ncleaned up after 10000000.0\n");
  });

  test.each([-1, NaN, "soon"])("grace %s: E_INVALID_OPTION, and the instance goes on", async (grace) => {
    const { app } = await loadLife();
    await expect(app.close({ grace: grace as number })).rejects.toMatchObject({ code: "E_INVALID_OPTION" });
    expect(await call(app, "sleepFor", 1)).toBe(1);
  });

  test("of an instance that does nothing", async () => {
    const { app } = await loadLife();
    await app.close();
    await expect(call(app, "sleepFor", 1)).rejects.toMatchObject({
      ...closed,
      message: "this instance is closed: load the module again",
    });
  });

  test("twice: both wait for the same end", async () => {
    const { app, driver } = await loadLife();
    void call(app, "sleepAndClean", Infinity, 500).catch(() => {});
    await rounds(2);
    const order: string[] = [];
    const tell = (name: string) => () => void order.push(`${name}: ${driver.output.includes("cleaned up")}`);
    await Promise.all([app.close().then(tell("first")), app.close().then(tell("second"))]);
    expect(order).toEqual(["first: true", "second: true"]);
    await app.close();
  });

  test("refuses calls that are made meanwhile, and lets those end that were about to", async () => {
    const { app } = await loadLife();
    const closing = app.close();
    await Promise.resolve();
    const meanwhile = call(app, "sleepFor", 1);
    await expect(meanwhile).rejects.toMatchObject(closed);
    await closing;
  });

  test("reports failures that nobody has looked at", async () => {
    const reported: Error[] = [];
    const { app } = await loadLife({ onUnobserved: (error) => reported.push(error) });
    const sleeping = call(app, "sleepFor", Infinity).catch((error: unknown) => error);
    await call(app, "startFailing", 2, 1);
    await rounds(4);
    expect(reported).toEqual([]);
    await app.close();
    expect(reported).toMatchObject([
      { code: "E_EXAMPLE", fiber: "failing 1" },
      { code: "E_EXAMPLE", fiber: "failing 0" },
    ]);
    expect(await sleeping).toMatchObject(closed);
  });

  test("what is left: nothing to list, nothing to collect", async () => {
    const { app } = await loadLife();
    await app.close();
    expect(app.fibers()).toEqual([]);
    expect(app.dump()).toBe("no fibers");
    expect(() => app.collect()).toThrow(expect.objectContaining(closed) as Error);
    app.assertIdle();
    app.terminate();
  });
});

describe("terminate", () => {
  test("ends everything at once: no cleanup runs", async () => {
    const { app, driver } = await loadLife();
    const pending = call(app, "sleepAndClean", Infinity, 1).catch((error: unknown) => error);
    await rounds(2);
    app.terminate();
    expect(await pending).toMatchObject({
      ...closed,
      message: "the instance was terminated while this call was pending",
    });
    await rounds(5);
    expect(driver.output).toBe("started\n");
    await expect(call(app, "sleepFor", 1)).rejects.toMatchObject(closed);
  });

  test("cuts off a close that waits", async () => {
    const { app } = await loadLife();
    void call(app, "neverClean").catch(() => {});
    await rounds(2);
    const closing = app.close({ grace: Infinity });
    await rounds(2);
    app.terminate();
    await closing;
  });
});

describe("the process", () => {
  const program = `
    import { load } from "as-fibers";
    const app = await load(process.argv[1], { imports: { app: { isStopped: () => 0 } } });
    const verb = process.argv[2];
    if (verb) {
      app.exports.sleepAndClean(1e9, 1).catch((error) => console.log(error.code));
      await new Promise(setImmediate);
      await app[verb]();
    } else {
      await app.exports.sleepFor(1);
    }
    console.log("end of the script");
  `;

  test.each([
    ["close", "started\ncleaned up after 1.0\nE_INSTANCE_CLOSED\nend of the script\n"],
    ["terminate", "started\nE_INSTANCE_CLOSED\nend of the script\n"],
    ["", "started\nend of the script\n"],
  ])("exits by itself after '%s'", async (verb, expected) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, guest("host-life").file, verb], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 30_000,
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(0);
    expect(output).toBe(expected);
  });
});

/** The driver over Node's event loop: time, fairness towards JavaScript, and standard output. */
import { spawn } from "node:child_process";
import { Writable } from "node:stream";
import { type App, load, nodeDriver } from "as-fibers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { guest } from "../setup/guests.ts";

const module = new WebAssembly.Module(guest("host-life").binary as BufferSource);

const apps: App[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const app of apps.splice(0)) app.terminate();
});

/** Keeps what is written, and holds it back until it is told to take it. */
class HeldStream extends Writable {
  readonly chunks: Buffer[] = [];
  isHeld = false;
  #take: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(chunk);
    if (this.isHeld) this.#take = done;
    else done();
  }

  /** Takes what is held; false when there is nothing. */
  take(): boolean {
    const take = this.#take;
    this.#take = undefined;
    take?.();
    return !!take;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  get bytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }
}

async function loadLife(isStopped: () => boolean = () => true): Promise<{ app: App; stdout: HeldStream }> {
  const stdout = new HeldStream();
  const app = await load(module, { driver: nodeDriver({ stdout }), imports: { app: { isStopped } } });
  apps.push(app);
  return { app, stdout };
}

const call = (app: App, name: string, ...values: (number | string)[]) =>
  app.exports[name]?.(...values) ?? Promise.reject(new Error(name));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

describe("sleep", () => {
  test("is never early, not by a nanosecond, and not late by seconds", async () => {
    const { app } = await loadLife();
    const wanted = Array.from({ length: 400 }, (_, i) => ((i * 37) % 1013) / 100);
    const measured = await Promise.all(wanted.map((milliseconds) => call(app, "measureSleep", milliseconds)));
    measured.forEach((nanoseconds, i) => {
      const due = (wanted[i] ?? 0) * 1e6;
      expect(Number(nanoseconds)).toBeGreaterThanOrEqual(Math.floor(due));
      expect(Number(nanoseconds)).toBeLessThan(due + 10e9);
    });
  });

  test("one after the other: neither is early", async () => {
    const { app } = await loadLife();
    for (const milliseconds of [0, 0.001, 0.5, 0.999, 1, 1.001, 1.5, 2]) {
      const nanoseconds = Number(await call(app, "measureSleep", milliseconds));
      expect(nanoseconds).toBeGreaterThanOrEqual(Math.floor(milliseconds * 1e6));
    }
  });

  test("when setTimeout fires early, as it does, waits again", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let now = 1000;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
    try {
      const { app } = await loadLife();
      let ended: unknown;
      void call(app, "measureSleep", 10).then((value) => (ended = value));
      await new Promise(setImmediate);
      now = 1009.999;
      vi.advanceTimersByTime(10);
      await new Promise(setImmediate);
      expect(ended).toBeUndefined();
      now = 1010;
      vi.advanceTimersByTime(1);
      await new Promise(setImmediate);
      expect(ended).toBe(10_000_000n);
    } finally {
      clock.mockRestore();
    }
  });

  test("of longer than setTimeout can wait", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const { app } = await loadLife();
    const days = 86_400_000;
    let ended: unknown;
    void call(app, "sleepFor", 30 * days).then((value) => (ended = value));
    const rounds = async () => {
      for (let i = 0; i < 3; i++) await new Promise(setImmediate);
    };
    await rounds();
    // setTimeout cuts longer times to a millisecond.
    vi.advanceTimersByTime(25 * days);
    await rounds();
    expect(ended).toBeUndefined();
    vi.advanceTimersByTime(5 * days - 1);
    await rounds();
    expect(ended).toBeUndefined();
    vi.advanceTimersByTime(1);
    await rounds();
    expect(ended).toBe(30 * days);
  });

  test("a shorter one that comes later is armed anew", async () => {
    const { app } = await loadLife();
    const long = call(app, "sleepFor", 1e9).catch(() => "cut off");
    await new Promise(setImmediate);
    expect(await call(app, "sleepFor", 2)).toBe(2);
    app.terminate();
    expect(await long).toBe("cut off");
  });
});

describe("a call gets its turn", () => {
  afterEach(() => void vi.restoreAllMocks());

  /** How many calls have ended, one after the other, before an immediate ran that was there first. Each takes so many milliseconds. */
  async function countBeforeImmediate(app: App, milliseconds: number): Promise<number> {
    let time = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => time);
    // The event loop has its share now.
    await new Promise(setImmediate);
    time += 1000;
    await call(app, "countRounds");
    let ended = 0;
    const endedBefore = new Promise<number>((resolve) => setImmediate(() => resolve(ended)));
    for (; ended < 100; ended++) {
      await call(app, "countRounds");
      time += milliseconds;
    }
    return endedBefore;
  }

  test("before the event loop goes on", async () => {
    const { app } = await loadLife();
    expect(await countBeforeImmediate(app, 0)).toBe(100);
  });

  test("but after it, when it has waited for the time of a turn", async () => {
    const { app } = await loadLife();
    expect(await countBeforeImmediate(app, 1)).toBe(5);
  });
});

test("while fibers spin, JavaScript's timers and immediates have their share", async () => {
  let immediates = 0;
  let timeouts = 0;
  let isStopped = false;
  const { app } = await loadLife(() => isStopped);
  const spinning = [call(app, "spin"), call(app, "spin"), call(app, "spin")];
  const countImmediate = () => {
    immediates++;
    // A driver that starved one of them would spin for ever.
    isStopped = immediates >= 30 && timeouts >= 10;
    if (!isStopped) setImmediate(countImmediate);
  };
  const countTimeout = () => {
    timeouts++;
    if (!isStopped) setTimeout(countTimeout, 1);
  };
  setImmediate(countImmediate);
  setTimeout(countTimeout, 1);
  const counts = (await Promise.all(spinning)).map(Number);
  expect(immediates).toBeGreaterThanOrEqual(30);
  expect(timeouts).toBeGreaterThanOrEqual(10);
  // Fairness among the fibers: none is a round ahead.
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  // A turn is longer than one round: going through the event loop each time would be slow.
  expect(Math.min(...counts)).toBeGreaterThan(immediates);
});

describe("print", () => {
  test("goes to the stream in UTF-8, in order, a line each", async () => {
    const { app, stdout } = await loadLife();
    await call(app, "printText", "naïve Ω 漢字 👩‍🚀");
    await call(app, "printText", "");
    await call(app, "printText", "two\nlines");
    await call(app, "printNumbers", 5);
    await until(() => stdout.text.endsWith("4\n"));
    expect(stdout.text).toBe("started\nnaïve Ω 漢字 👩‍🚀\n\ntwo\nlines\n0\n1\n2\n3\n4\n");
  });

  test("a lone surrogate is written as U+FFFD, and nothing after it moves", async () => {
    const { app, stdout } = await loadLife();
    await call(app, "printText", "a\ud800b");
    await call(app, "printText", "next");
    await until(() => stdout.text.endsWith("next\n"));
    const bytes = Buffer.concat(stdout.chunks);
    expect(bytes.equals(Buffer.from("started\na\ufffdb\nnext\n"))).toBe(true);
  });

  test("the prints of one turn are one write", async () => {
    const { app, stdout } = await loadLife();
    await until(() => stdout.chunks.length === 1);
    await call(app, "printLines", 100, 10);
    await until(() => stdout.bytes === 1008);
    expect(stdout.chunks.map((chunk) => chunk.length)).toEqual([8, 1000]);
  });

  test("is written before the continuation of the call", async () => {
    const { app, stdout } = await loadLife();
    await call(app, "printText", "said");
    expect(stdout.text).toBe("started\nsaid\n");
  });

  test("waits when 64 KiB are unsent, and goes on when the stream has taken them", async () => {
    const { app, stdout } = await loadLife();
    const limit = 64 * 1024;
    const line = 1024;
    const lines = 1000;
    stdout.isHeld = true;
    const results: unknown[] = [];
    const printing = call(app, "printLines", lines, line).then((result) => results.push(result));
    const states = () => app.fibers().map(({ state, reason }) => `${state} ${reason}`);
    await until(() => states().join() === "parked output");
    let taken = stdout.bytes - (limit + line);
    expect(taken).toBe("started\n".length);
    expect(results).toEqual([]);
    // Others are not held up by that.
    expect(await call(app, "sleepFor", 1)).toBe(1);
    expect(states()).toEqual(["parked output"]);
    while (!results.length) {
      const before = stdout.bytes;
      if (stdout.take()) taken = before;
      await until(() => results.length > 0 || (states().join() === "parked output" && stdout.writableLength > 0));
      expect(stdout.bytes - taken).toBeLessThanOrEqual(limit + line);
      expect(stdout.writableLength).toBeLessThanOrEqual(limit + line);
    }
    await printing;
    stdout.isHeld = false;
    stdout.take();
    await until(() => stdout.bytes === "started\n".length + lines * line);
    expect(stdout.text).toBe(`started\n${`${"x".repeat(line - 1)}\n`.repeat(lines)}`);
  });

  test("many fibers that wait for output go on in their order", async () => {
    const { app, stdout } = await loadLife();
    stdout.isHeld = true;
    const order: number[] = [];
    const calls = Array.from({ length: 20 }, (_, i) =>
      call(app, "printLines", 1, 20_000 + i).then(() => order.push(i)),
    );
    await until(() => app.fibers().filter(({ reason }) => reason === "output").length === 17);
    expect(order).toEqual([0, 1, 2]);
    while (order.length < calls.length) {
      stdout.take();
      await new Promise(setImmediate);
    }
    await Promise.all(calls);
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test("a fiber that waits for output can be cancelled", async () => {
    const { app, stdout } = await loadLife();
    stdout.isHeld = true;
    const printing = call(app, "printLines", 100, 1024).catch((error: unknown) => error);
    await until(() => app.fibers()[0]?.reason === "output");
    await app.close();
    expect(await printing).toMatchObject({ code: "E_INSTANCE_CLOSED" });
  });

  test("what was printed before the end is written", async () => {
    let seen = "";
    const { app, stdout } = await loadLife(() => {
      app.terminate();
      // Also by a process that exits here.
      seen = stdout.text;
      return true;
    });
    await expect(call(app, "printAndAsk", "last words")).rejects.toMatchObject({ code: "E_INSTANCE_CLOSED" });
    expect(seen).toBe("started\nlast words\n");
  });

  test("goes to the process's standard output when no stream is given", async () => {
    const program = `
      import { load } from "as-fibers";
      const app = await load(process.argv[1], { imports: { app: { isStopped: () => 0 } } });
      await app.exports.printLines(3000, 100);
      await app.close();
    `;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program, guest("host-life").file], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 30_000,
    });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(0);
    expect(text).toBe(`started\n${`${"x".repeat(99)}\n`.repeat(3000)}`);
  });
});

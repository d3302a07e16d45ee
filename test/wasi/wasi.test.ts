/** createWasi: programs that start, exit, and are told of what they have; files of the base; memory that is not there; what is missing. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createWasi } from "as-fibers/wasi";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeCombinations } from "../setup/describe.ts";
import { root, runNode } from "../setup/command.ts";
import { assemble, clock, MILLISECOND, Raw, readable, writable } from "./raw.ts";

const FAULT = 21;
const folder = mkdtempSync(path.join(tmpdir(), "as-fibers-wasi-"));

beforeAll(() => writeFileSync(path.join(folder, "greeting.txt"), "hello file"));
afterAll(() => rmSync(folder, { recursive: true }));

describeCombinations((combination) => {
  const opened: Raw[] = [];

  afterEach(() => {
    for (const raw of opened.splice(0)) raw.wasi.close();
  });

  async function open(options = {}): Promise<Raw> {
    const raw = await Raw.open({ ...combination, ...options });
    opened.push(raw);
    return raw;
  }

  test("_start returns 0, or exits with a code, or traps", async () => {
    const run = async (body: string) => {
      const wasi = await createWasi(combination);
      const module = assemble(`(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1) (func (export "_start") ${body}))`);
      return wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
    };
    expect(await run("")).toBe(0);
    expect(await run("(call $exit (i32.const 42)) unreachable")).toBe(42);
    await expect(run("unreachable")).rejects.toThrow(WebAssembly.RuntimeError);
  });

  test("arguments, environment and randomness are the base's", async () => {
    const raw = await open({ args: ["program", "one"], env: { KEY: "value" } });
    expect(raw.call("args_get", 0, 100)).toBe(0);
    expect(raw.text(100, 12)).toBe("program\0one\0");
    expect(raw.call("environ_get", 0, 200)).toBe(0);
    expect(raw.text(200, 10)).toBe("KEY=value\0");
    expect(raw.call("random_get", 300, 64)).toBe(0);
    expect(raw.text(300, 64)).not.toBe("\0".repeat(64));
  });

  test.each([
    ["relative", 0n, 0],
    ["absolute, monotonic", 1n, 1],
    ["absolute, wall clock", 1n, 0],
  ])("a clock is never early: %s", async (_, flags, id) => {
    const raw = await open();
    for (let i = 0; i < 20; i++) {
      const start = raw.time(id);
      const timeout = 1_300_000n;
      const asked = clock(flags ? start + timeout : timeout, { id, flags: Number(flags), userdata: 5n });
      expect(raw.poll(asked)).toEqual({ errno: 0, events: [{ userdata: 5n, errno: 0, type: 0, nbytes: 0, flags: 0 }] });
      expect(raw.time(id) - start).toBeGreaterThanOrEqual(timeout);
    }
  });

  test("files of the base are read, are ready, and tell what is left", async () => {
    const raw = await open({ preopens: { "/data": folder } });
    const { errno, fd } = raw.open(3, "greeting.txt");
    expect(errno).toBe(0);
    expect(raw.poll(readable(fd), writable(fd), clock(10_000n * MILLISECOND)).events).toMatchObject([
      { type: 1, errno: 0, nbytes: 10, flags: 0 },
      { type: 2, errno: 0 },
    ]);
    expect(raw.read(fd, 6)).toBe("hello ");
    expect(raw.poll(readable(fd)).events).toMatchObject([{ nbytes: 4 }]);
    expect(raw.call("fd_close", fd)).toBe(0);
    expect(raw.poll(readable(fd)).events).toMatchObject([{ errno: 8 }]);
    expect(readFileSync(path.join(folder, "greeting.txt"), "utf8")).toBe("hello file");
  });

  test("preopened directories come behind the listeners, under the program's names", async () => {
    const raw = await open({ preopens: { "/data": folder, "/more": folder }, listen: [{ port: 0 }] });
    const found = [3, 4, 5, 6].map((fd) => {
      const errno = raw.call("fd_prestat_get", fd, 0);
      if (errno) return errno;
      const length = raw.view.getUint32(4, true);
      const isDirectory = raw.view.getUint8(0) === 0;
      const name = raw.call("fd_prestat_dir_name", fd, 100, length);
      return isDirectory ? raw.text(100, length) : `no directory, ${name}`;
    });
    expect(found).toEqual(["no directory, 54", "/data", "/more", 8]);
    expect(raw.open(5, "greeting.txt").errno).toBe(0);
    expect(raw.open(3, "greeting.txt").errno).toBe(54);
  });

  test("descriptors are renumbered", async () => {
    const raw = await open({ preopens: { "/data": folder } });
    const { fd } = raw.open(3, "greeting.txt");
    expect(raw.call("fd_renumber", fd, 0)).toBe(0);
    expect(raw.read(0, 5)).toBe("hello");
    expect(raw.read(fd, 5)).toBe(8);
    expect(raw.call("fd_renumber", 0, 77)).toBe(8);
  });

  test("addresses outside the memory are EFAULT, in every call of ours", async () => {
    const raw = await open();
    const calls: [string, ...(number | bigint)[]][] = [
      ["clock_time_get", 1, 0n, -4],
      ["clock_res_get", 1, -4],
      ["fd_read", 0, -8, 1, 0],
      ["fd_write", 1, 131_068, 1, 0],
      ["fd_fdstat_get", 1, 131_070],
      ["fd_filestat_get", 1, -1],
      ["poll_oneoff", 131_072, 0, 1, 0],
      ["poll_oneoff", 0, 131_072, 1, 0],
      ["poll_oneoff", 0, 64, 1, -1],
    ];
    for (const [name, ...args] of calls) expect(raw.call(name, ...args), name).toBe(FAULT);
    raw.view.setUint32(0, 131_000, true); // a buffer that ends behind it
    raw.view.setUint32(4, 1000, true);
    expect(raw.call("fd_write", 1, 0, 1, 64)).toBe(FAULT);
  });

  test("one instance, of the right kind", async () => {
    const raw = await open();
    const instance = new WebAssembly.Instance(assemble(`(module (memory (export "memory") 1))`));
    expect(() => raw.wasi.initialize(instance)).toThrow(/serves one instance/);
    const wasi = await createWasi(combination);
    expect(() => wasi.start(instance)).toThrow(/exports no _start/);
    const program = new WebAssembly.Instance(assemble(`(module (func (export "_start")))`));
    expect(() => wasi.initialize(program)).toThrow(/for start\(\)/);
    expect(() => wasi.start(program)).toThrow(/exports no memory/);
    wasi.close();
  });
});

test.each([
  [{ base: "other" }, /no base "other"/],
  [{ waiting: "never" }, /cannot wait by "never"/],
  [{ stdin: -1 }, /stdin is a descriptor/],
])("createWasi refuses %j", async (options, message) => {
  const refused = createWasi(options as never);
  await expect(refused).rejects.toMatchObject({ code: "E_INVALID_ARGUMENT" });
  await expect(refused).rejects.toThrow(message);
});

/** Runs a script where these packages are not installed. */
async function runWithout(packages: string[], script: string): Promise<string> {
  const hook = `export async function resolve(specifier, context, next) {
    if (${JSON.stringify(packages)}.includes(specifier)) throw Object.assign(new Error("none"), { code: "ERR_MODULE_NOT_FOUND" });
    return next(specifier, context);
  }`;
  const register = `import { register } from "node:module"; register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hook)}));`;
  const preload = `data:text/javascript,${encodeURIComponent(register)}`;
  const ended = await runNode(["--import", preload, "--input-type=module", "--eval", script], { cwd: root });
  expect(ended.code, ended.stderr).toBe(0);
  return ended.stdout;
}

const tryWith = (options: string) => `import { createWasi } from "as-fibers/wasi";
  const said = await createWasi(${options}).then((wasi) => { wasi.close(); return "made"; }, ({ code, message }) => code + ": " + message);
  console.log(said);`;

test("without @wasmer/wasi the message says what to install", async () => {
  expect(await runWithout(["@wasmer/wasi"], tryWith("{}"))).toMatch(/^E_NO_WASMER: .*npm install @wasmer\/wasi/);
  expect(await runWithout(["@wasmer/wasi"], tryWith(`{ base: "node:wasi" }`))).toBe("made\n");
});

test("without koffi it waits by atomics, unless poll was asked for", async () => {
  expect(await runWithout(["koffi"], tryWith("{}"))).toBe("made\n");
  expect(await runWithout(["koffi"], tryWith(`{ waiting: "poll" }`))).toMatch(/^E_NO_KOFFI: .*npm install koffi/);
});

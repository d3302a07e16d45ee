/** Standard streams: what a program reads and writes on the descriptors that it was given, to the end and beyond. */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createWasi, type WasiOptions } from "as-fibers/wasi";
import { afterEach, expect, test } from "vitest";
import { clock, MILLISECOND, Raw, readable, writable } from "./raw.ts";
import { describeCombinations } from "../setup/describe.ts";

const AGAIN = 6;
const BADF = 8;
const ISDIR = 31;
const NOSPC = 51;
const PIPE = 64;
const NONBLOCK = 4;
const HANGUP = 1;
/** A descriptor that no process has. */
const NONE = 9999;

const opened = new Set<number>();
const programs: Raw[] = [];

afterEach(() => {
  for (const { wasi } of programs.splice(0)) wasi.close();
  for (const fd of opened) closeSync(fd);
  opened.clear();
});

function openFile(file: string, flags: string | number): number {
  const fd = openSync(file, flags);
  opened.add(fd);
  return fd;
}

function close(fd: number): void {
  closeSync(fd);
  opened.delete(fd);
}

/** Both ends of a pipe, which block as a process's usually do. */
function openPipe(): { reader: number; writer: number } {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "as-fibers-pipe-")), "pipe");
  execFileSync("mkfifo", [file]);
  const both = openSync(file, constants.O_RDWR);
  const ends = { reader: openFile(file, constants.O_RDONLY), writer: openFile(file, constants.O_WRONLY) };
  closeSync(both);
  rmSync(path.dirname(file), { recursive: true });
  return ends;
}

describeCombinations((combination) => {
  async function start(options: WasiOptions): Promise<Raw> {
    const raw = await Raw.open({ ...combination, ...options });
    programs.push(raw);
    return raw;
  }

  test("a read takes what there is, and leaves the rest", async () => {
    const { reader, writer } = openPipe();
    const raw = await start({ stdin: reader });
    writeSync(writer, "hello world");
    expect(raw.read(0, 5)).toBe("hello");
    expect(raw.read(0, 0)).toBe("");
    expect(raw.read(0, 100)).toBe(" world");
  });

  test("a poll loses nothing, and what comes after it is read after it", async () => {
    const { reader, writer } = openPipe();
    const raw = await start({ stdin: reader });
    writeSync(writer, "one ");
    expect(raw.poll(readable(0)).events).toMatchObject([{ nbytes: 4, flags: 0 }]);
    writeSync(writer, "two");
    expect(raw.read(0, 2)).toBe("on");
    expect(`${raw.read(0, 100)}|${raw.poll(readable(0), clock(0n)).events.length}`).toMatch(/^e (two\|1|\|2)$/);
  });

  test("several buffers are filled in turn, and the last ones not waited for", async () => {
    const { reader, writer } = openPipe();
    const raw = await start({ stdin: reader });
    writeSync(writer, "abcdef");
    const lengths = [2, 0, 3, 10];
    lengths.forEach((length, i) => {
      raw.view.setUint32(768 + i * 8, 4096 + i * 64, true);
      raw.view.setUint32(772 + i * 8, length, true);
    });
    expect(raw.call("fd_read", 0, 768, lengths.length, 528)).toBe(0);
    expect(raw.view.getUint32(528, true)).toBe(6);
    expect([raw.text(4096, 2), raw.text(4224, 3), raw.text(4288, 1)]).toEqual(["ab", "cde", "f"]);
  });

  test("the end comes after the rest, and stays", async () => {
    const { reader, writer } = openPipe();
    const raw = await start({ stdin: reader });
    writeSync(writer, "rest");
    close(writer);
    expect(raw.poll(readable(0)).events).toMatchObject([{ nbytes: 4, flags: HANGUP }]);
    expect([raw.read(0, 3), raw.read(0, 3), raw.read(0, 3), raw.read(0, 3)]).toEqual(["res", "t", "", ""]);
    expect(raw.poll(readable(0)).events).toMatchObject([{ errno: 0, nbytes: 0, flags: HANGUP }]);
  });

  test("nobody reads standard output any more: EPIPE, and a hangup", async () => {
    const { reader, writer } = openPipe();
    const raw = await start({ stdout: writer });
    expect(raw.write(1, "heard")).toEqual({ errno: 0, length: 5 });
    close(reader);
    expect(raw.write(1, "lost").errno).toBe(PIPE);
    expect(raw.poll(writable(1)).events).toMatchObject([{ errno: 0, flags: HANGUP }]);
  });

  test("a program that does not want to wait is told EAGAIN, in both directions", async () => {
    const [input, output] = [openPipe(), openPipe()];
    const raw = await start({ stdin: input.reader, stdout: output.writer });
    expect([raw.call("fd_fdstat_set_flags", 0, NONBLOCK), raw.call("fd_fdstat_set_flags", 1, NONBLOCK)]).toEqual([
      0, 0,
    ]);
    expect(raw.read(0, 10)).toBe(AGAIN);
    writeSync(input.writer, "now");
    expect(raw.read(0, 10)).toBe("now");
    let written = 0;
    const text = "0123456789".repeat(5000);
    for (let turn = raw.write(1, text); turn.errno === 0; turn = raw.write(1, text)) {
      expect(turn.length).toBeGreaterThan(0);
      written += turn.length;
    }
    expect(raw.write(1, text).errno).toBe(AGAIN);
    expect(raw.poll(writable(1), clock(MILLISECOND)).events).toMatchObject([{ type: 0 }]);
    expect(readSync(output.reader, Buffer.alloc(2 ** 20))).toBe(written);
    expect(raw.poll(writable(1)).events).toMatchObject([{ type: 2, errno: 0 }]);
  });

  test("output and errors may share a descriptor, and keep their order", async () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), "as-fibers-shared-")), "file");
    const shared = openFile(file, "w");
    const raw = await start({ stdout: shared, stderr: shared });
    raw.write(1, "one ");
    raw.write(2, "two ");
    raw.write(1, "three");
    expect(readFileSync(file, "utf8")).toBe("one two three");
    rmSync(path.dirname(file), { recursive: true });
  });

  test("what the system says comes as an errno", async () => {
    const raw = await start({ stdin: openFile(tmpdir(), "r"), stdout: openFile("/dev/full", "w"), stderr: NONE });
    expect(raw.read(0, 1)).toBe(ISDIR);
    expect(raw.write(0, "x").errno).toBe(BADF);
    expect(raw.write(1, "x").errno).toBe(NOSPC);
    expect(raw.read(1, 1)).toBe(BADF);
    expect([raw.read(2, 1), raw.write(2, "x").errno, raw.call("fd_fdstat_get", 2, 0)]).toEqual([BADF, BADF, BADF]);
  });

  test("a program that closes one closes it for itself only", async () => {
    const stdin = openFile("/dev/null", "r");
    const raw = await start({ stdin });
    expect(raw.call("fd_close", 0)).toBe(0);
    expect([raw.read(0, 1), raw.call("fd_close", 0)]).toEqual([BADF, BADF]);
    raw.wasi.close();
    expect(fstatSync(stdin).isCharacterDevice()).toBe(true);
  });
});

test.each([
  ["stdin", process.stdin],
  ["stdout", process.stdout],
  ["stderr", () => {}],
  ["stdout", 1.5],
])("createWasi takes descriptors; as %s, %o is refused", async (name, given) => {
  const refused = createWasi({ [name]: given as never });
  await expect(refused).rejects.toMatchObject({ code: "E_INVALID_ARGUMENT" });
  await expect(refused).rejects.toThrow(`${name} is a descriptor of the process, a number from 0 on, not `);
});

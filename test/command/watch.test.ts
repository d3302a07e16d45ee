/** `as-fibers run --watch`: what makes it run again, how the run before ends, and what ends the watch. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { asFibers, root, startFibers, startOnTerminal } from "../setup/command.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "as-fibers-watch-"));
  mkdirSync(path.join(folder, "node_modules"));
  symlinkSync(root, path.join(folder, "node_modules/as-fibers"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  writeFileSync(path.join(folder, name), text);
}

const PROGRAM = `
import { defer, print, sleep } from "as-fibers/assembly";
import { version } from "./version";

function cleanUp(version: i32): void {
  print(\`\${version} is cleaned up\`);
}

export function main(): void {
  defer(cleanUp, version);
  print(\`\${version} waits\`);
  sleep(Infinity);
}
`;

test("runs again when an imported file changes, also after an error of the compiler; Ctrl-C ends it", async () => {
  write("program.ts", PROGRAM);
  const running = startFibers(["run", "--watch", "program.ts"], { cwd: folder });
  // version.ts is not there: that it comes is a change too.
  await running.complained(/1 parse error/);
  write("version.ts", "export const version = 1;\n");
  await running.printed(/1 waits\n/);
  write("version.ts", "export const version: i32 = wrong;\n");
  await running.complained(/in version\.ts:1:29\n/);
  write("version.ts", "export const version = 2;\n");
  await running.printed(/2 waits\n/);
  running.child.kill("SIGINT");
  const { code, stdout } = await running.ended;
  expect({ code, stdout }).toEqual({
    code: 130,
    stdout: "1 waits\n1 is cleaned up\n2 waits\n2 is cleaned up\n",
  });
});

test("waits when the program has ended, and says so on a terminal only; SIGTERM ends it", async () => {
  const writeProgram = (word: string) => {
    const main = `export function main(): void {\n  print("${word}");\n}\n`;
    write("program.ts", `import { print } from "as-fibers/assembly";\n${main}`);
  };
  writeProgram("once");
  const file = path.join(folder, "program.ts");
  const onTerminal = startOnTerminal(["run", "--watch", file]);
  await onTerminal.printed(/once\r?\n.*the program has ended; waiting for a change, Ctrl-C ends/s);
  // As the terminal sends it.
  onTerminal.child.stdin?.write("\u0003");
  const { code, stdout } = await onTerminal.ended;
  expect(code).toBe(130);
  expect(stdout).toContain(`compiling ${file} …`);

  // It is not compiled again: what was read for it is known from then.
  const inPipe = startFibers(["run", "--watch", "program.ts"], { cwd: folder });
  await inPipe.printed(/once\n/);
  writeProgram("again");
  await inPipe.printed(/again\n/);
  inPipe.child.kill("SIGTERM");
  expect(await inPipe.ended).toEqual({ code: 143, stdout: "once\nagain\n", stderr: "" });
});

test("does not go with target wasi", async () => {
  write("program.ts", "export function main(): void {}\n");
  const { code, stderr } = await asFibers(["run", "--watch", "--target", "wasi", path.join(folder, "program.ts")]);
  expect(code).toBe(2);
  expect(stderr).toContain("✘ E_INVALID_OPTION --watch does not go with --target wasi\n");
});

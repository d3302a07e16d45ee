/**
 * Programs that tests run by the command: compiled once, before, by a compiler that is warm, and found by the command in its cache. A process
 * of its own would take three times as long for each.
 */
import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { CompileOptions } from "as-fibers/compiler";
import { inBaseline } from "../../host/command/baseline.ts";
import { compileOnce } from "../../host/command/build-cache.ts";
import type { SourceFiles } from "../../host/source-files.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const EXAMPLES = [
  "chat-server",
  "delay-server",
  "lessons/check-then-act",
  "ping-pong",
  "prime-sieve",
  "showcase",
  "sleep-sort",
  "trap",
  "two-counters",
];

/** On target `wasi`. */
const WASI_PROGRAMS = ["test/guests/wasi/streams.ts", "examples/delay-server.ts", "examples/trap.ts"];

/** As `as-fibers run` asks for it. */
const OPTIONS: CompileOptions = { target: "debug", runtime: "incremental" };
const WASI_OPTIONS: CompileOptions = { host: "wasi", ...OPTIONS };

export async function fillBuildCache(): Promise<void> {
  const commands = readdirSync(path.join(root, "test/guests/command")).map((file) => `test/guests/command/${file}`);
  const programs = [...commands, ...EXAMPLES.map((example) => `examples/${example}.ts`)];
  const jobs = [
    ...programs.map((name) => [name, OPTIONS] as const),
    ...WASI_PROGRAMS.map((name) => [name, WASI_OPTIONS] as const),
  ];
  for (const [name, options] of jobs) {
    const file = path.join(root, name);
    const compileNow = async (files: SourceFiles) => {
      const { compile } = await inBaseline(importCompiler);
      return compile(file, options, files);
    };
    const compiling = compileOnce(file, options, compileNow, undefined, path.join(root, "dist"));
    // Some are wrong on purpose.
    await compiling.catch(() => {});
  }
}

async function importCompiler(): Promise<typeof import("as-fibers/compiler")> {
  await import("assemblyscript/binaryen");
  return import("as-fibers/compiler");
}

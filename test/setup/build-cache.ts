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

/** As `as-fibers run` asks for it. */
const OPTIONS: CompileOptions = { target: "debug", runtime: "incremental" };

export async function fillBuildCache(): Promise<void> {
  const { compile } = await inBaseline(async () => {
    await import("assemblyscript/binaryen");
    return import("as-fibers/compiler");
  });
  const commands = readdirSync(path.join(root, "test/guests/command")).map((file) => `test/guests/command/${file}`);
  for (const name of [...commands, ...EXAMPLES.map((example) => `examples/${example}.ts`)]) {
    const file = path.join(root, name);
    const compiling = compileOnce(
      file,
      OPTIONS,
      (files) => compile(file, OPTIONS, files),
      undefined,
      path.join(root, "dist"),
    );
    // Some are wrong on purpose.
    await compiling.catch(() => {});
  }
}

/** Every example whose output is fixed, again and again on both drivers: always the same output. */
import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { type Driver, load, nodeDriver, virtualDriver } from "as-fibers";
import { compile } from "as-fibers/compiler";
import type { Workload } from "./workload.ts";

const NAMES = [
  "cleanup",
  "five-at-once",
  "futures",
  "hundred-requests",
  "nested-spawn",
  "ping-pong",
  "pipeline",
  "prime-sieve",
  "pub-sub",
  "rate-limiter",
  "request-coalescing",
  "reverse-responses",
  "sleep-sort",
  "trap",
  "two-counters",
  "worker-pool",
];

const DRIVERS: ((stdout: Writable) => Driver)[] = [
  (stdout) => nodeDriver({ stdout }),
  (stdout) => virtualDriver({ stdout }),
];

/** What the example prints; and, when it fails, why. */
async function outputOf(module: WebAssembly.Module, makeDriver: (stdout: Writable) => Driver): Promise<string> {
  let output = "";
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      output += chunk.toString();
      done();
    },
  });
  const app = await load(module, { driver: makeDriver(stdout), onUnobserved: () => {} });
  const failure = await app.exports["main"]?.().then(
    () => "",
    (error: Error) => error.message,
  );
  await app.close();
  return output + failure;
}

export const stableExamples: Workload = {
  name: `examples: ${NAMES.length} on both drivers`,
  unit: "runs in a row",
  suite: 1,
  soak: 10,
  async run(count) {
    for (const name of NAMES) {
      const { binary } = await compile(`examples/${name}.ts`, { target: "debug" });
      const module = await WebAssembly.compile(binary as BufferSource);
      const outputs = new Set<string>();
      for (let run = 0; run < count; run++) {
        for (const makeDriver of DRIVERS) outputs.add(await outputOf(module, makeDriver));
      }
      assert.equal(outputs.size, 1, `${name} gives ${outputs.size} different outputs: ${[...outputs].join("\n---\n")}`);
      assert.notEqual([...outputs][0], "");
    }
  },
};

/**
 * Runs every workload as often as a soak wants, prints how it goes, and writes docs/soak.md when all of it has passed.
 *
 *     npm run soak [-- part of a name] [-- --seed=1] [-- --scale=0.1]
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { compileGuests } from "../setup/guests.ts";
import * as channels from "./channels.ts";
import { chaos } from "./chaos.ts";
import { heldConnections } from "./connections.ts";
import { stableExamples } from "./examples.ts";
import { exhaustion } from "./exhaustion.ts";
import * as fibers from "./fibers.ts";
import * as programs from "./programs.ts";
import * as scopes from "./scopes.ts";
import { streams } from "./streams.ts";
import * as timers from "./timers.ts";
import { traps } from "./traps.ts";
import * as schedules from "./schedules.ts";
import * as vocabulary from "./vocabulary.ts";
import * as wasiImages from "./wasi-images.ts";
import { listsInSimulatedWorld } from "./wasi-lists.ts";
import type { Workload } from "./workload.ts";

const all: Workload[] = [
  ...Object.values(programs),
  ...Object.values(fibers),
  ...Object.values(timers),
  ...Object.values(channels),
  ...vocabulary.all,
  ...Object.values(schedules),
  ...Object.values(scopes),
  traps,
  exhaustion,
  ...heldConnections,
  ...chaos,
  streams,
  stableExamples,
  listsInSimulatedWorld,
  ...Object.values(wasiImages),
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string" }, scale: { type: "string" } },
});
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const scale = values.scale === undefined ? 1 : Number(values.scale);
const chosen = all.filter(({ name }) => positionals.every((part) => name.includes(part)));

console.log(`soak: seed ${seed}`);
process.stdout.write("soak: compiling the guests … ");
const rows: string[] = [];
let seconds = await measure(compileGuests);
console.log(`${seconds.toFixed(1)} s`);
let failed = 0;
for (const { name, unit, soak, run } of chosen) {
  const count = Math.max(1, Math.round(soak * scale));
  process.stdout.write(`soak: ${name}, ${count.toLocaleString("en")} ${unit} … `);
  try {
    const took = await measure(() => run(count, seed));
    seconds += took;
    console.log(`${took.toFixed(1)} s`);
    rows.push(`| ${name} | ${count.toLocaleString("en")} ${unit} | ${took.toFixed(1)} |`);
  } catch (error) {
    failed++;
    console.log("FAILED");
    console.error(error);
  }
}
console.log(`soak: ${failed ? `${failed} failed` : "all passed"}, seed ${seed}, ${seconds.toFixed(0)} s`);
if (failed) process.exitCode = 1;
else if (chosen.length === all.length && scale === 1) writeFileSync("docs/soak.md", summary());

async function measure(action: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await action();
  return (performance.now() - begin) / 1000;
}

function summary(): string {
  const cpu = cpus()[0]?.model.trim() ?? "unknown processor";
  return `# The last soak

Written by \`npm run soak\` when all of it has passed; it takes some minutes. \`npm test\` runs the same with a tenth or less of the counts
and the fixed seed 1. What each line checks is said in \`test/workloads/\`.

Seed ${seed} (\`npm run soak -- --seed=${seed}\` repeats it), Node ${process.versions.node}, ${process.platform} ${process.arch}, ${cpu}, ${seconds.toFixed(0)} seconds.

| workload | count | seconds |
|---|---:|---:|
${rows.join("\n")}
`;
}

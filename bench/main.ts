/**
 * `npm run bench`: measures what the README claims, beside peers in the same run.
 *
 *     npm run bench                       everything
 *     npm run bench -- switch spawn       the parts whose names contain one of these
 *     npm run bench -- --docs             everything, and writes docs/benchmarks.md
 *
 * Prints tables of 80 columns, at the end the claims; writes everything to bench/results/latest.json.
 */
import { describeMachine, machineLines } from "./machine.ts";
import type { Part } from "./part.ts";
import { part as alternatives } from "./parts/alternatives.ts";
import { JSPI_ARGUMENT, part as calls, runJspiChild } from "./parts/calls.ts";
import { part as channel } from "./parts/channel.ts";
import { part as connections } from "./parts/connections.ts";
import { part as delayServer } from "./parts/delay-server.ts";
import { part as depth } from "./parts/depth.ts";
import { part as drivers } from "./parts/drivers.ts";
import { part as echo } from "./parts/echo.ts";
import { part as failure } from "./parts/failure.ts";
import { part as instrumentation } from "./parts/instrumentation.ts";
import { part as lifetimes } from "./parts/lifetimes.ts";
import { part as testing } from "./parts/testing.ts";
import { part as pauses } from "./parts/pauses.ts";
import { part as resident, RESIDENT_ARGUMENT, runResidentChild } from "./parts/resident.ts";
import { part as skynet, runSkynetChild, SKYNET_ARGUMENT } from "./parts/skynet.ts";
import { part as spawn } from "./parts/spawn.ts";
import { part as streams } from "./parts/streams.ts";
import { part as switching } from "./parts/switch.ts";
import { part as timer } from "./parts/timer.ts";
import { part as vocabulary } from "./parts/vocabulary.ts";
import { part as wasi } from "./parts/wasi.ts";
import { goVersion } from "./peers/go.ts";
import { type Report, summaryTable, writeDocs, writeResults } from "./report.ts";
import { renderTable } from "./table.ts";

const PARTS: Part[] = [
  switching,
  depth,
  spawn,
  channel,
  vocabulary,
  skynet,
  failure,
  lifetimes,
  testing,
  resident,
  timer,
  pauses,
  instrumentation,
  echo,
  delayServer,
  connections,
  drivers,
  calls,
  streams,
  wasi,
  alternatives,
];

const DOCS_OPTION = "--docs";

/** The command line asks for something that does not exist. */
class UsageError extends Error {}

async function main(options: string[]): Promise<void> {
  const chosen = choose(options.filter((option) => option !== DOCS_OPTION));
  const withDocs = options.includes(DOCS_OPTION);
  if (withDocs && chosen.length < PARTS.length)
    throw new UsageError(`bench: ${DOCS_OPTION} is for a run of everything`);
  const report: Report = { machine: describeMachine(goVersion()), parts: [] };
  console.log(machineLines(report.machine).join("\n"));
  for (const part of chosen) {
    console.log(`\n\n${part.title} (${part.name})\n`);
    const result = await part.run();
    report.parts.push({ part, result });
    console.log(result.tables.map(renderTable).join("\n\n"));
  }
  if (report.parts.some(({ result }) => result.claims.length)) console.log(`\n\n${renderTable(summaryTable(report))}`);
  const files = [writeResults(report), ...(withDocs ? [writeDocs(report)] : [])];
  console.log(`\n${Math.round(performance.now() / 1000)} s; written: ${files.join(", ")}`);
}

/** The parts whose names contain one of the filters; all without filters. */
function choose(filters: string[]): Part[] {
  const chosen = PARTS.filter(({ name }) => !filters.length || filters.some((filter) => name.includes(filter)));
  if (chosen.length) return chosen;
  const names = PARTS.map(({ name }) => name).join(", ");
  throw new UsageError(`bench: no part is named like ${filters.join(" or ")}; there are ${names}`);
}

const [first, ...rest] = process.argv.slice(2);
if (first === SKYNET_ARGUMENT) {
  await runSkynetChild(rest);
  process.exit(0);
}
if (first === RESIDENT_ARGUMENT) {
  await runResidentChild(rest);
  // Fibers and timers that sleep for an hour would keep this process.
  process.exit(0);
}
if (first === JSPI_ARGUMENT) {
  await runJspiChild(rest);
  process.exit(0);
}
try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

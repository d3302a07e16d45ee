/** What a run reports: the claims, everything as JSON, and the page docs/benchmarks.md. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Claim } from "./claim.ts";
import { type Machine, machineLines } from "./machine.ts";
import type { Part, Result } from "./part.ts";
import { renderMarkdown, type Table } from "./table.ts";

const RESULTS_FILE = "bench/results/latest.json";
const DOCS_FILE = "docs/benchmarks.md";

/** All that was measured, in the order of the run. */
export interface Report {
  machine: Machine;
  parts: { part: Part; result: Result }[];
}

/** The claims of all parts beside what was asked of them. */
export function summaryTable({ parts }: Report): Table {
  const claims: Claim[] = parts.flatMap(({ result }) => result.claims);
  return {
    caption: "Asked and measured",
    headers: ["figure", "asked", "measured", "ratio", ""],
    rows: claims.map(({ figure, asked, measured, ratio, met }) => [
      figure,
      asked,
      measured,
      ratio === null ? "" : ratio.toFixed(2),
      met ? "met" : "missed",
    ]),
    notes: ["Ratio: to the peer, or to the limit where no peer is named. Figures are medians."],
  };
}

/** Writes the JSON file. @returns where it is */
export function writeResults({ machine, parts }: Report): string {
  const results = Object.fromEntries(parts.map(({ part, result }) => [part.name, result]));
  return write(RESULTS_FILE, JSON.stringify({ machine, results }, null, 2));
}

/** Writes the page. @returns where it is */
export function writeDocs(report: Report): string {
  const sections = report.parts.flatMap(({ part, result }) => [
    `## ${part.title}`,
    `\`npm run bench -- ${part.name}\``,
    ...result.tables.map(renderMarkdown),
  ]);
  const page = [
    "# Benchmarks",
    "Written by `npm run bench -- --docs`; do not edit. Every peer is measured in the same run, warmed alike, in turns; what is timed is checked first. bench/ has the programs.",
    machineLines(report.machine).join("<br>\n"),
    "## Summary",
    renderMarkdown(summaryTable(report)),
    ...sections,
  ];
  return write(DOCS_FILE, page.join("\n\n"));
}

function write(file: string, text: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${text}\n`);
  return file;
}

